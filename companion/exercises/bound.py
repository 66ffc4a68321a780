"""Checks of the exercises of the study of the bound."""

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same


@check
def check_kl_between(kl_between) -> Verdict:
    """Exercise S09.1: (mu, logvar, prior_mu, prior_logvar), each (B, k) -> KL of each unit in nats, (B, k)."""
    generator = torch.Generator().manual_seed(0)
    mu, logvar, prior_mu, prior_logvar = torch.randn(4, 5, 3, generator=generator).unbind()
    kl = call(kl_between, mu, logvar, prior_mu, prior_logvar)
    if kl.dtype == torch.bool:
        raise Wrong(f"You return numbers of type {kl.dtype}; expected floating point.")
    mu, logvar, prior_mu, prior_logvar = (v.double() for v in (mu, logvar, prior_mu, prior_logvar))
    q, p = Normal(mu, (logvar / 2).exp()), Normal(prior_mu, (prior_logvar / 2).exp())
    expected = kl_divergence(q, p)
    for summed, name in ((expected.sum(), "over everything"), (expected.sum(1), "over the units")):
        if same(kl, summed, tol=1e-4):
            raise Wrong(f"The formula is right, but you summed {name}. Return one number for each unit, (B, k).")
    if kl.shape != (5, 3):
        raise Wrong(f"For the shape (5, 3) you return {tuple(kl.shape)}; expected one number for each unit, (5, 3).")

    def formula(v: Tensor, w: Tensor, square: Tensor, one: float = 1) -> Tensor:
        return (w.log() - v.log() + (v + square) / w - one) / 2

    v, w, d = logvar.exp(), prior_logvar.exp(), mu - prior_mu
    zero = torch.zeros_like(mu)
    return judge(
        kl,
        right=(
            expected,
            "It agrees with torch.distributions, and with a prior of mean 0 and logvar 0 it is the VAE's usual price.",
        ),
        wrong=[
            (
                kl_divergence(p, q),
                "That is the divergence of the prior from the code. The draws come from the code: KL(q || p).",
            ),
            (-expected, "The sign is reversed: a KL divergence is never below 0."),
            (2 * expected, "Twice too large: a half is missing."),
            (
                formula(v, zero + 1, mu**2),
                "That is the divergence from N(0, 1). Here the prior has a mean and a variance.",
            ),
            (formula(v, w, mu**2), "The prior's mean is missing: how far is mu from it?"),
            (formula(v, w, d), "The distance of the means is not squared."),
            (
                formula(v, w, w * d**2),
                "The squared distance of the means is not measured in units of the prior's variance.",
            ),
            (
                formula(v, w, w * d**2 / v),
                "You measure the distance of the means by the code's variance. It is the prior's.",
            ),
            (formula(v, w, d**2, 0), "It is not 0 where code and prior are the same: a constant is missing."),
            (
                formula(v, w, d**2) + logvar - prior_logvar,
                "The logarithm has its sign reversed. Try a very small variance.",
            ),
            (formula(v**2, w**2, d**2), "You took logvar for the logarithm of sigma. It is that of sigma^2."),
            (formula(v**0.5, w**0.5, d**2), "You used standard deviations where the variances belong."),
            (
                formula(v, w, d**2) + (logvar - prior_logvar) / 4,
                "You halved the logarithm twice: log sigma is half of logvar.",
            ),
            (
                formula(v, w, d**2) - (logvar - prior_logvar) / 2,
                "The logarithm counts twice: log sigma is half of logvar.",
            ),
        ],
        otherwise=f"For mu {mu[0, 0]:.2f}, logvar {logvar[0, 0]:.2f} and a prior with {prior_mu[0, 0]:.2f}, "
        f"{prior_logvar[0, 0]:.2f} you get {kl[0, 0]:.4g}. Write the mean of log q(z) - log p(z) over z drawn from q.",
        tol=1e-4,
    )


@check
def check_narrowest(answer) -> Verdict:
    """Exercise S09.2: the variance of a cloud down to which weights have a finite mean square; the posterior's is 0.2."""
    return judge(
        answer,
        right=(
            0.1,
            "Half of the posterior's variance: p^2 / q falls off only if 2 / 0.2 is larger than 1 / v.",
        ),
        wrong=[
            (0.2, "There all weights are equal: the cloud is the posterior. It may be narrower than that."),
            (0.4, "Upside down: the danger is a cloud that is too narrow, not one that is too wide."),
            (about(0.1**0.5, 0.001), "That is the standard deviation. The question asks for the variance."),
            (about(0.2**0.5, 0.001), "That is the posterior's standard deviation, where all weights are equal."),
            (0.05, "The mean square is taken over draws from q: of p^2 / q^2 one q is used up."),
            (0, "Not every cloud will do: q falls off faster than p^2 if it is narrow enough."),
            (10, "That is 1 / v at the limit. Turn it round."),
        ],
        otherwise="Write p^2 / q as the exponential of a number times u^2, u = z - 0.6. When is the number below 0?",
        tol=1e-4,
    )


@check
def check_two_reports(answer) -> Verdict:
    """Exercise S09.3: an ELBO of -88 against an importance-weighted bound of -87 with 5,000 draws."""
    return judge(
        answer,
        right=("C", "Two lower bounds of different tightness: ask for both models by the same one."),
        wrong=[
            ("A", "That would follow if both bounds lay equally far below the truth. Do they?"),
            ("B", "Which of the two bounds is probably the looser one, and what could that hide?"),
            ("D", "It may be so. But what if P's encoder is so good that its ELBO is already tight?"),
        ],
    )

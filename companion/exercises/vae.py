"""Checks of the exercises of chapter 4."""

from itertools import permutations
from math import log, pi, sqrt

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from companion.exercises._verdict import (
    Probe,
    Target,
    Verdict,
    Wrong,
    about,
    call,
    check,
    judge,
    judge_gradient,
    refuse_other_laws,
    refuse_shared,
    right,
    same,
    shown,
    terms_of,
)


@check
def check_kl_order(answer) -> Verdict:
    """Exercise 4.1: KL after mu -> 1 (A), sigma -> 0.1 (B), sigma -> 1.5 (C) from mu 0, sigma 0.5; cheapest first."""
    parts = answer.tolist() if isinstance(answer, np.ndarray) else answer
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        parts = "".join(parts)
    letters = "".join(c for c in parts.upper() if c.isalnum()) if isinstance(parts, str) else ""
    if letters not in {"".join(p) for p in permutations("ABC")}:
        raise Wrong(f'You answered {shown(answer)}; expected the three letters in order, such as "ABC".')
    if letters == "CAB":
        return right(
            "0.220, 0.818 and 1.808 nats, from 0.318 now: C lowers the bill. A move costs half its square, here 0.5. "
            "Being 5 times surer costs log 5 = 1.609, less 0.12 for the smaller square of sigma."
        )
    if letters == "BAC":
        raise Wrong("The order is right, but from dear to cheap. Begin with the cheapest.")
    if letters.index("B") < letters.index("A"):
        raise Wrong(
            "You put shrinking sigma before moving mu. The formula holds sigma's square and its logarithm: "
            "which of the two matters when sigma goes to 0?"
        )
    raise Wrong("C comes too late. Put sigma = 0.5 and sigma = 1.5 into the formula: which of the two costs more?")


@check
def check_kl_weight(answer) -> Verdict:
    """Exercise 4.2: the beta of a loss with means over 784 pixels and over 16 units, beside sums."""
    return judge(
        answer,
        right=(
            about(49, 0.05),
            "784 / 16 = 49: the reconstruction was divided by 784, the KL divergence by 16 only. As a Gaussian decoder "
            f"this is 2 sigma_x^2 = 49, so sigma_x = {sqrt(24.5):.2f}, for pixels that lie between 0 and 1.",
        ),
        wrong=[
            (784, "That is the bug before the repair. The KL divergence has become a mean as well: over what?"),
            (16, "You looked at the units only. The other term was divided too, by how many pixels?"),
            (1, "Both are means, but over different numbers of things: the two divisors do not cancel."),
            (about(16 / 784, 0.0005), "Upside down: which of the two terms was divided by more?"),
            (
                784 * 16,
                "You multiplied the two divisors. Multiply the whole loss by 784 and look at the KL divergence.",
            ),
            (
                [about(24.5, 0.05), about(98, 0.05)],
                "A factor 2 has crept in. Here both losses hold the whole squared error, without a half.",
            ),
            (28, "28 is the side of an image. It has 28 * 28 pixels."),
        ],
        otherwise="Write both means as sums, then multiply the loss so that the pixels are free.",
    )


@check
def check_kl_between(kl_between) -> Verdict:
    """Exercise 4.3: (mu, logvar, prior_mu, prior_logvar), each (B, k) -> KL of each unit in nats, (B, k)."""
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
            "It agrees with torch.distributions, and with a prior of mean 0 and logvar 0 it is the chapter's.",
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
def check_doubt(answer) -> Verdict:
    """Exercise 4.4: the best standard deviation of a code for a linear decoder, |w|^2 = 2.4 and sigma_x = 0.4."""
    return judge(
        answer,
        right=(0.25, "sigma^2 = 1 / (1 + |w|^2 / sigma_x^2) = 1/16, the same for every image."),
        wrong=[
            (1 / 16, "That is the variance. The question asks for the standard deviation."),
            (sqrt(1 / 15), "A 1 is missing: the KL divergence holds sigma^2 itself besides its logarithm."),
            (sqrt(1 / 3.4), "Where is the decoder's sigma_x? The squared error is divided by 2 sigma_x^2."),
            (sqrt(1 / 7), "You divided by sigma_x. The squared error is divided by 2 sigma_x^2."),
            (
                sqrt(1 / 31),
                "The half of the reconstruction term is missing: the squared error is divided by 2 sigma_x^2.",
            ),
            (sqrt(1 / 8.5), "The half of the KL divergence is missing."),
            (
                about(sqrt(1 / (1 + sqrt(2.4) / 0.16)), 0.0015),
                "The length of w enters squared: how far does a shift of z by sigma move the image, squared?",
            ),
            (0, "The reconstruction alone would like that. What does the KL divergence say at sigma = 0?"),
            (1, "The KL divergence alone would like that. The noise of z reaches the image, and costs there."),
            ((-1e6, 0), "A standard deviation is never below 0."),
            (
                (1, 1e6),
                "Wider than the prior? Noise in z costs on the image's side too, so it cannot pay to have more.",
            ),
        ],
        otherwise="Collect the terms that hold sigma: |w|^2 sigma^2 / (2 sigma_x^2) and those of "
        "the KL divergence. Where is the slope in sigma^2 equal to 0?",
    )


@check
def check_kl_target(kl_target_loss) -> Verdict:
    """Exercise 4.5: (model, x, target, weight) -> {"loss": r + weight * |kl - target|, "reconstruction": r, "kl": kl}."""
    torch.default_generator.manual_seed(0)
    # Images of very different brightness, so that their KL divergences differ.
    x = torch.rand(1024, 1, 28, 28) * torch.rand(1024, 1, 1, 1)
    model = Probe(variational=True)
    mu, logvar = model.encode(x)
    each = (mu.square() + logvar.exp() - 1 - logvar) / 2  # (B, k)
    kl = each.sum(1).mean()
    wanted, weight = torch.stack([0.5 * kl, 2 * kl]).detach(), torch.tensor([3.0, 0.5])  # of two calls
    runs = [
        terms_of(kl_target_loss, model, x, target, factor, names=("loss", "reconstruction", "kl"))
        for target, factor in zip(wanted.tolist(), weight.tolist(), strict=True)
    ]
    if len(model.codes) != 2:
        raise Wrong(f"Your function calls decode {len(model.codes) / 2:g} times; expected once, on one draw of z.")
    if any(z.shape != mu.shape for z in model.codes):
        raise Wrong(f"decode gets a shape {tuple(model.codes[0].shape)}; expected one z an image, {tuple(mu.shape)}.")
    noise = [(z - mu.detach()) / (logvar.detach() / 2).exp() for z in model.codes]
    _refuse_noise(noise, logvar.detach())

    x_hats = [model.answer(z) for z in model.codes]
    pixels = torch.stack([_bce(x_hat, x) for x_hat in x_hats])
    squares = torch.stack([(x_hat - x).square().sum((1, 2, 3)).mean() for x_hat in x_hats])
    loss, reconstruction, found = (torch.stack([r[k] for r in runs]) for k in ("loss", "reconstruction", "kl"))
    judge(
        reconstruction,
        right=(pixels, ""),
        wrong=[
            (pixels / 784, "The reconstruction is a mean over pixels. Sum over pixels, mean over images."),
            (pixels * len(x), "The reconstruction is summed over the images too. Sum over pixels, mean over images."),
            (-pixels, "The reconstruction is a log-likelihood. A loss holds it with the sign reversed."),
            (
                [squares, squares / 784],
                "The reconstruction is the squared error. Take the binary cross-entropy, bce.",
            ),
        ],
        otherwise='The "reconstruction" is not the bce of decode(z) and x, summed over pixels and averaged over images.',
        tol=2e-4,
    )
    kls = torch.stack([kl, kl])
    judge(
        found,
        right=(kls, ""),
        wrong=[
            (kls / 4, "The KL divergence is a mean over units. Sum over units, mean over images."),
            (kls * len(x), "The KL divergence is summed over the images too. Sum over units, mean over images."),
            (-kls, "The KL divergence has its sign reversed: it is never below 0."),
            (2 * kls, "The KL divergence is twice too large: a half is missing."),
            ((kls - wanted).abs(), 'Under "kl" report the KL divergence, not its distance from the target.'),
            (weight * kls, 'Under "kl" report the KL divergence itself, without the weight.'),
        ],
        otherwise='The "kl" is not the KL divergence from N(0, 1), summed over units and averaged over images.',
        tol=2e-4,
    )
    distance = (each.sum(1) - wanted[:, None]).abs().mean(1)
    gap = kls - wanted
    verdict = judge(
        loss,
        right=(
            pixels + weight * gap.abs(),
            "Above the target the KL divergence is pushed down, below it up, and the gradient passes the draw.",
        ),
        wrong=[
            (
                pixels + weight * gap,
                "Below the target, your loss still rewards a smaller KL divergence: no absolute value.",
            ),
            (pixels - weight * gap, "Above the target, your loss rewards a larger KL divergence: no absolute value."),
            (pixels + weight * gap.square(), "You squared the distance. The exercise asks for its absolute value."),
            (
                pixels + weight * gap.relu(),
                "Only a KL divergence above the target costs. Below it should cost as well.",
            ),
            (
                pixels + weight * (-gap).relu(),
                "Only a KL divergence below the target costs. Above it should cost as well.",
            ),
            (pixels + weight * distance, "You hold every image to the target. Hold the mean of the batch to it."),
            (
                pixels + weight * torch.maximum(kls, wanted),
                "That is free bits for the whole code: nothing pulls it up.",
            ),
            (pixels + weight * kls, "The target is not in your loss: this is beta = weight."),
            (pixels + kls, "That is the chapter's ELBO. Target and weight are not in your loss."),
            (pixels + gap.abs(), "The weight is not in your loss."),
            (weight * pixels + gap.abs(), "The weight stands at the reconstruction. It belongs to the distance."),
            (pixels - weight * gap.abs(), "Your loss rewards a distance from the target: the sign is reversed."),
        ],
        otherwise="The terms are right, but the loss is not reconstruction + weight * |kl - target|.",
        tol=2e-4,
    )
    for i in (0, 1):
        z = mu + (logvar / 2).exp() * noise[i]
        reconstruction, pull = _bce(model.answer(z), x), weight[i] * (kl - wanted[i]).abs()
        judge_gradient(
            runs[i]["loss"],
            reconstruction + pull,
            model,
            wrong=[
                (
                    _bce(model.answer(z.detach()), x) + pull,
                    "No gradient passes the draw of z: compute z from mu and logvar, with noise from outside.",
                ),
                (
                    reconstruction + pull.detach(),
                    "No gradient passes the KL divergence. Keep it as it is on the way to the loss.",
                ),
            ],
        )
    return verdict


def _bce(x_hat: Tensor, x: Tensor) -> Tensor:
    """Summed over pixels, mean over images."""
    return F.binary_cross_entropy(x_hat, x, reduction="none").sum((1, 2, 3)).mean()


@check
def check_log_aggregate(log_aggregate) -> Verdict:
    """Exercise 4.6: z (S, k), mu (N, k), logvar (N, k) -> log of the mean over images of q(z|x), in nats, (S,)."""
    generator = torch.Generator().manual_seed(0)
    z, mu, logvar = (torch.randn(n, 3, generator=generator) for n in (7, 5, 5))
    mu = 2 * mu
    found = call(log_aggregate, z, mu, logvar)
    if found.dtype == torch.bool:
        raise Wrong(f"You return numbers of type {found.dtype}; expected floating point.")
    shapes = {
        (7, 5): "You return one number for each code and image, (S, N). Take the mean over images of the densities.",
        (7, 3): "You return one number for each code and unit, (S, k). The units of one Gaussian belong together.",
        (5,): "You return one number for each image. Average over the images, and keep one number for each code.",
        (7, 1): "The shape is (S, 1); expected (S,). Drop the last dimension.",
        (): "You return one number. Return one for each code in z, (S,).",
    }
    if found.shape != (7,):
        raise Wrong(
            shapes.get(tuple(found.shape), f"For 7 codes you return the shape {tuple(found.shape)}; expected (7,).")
        )
    verdict = judge(
        found,
        right=(
            _log_mixture(z, mu, logvar),
            "The log of a mean of densities, one number for each code, and no underflow far away.",
        ),
        wrong=_mixture_mistakes(z, mu, logvar),
        otherwise=f"For one of the codes you get {found[0]:.4g}. Write log q(z|x_n) for every image: a sum over units of "
        "-((z - mu)^2 / sigma^2 + logvar + log(2 pi)) / 2. Then the log of the mean of their exponentials.",
    )
    z, mu, logvar = (torch.randn(n, 60, generator=generator) for n in (7, 5, 5))
    far = call(log_aggregate, 8 * z, mu, logvar)
    if far.shape != (7,):
        raise Wrong(f"With 60 units, you return the shape {tuple(far.shape)} for 7 codes; expected (7,).")
    if not far.isfinite().all():
        raise Wrong(
            f"With 60 units, and codes far from every image, you get {far[0].item()}: the exponential of a log-density "
            "near -1000 is 0 in a computer. Look at how the chapter averages its importance weights."
        )
    if not same(far, _log_mixture(8 * z, mu, logvar), tol=1e-4):
        raise Wrong(
            f"With 60 units, and codes far from every image, you get {far[0].item():.4g}. That is not the logarithm of "
            "the mean any more."
        )
    z, mu, logvar = (torch.randn(n, 2, generator=generator) for n in (4, 9, 9))
    if not same(call(log_aggregate, z, mu, logvar), _log_mixture(z, mu, logvar)):
        raise Wrong("Right for 7 codes and 5 images with 3 units, but not for 4 codes and 9 images with 2.")
    return verdict


def _mixture_mistakes(z: Tensor, mu: Tensor, logvar: Tensor) -> list[tuple[Target, str]]:
    """What typical wrong answers to exercise 4.6 return, with what each should be told."""
    expected = _log_mixture(z, mu, logvar)
    z, mu, logvar = z.double(), mu.double(), logvar.double()
    n, k = mu.shape
    per_unit = Normal(mu, (logvar / 2).exp()).log_prob(z[:, None])  # (S, N, k)
    per_image = per_unit.sum(2)  # (S, N)
    centred = mu - mu.mean(0)
    covariance = centred.T @ centred / n + logvar.exp().mean(0).diag()
    one_gaussian = MultivariateNormal(mu.mean(0), covariance).log_prob(z)
    one_by_one = Normal(mu.mean(0), covariance.diag().sqrt()).log_prob(z).sum(1)
    mean_of_parameters = Normal(mu.mean(0), (logvar.mean(0) / 2).exp()).log_prob(z).sum(1)
    without_normaliser = (per_unit + (logvar + log(2 * pi)) / 2).sum(2).logsumexp(1) - log(n)
    prior = Normal(0.0, 1.0).log_prob(z).sum(1)
    return [
        (
            per_image.mean(1),
            "You averaged the logarithms. The logarithm of a mean is another number: average densities.",
        ),
        (expected + log(n), "You summed the densities of the images. Their mean is N times smaller."),
        (
            (per_unit.logsumexp(1) - log(n)).sum(1),
            "You averaged over images unit by unit, and so mixed the units of different images. First sum over units.",
        ),
        (per_image.amax(1), "That is the nearest image's Gaussian alone. The others count too."),
        (_log_mixture(z, mu, 2 * logvar), "You took logvar for the logarithm of sigma. It is that of sigma^2."),
        (_log_mixture(z, mu, logvar / 2), "You used the standard deviation where the variance belongs."),
        (expected + k * log(2 * pi) / 2, "The constant is missing: log(2 pi) / 2 for each unit."),
        (without_normaliser, "The factor in front of the bell curve is missing. It differs from image to image."),
        (expected.exp(), "That is the density. Return its logarithm."),
        (-expected, "The sign is reversed: return log q(z)."),
        (
            [one_gaussian, one_by_one, mean_of_parameters],
            "That is the density of one Gaussian. The mean of many Gaussians is no Gaussian.",
        ),
        (prior, "That is the prior's log-density. Where do mu and logvar enter?"),
    ]


def _log_mixture(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """z (S, k), mu (N, k), logvar (N, k) -> (S,)."""
    gaussians = Independent(Normal(mu.double(), (logvar.double() / 2).exp()), 1)
    return gaussians.log_prob(z.double()[:, None]).logsumexp(1) - log(len(mu))


def _refuse_noise(noise: list[Tensor], logvar: Tensor) -> None:
    """End the check if something is wrong with the draws (z - mu) / sigma of two calls."""
    eps, sigma = noise[0], (logvar / 2).exp()

    def unit_variance(draws: Tensor) -> bool:
        """In each unit, whether sigma is small or large there."""
        return all(0.75 < unit.square().mean() < 1.25 for unit in draws.T)

    if eps.abs().max() < 1e-4:
        raise Wrong("You decode the mean mu. Draw z around it.")
    if any(torch.allclose(shared, shared[:, :1].expand_as(eps), atol=1e-3) for shared in (eps * sigma, eps)):
        raise Wrong("All units of an image get the same noise. Draw one number for each unit.")
    refuse_shared(noise)
    if eps.mean().abs() > 0.2 * eps.std():
        raise Wrong(f"The noise has the mean {eps.mean():.2f}; expected 0. Look up what rand and randn draw.")
    eps, logvar, sigma = torch.cat(noise), logvar.repeat(2, 1), sigma.repeat(2, 1)
    if unit_variance(eps):
        refuse_other_laws(noise)
        return
    if unit_variance(eps / sigma):
        raise Wrong("You spread z by the variance. The noise is multiplied by the standard deviation.")
    if unit_variance(eps * sigma / logvar):
        raise Wrong("You spread z by logvar. The noise is multiplied by the standard deviation, exp(logvar / 2).")
    if unit_variance(eps * sigma):
        raise Wrong("z has the same spread everywhere. The noise is multiplied by the standard deviation.")
    if unit_variance(eps * sigma.sqrt()):
        raise Wrong("You took the root of sigma. The standard deviation is exp(logvar / 2).")
    raise Wrong(f"(z - mu) / sigma has the standard deviation {eps.std():.2f}; expected 1 in each unit.")


@check
def check_silent_run(answer) -> Verdict:
    """Exercise 4.2: a mean over 784 pixels beside a summed KL; the one change that can make the code speak."""
    return judge(
        answer,
        right=(
            "C",
            "Silence costs 0.07 here, and a squared error is never below 0. So with this loss no code can gain more than "
            "0.07 nats, and a useful code costs far more. The sum over 784 pixels makes a good picture worth its price.",
        ),
        wrong=[
            (
                "A",
                "Longer training finds a better answer if there is one. What is the most that this loss can still gain?",
            ),
            (
                "B",
                "A warm-up helps where training missed a better answer for the same loss. By this loss, could a perfect "
                "picture pay for even a tenth of a nat?",
            ),
            ("D", "More units can carry more nats. But each nat costs the same, and what does it buy with this loss?"),
        ],
    )


@check
def check_coin_bound(answer) -> Verdict:
    """Exercise 4.3: by how many nats the ELBO lies below log p(x) for a fair coin as the cloud and x = 1."""
    gap = -log(0.9 * 0.1 * 4) / 2
    return judge(
        answer,
        right=(
            about(gap, 0.005),
            "The ELBO is (log 0.9 + log 0.1) / 2 - 0 = -1.204, and log p(x) = log 0.5 = -0.693. The gap is the divergence "
            "of the fair coin from the true posterior, 0.9 to 0.1.",
        ),
        wrong=[
            (about(1.204, 0.005), "That is the ELBO with its sign turned round. How far is it from log p(x)?"),
            (about(-1.204, 0.005), "That is the ELBO. How far below log p(x) does it lie?"),
            (
                about(0.693, 0.005),
                "That is log p(x) with its sign turned round: a pixel is white in half of the cases.",
            ),
            (about(-0.693, 0.005), "That is log p(x). How far below it does the ELBO lie?"),
            (about(-gap, 0.005), "The ELBO lies below log p(x): give the distance, a positive number."),
            (about(gap / log(2), 0.005), "That is right in bits. A nat goes with the natural logarithm."),
            (
                about(0.9 * log(1.8) + 0.1 * log(0.2), 0.005),
                "You turned the divergence round. The mean is over the encoder's coin, not over the posterior.",
            ),
            (0, "The gap is 0 only if the encoder answers with the true posterior. What is p(z = 1 | x = 1)?"),
        ],
        otherwise="Work out three numbers: log p(x); the mean of log p(x | z) over the encoder's coin; and the KL "
        "divergence of that coin from the prior.",
    )


@check
def check_gaussian_loss(gaussian_loss) -> Verdict:
    """Exercise 4.5: (model, x, sigma_x) -> the negative ELBO with Gaussian pixels, its two terms, constants included."""
    torch.default_generator.manual_seed(0)
    x = torch.rand(1024, 1, 28, 28) * torch.rand(1024, 1, 1, 1)
    model = Probe(variational=True)
    mu, logvar = model.encode(x)
    each = (mu.square() + logvar.exp() - 1 - logvar) / 2  # (B, k)
    kl = each.sum(1).mean()
    sigmas = torch.tensor([0.3, 1.7])  # of two calls
    runs = [
        terms_of(gaussian_loss, model, x, sigma, names=("loss", "reconstruction", "kl")) for sigma in sigmas.tolist()
    ]
    if len(model.codes) != 2:
        raise Wrong(f"Your function calls decode {len(model.codes) / 2:g} times; expected once, on one draw of z.")
    if any(z.shape != mu.shape for z in model.codes):
        raise Wrong(f"decode gets a shape {tuple(model.codes[0].shape)}; expected one z an image, {tuple(mu.shape)}.")
    if any(torch.allclose(z, mu.detach(), atol=1e-4) for z in model.codes):
        raise Wrong("You decode the mean mu. Draw z around it.")
    noise = [(z - mu.detach()) / (logvar.detach() / 2).exp() for z in model.codes]
    refuse_shared(noise)
    refuse_other_laws(noise)

    squares = torch.stack([(model.answer(z) - x).square().sum((1, 2, 3)).mean() for z in model.codes])
    width, constant = 784 * sigmas.log(), 392 * log(2 * pi)
    truth = squares / (2 * sigmas**2) + width + constant
    loss, reconstruction, found = (torch.stack([r[k] for r in runs]) for k in ("loss", "reconstruction", "kl"))
    judge(
        reconstruction,
        right=(truth, ""),
        wrong=[
            (-truth, "That is the log-likelihood. A loss holds it with the sign reversed."),
            (truth / 784, "The reconstruction is a mean over pixels. Sum over pixels, mean over images."),
            (truth * len(x), "The reconstruction is summed over the images too. Sum over pixels, mean over images."),
            (
                squares / (2 * sigmas**2),
                "The bell curve's factor in front is missing: its logarithm is -log(sigma_x) - log(2 pi) / 2, for each "
                "of the 784 pixels.",
            ),
            (squares / (2 * sigmas**2) + width, "The constant log(2 pi) / 2 is missing, once for each pixel."),
            (squares / (2 * sigmas**2) + constant, "The term with log(sigma_x) is missing, once for each pixel."),
            (
                squares / (2 * sigmas**2) + (width + constant) / 784,
                "The logarithm of the factor in front is needed for each of the 784 pixels. You have it once.",
            ),
            (squares / (2 * sigmas**2) - width + constant, "The sign of log(sigma_x) is turned round."),
            (
                squares / (2 * sigmas) + width + constant,
                "The squared error is divided by 2 sigma_x^2, not by 2 sigma_x.",
            ),
            (squares / sigmas**2 + width + constant, "The half in the exponent of the bell curve is missing."),
        ],
        otherwise='The "reconstruction" is not -log p(x | z) for Gaussian pixels around decode(z), summed over pixels and '
        "averaged over images.",
        tol=2e-4,
    )
    kls = torch.stack([kl, kl])
    judge(
        found,
        right=(kls, ""),
        wrong=[
            (kls / 4, "The KL divergence is a mean over units. Sum over units, mean over images."),
            (kls * len(x), "The KL divergence is summed over the images too. Sum over units, mean over images."),
            (-kls, "The KL divergence has its sign reversed: it is never below 0."),
        ],
        otherwise='The "kl" is not the KL divergence from N(0, 1), summed over units and averaged over images.',
        tol=2e-4,
    )
    verdict = judge(
        loss,
        right=(truth + kls, "Nats on both sides, and the gradient passes the draw. No weight is left to choose."),
        wrong=[
            (truth - kls, "The KL divergence is a price: it is added to a loss."),
            (truth, "The KL divergence is not in your loss."),
        ],
        otherwise="The terms are right, but the loss is not reconstruction + kl.",
        tol=2e-4,
    )
    for i, sigma in enumerate(sigmas):
        z = mu + (logvar / 2).exp() * noise[i]

        def objective(z: Tensor, sigma: Tensor = sigma) -> Tensor:
            return (model.answer(z) - x).square().sum((1, 2, 3)).mean() / (2 * sigma**2)

        judge_gradient(
            runs[i]["loss"],
            objective(z) + kl,
            model,
            wrong=[
                (
                    objective(z.detach()) + kl,
                    "No gradient passes the draw of z: compute z from mu and logvar, with noise from outside.",
                ),
                (objective(z) + kl.detach(), "No gradient passes the KL divergence."),
            ],
        )
    return verdict

"""Checks of the exercises of chapter 4."""

from math import log, pi, sqrt

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from companion.exercises._verdict import (
    Target,
    Verdict,
    Wrong,
    about,
    call,
    check,
    judge,
    judge_gradient,
    noise_of_two_calls,
    refuse_other_laws,
    refuse_shared,
    same,
    terms_of,
    variational_probe,
)


@check
def check_dearest(answer) -> Verdict:
    """Exercise 4.1: the largest KL after mu -> 1 (A), sigma -> 0.1 (B), sigma -> 1.5 (C) from mu 0, sigma 0.5."""
    return judge(
        answer,
        right=(
            "B",
            "0.818 nats for A, 1.808 for B and 0.220 for C, from 0.318 now: C even lowers the bill. A move costs half its "
            "square, here 0.5. Being 5 times surer costs log 5 = 1.609, less 0.12 for the smaller square of sigma.",
        ),
        wrong=[
            (
                "A",
                "A move of 1 costs 1/2. The formula holds sigma's square and its logarithm: which of the two matters "
                "when sigma goes to 0?",
            ),
            ("C", "Put sigma = 0.5 and sigma = 1.5 into the formula: which of the two costs more?"),
        ],
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
            "near -1000 is 0 in a computer. torch.logsumexp takes the logarithm of a sum of exponentials without them."
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
    model, x, (mu, logvar), each = variational_probe()
    kl = each.sum(1).mean()
    sigmas = torch.tensor([0.3, 1.7])  # of two calls
    runs = [
        terms_of(gaussian_loss, model, x, sigma, names=("loss", "reconstruction", "kl")) for sigma in sigmas.tolist()
    ]
    noise = noise_of_two_calls(model, mu, logvar)
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

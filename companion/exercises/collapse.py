"""Checks of the exercises of the study on collapse."""

from math import log, sqrt

import torch
from torch import Tensor

from companion import bce
from companion.exercises._verdict import (
    Verdict,
    Wrong,
    about,
    check,
    judge,
    judge_gradient,
    noise_of_two_calls,
    refuse_other_laws,
    refuse_shared,
    terms_of,
    variational_probe,
)


@check
def check_kl_weight(answer) -> Verdict:
    """Exercise S08.1: the beta of a loss with means over 784 pixels and over 16 units, beside sums."""
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
def check_kl_target(kl_target_loss) -> Verdict:
    """Exercise S08.2: (model, x, target, weight) -> {"loss": r + weight * |kl - target|, "reconstruction": r, "kl": kl}."""
    model, x, (mu, logvar), each = variational_probe()
    kl = each.sum(1).mean()
    wanted, weight = torch.stack([0.5 * kl, 2 * kl]).detach(), torch.tensor([3.0, 0.5])  # of two calls
    runs = [
        terms_of(kl_target_loss, model, x, target, factor, names=("loss", "reconstruction", "kl"))
        for target, factor in zip(wanted.tolist(), weight.tolist(), strict=True)
    ]
    noise = noise_of_two_calls(model, mu, logvar)
    _refuse_noise(noise, logvar.detach())

    x_hats = [model.answer(z) for z in model.codes]
    pixels = torch.stack([bce(x_hat, x) for x_hat in x_hats])
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
            (pixels + kls, "That is the ELBO. Target and weight are not in your loss."),
            (pixels + gap.abs(), "The weight is not in your loss."),
            (weight * pixels + gap.abs(), "The weight stands at the reconstruction. It belongs to the distance."),
            (pixels - weight * gap.abs(), "Your loss rewards a distance from the target: the sign is reversed."),
        ],
        otherwise="The terms are right, but the loss is not reconstruction + weight * |kl - target|.",
        tol=2e-4,
    )
    for i in (0, 1):
        z = mu + (logvar / 2).exp() * noise[i]
        reconstruction, pull = bce(model.answer(z), x), weight[i] * (kl - wanted[i]).abs()
        judge_gradient(
            runs[i]["loss"],
            reconstruction + pull,
            model,
            wrong=[
                (
                    bce(model.answer(z.detach()), x) + pull,
                    "No gradient passes the draw of z: compute z from mu and logvar, with noise from outside.",
                ),
                (
                    reconstruction + pull.detach(),
                    "No gradient passes the KL divergence. Keep it as it is on the way to the loss.",
                ),
            ],
        )
    return verdict


@check
def check_nats_spent(answer) -> Verdict:
    """Exercise S08.3: what a linear VAE spends on variances 9, 4, 1 and 0.25 at sigma_x = 1.5, in nats."""
    return judge(
        answer,
        right=(
            about(log(8 / 3), 0.004),
            "Half of log(9 / 2.25) and half of log(4 / 2.25), together log(8 / 3). The other two directions vary less "
            "than the noise, and their units stay silent.",
        ),
        wrong=[
            (about(2 * log(8 / 3), 0.004), "Twice too large: each unit costs half of the logarithm."),
            (about(log(2), 0.004), "You counted the first direction only. A second one varies more than the noise."),
            (about(log(4 / 3), 0.004), "That is the second direction. The first one pays as well."),
            (
                about(log(4), 0.004),
                "Either you did not square sigma_x, or you forgot the half and the second direction: compare variances "
                "with the variance of the noise, 2.25.",
            ),
            (
                about(log(8 / 3) / 2, 0.004),
                "You took standard deviations for variances, or halved twice. 9, 4, 1 and 0.25 are variances.",
            ),
            (
                about(log(9 * 4 * 1 * 0.25 / 2.25**4) / 2, 0.004),
                "You counted all four. A direction that varies less than the noise has no unit: its cost is 0, not below.",
            ),
            (about(log(8 / 3) / log(2), 0.004), "That is in bits. Nats come with the natural logarithm."),
            (
                about((4 + 16 / 9 - 2 - log(4 * 16 / 9)) / 2, 0.004),
                "That is what the two units gain. The question asks what they cost.",
            ),
            (2, "That is how many units speak. How many nats do they spend?"),
        ],
        otherwise="Which directions vary more than the noise? Each of those costs half of log(variance / sigma_x^2).",
    )


def _refuse_noise(noise: list[Tensor], logvar: Tensor) -> None:
    """End the check if something is wrong with the draws (z - mu) / sigma of two calls."""
    eps, sigma = noise[0], (logvar / 2).exp()

    def unit_variance(draws: Tensor) -> bool:
        """In each unit, whether sigma is small or large there."""
        return all(0.75 < unit.square().mean() < 1.25 for unit in draws.T)

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

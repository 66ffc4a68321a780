"""Checks of the exercises of the study "What did the published loop really reach?"."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, right


@check
def check_standard_errors(answer) -> Verdict:
    """Exercise S13.1: how many standard errors 0.0102 lies below the mean of batches of 32 images."""
    mean, deviation, printed = 0.016, 0.008, 0.0102
    gap = mean - printed
    return judge(
        answer,
        right=(
            about(gap / (deviation / 32**0.5), 0.03),
            "The mean of 32 images varies sqrt(32) times less than one image does. Four standard errors are no matter of "
            "luck: a bell curve gives one batch in some fifty thousand.",
        ),
        wrong=[
            (about(gap / deviation, 0.05), "That is in deviations of one image. The mean of 32 varies less."),
            (
                about(gap / (deviation / 32), 0.5),
                "Variances are divided by 32. What happens to the standard deviation?",
            ),
            (about(-gap / (deviation / 32**0.5), 0.1), "How far below: a positive number."),
            (about(gap / mean, 0.01), "That is the gap as a share of the mean. Measure it in standard errors."),
            (about(gap, 0.0001), "That is the gap itself. Divide it by the standard error."),
            (about(deviation / 32**0.5, 0.0001), "That is the standard error. How many of them fit into the gap?"),
            (about(gap / (deviation / 31**0.5), 0.02), "Divide by the root of the number of images, 32."),
        ],
        otherwise="The mean of n independent images has the standard deviation of one, divided by the root of n.",
    )


@check
def check_batch_means(batch_means) -> Verdict:
    """Exercise S13.2: errors (N,), size, count -> the means (count,) of batches of ``size`` different images each."""
    flat = call(batch_means, torch.full((50,), 0.25), 32, 7)
    if flat.shape != (7,):
        raise Wrong(f"For 7 batches you return the shape {tuple(flat.shape)}; expected (7,), one mean a batch.")
    if torch.allclose(flat.double(), torch.tensor(8.0).double()):
        raise Wrong("You return the sum over a batch. Divide it by the number of its images.")
    if not torch.allclose(flat.double(), torch.tensor(0.25).double()):
        raise Wrong(f"Where every image has the error 0.25, a batch of yours has {flat[0]:.3g}.")
    # Powers of two: a sum of different ones tells which they are.
    images, size, count = 24, 16, 2000
    errors = 2.0 ** torch.arange(images)
    first, second = (_members(call(batch_means, errors, size, count), size, images) for _ in range(2))
    if torch.equal(first, second):
        raise Wrong("Two calls draw the same batches. Draw them anew each time, without a fixed seed.")
    if bool((first == first[:1]).all()):
        raise Wrong("All batches hold the same images. Draw each batch anew.")
    if bool((first.sum(1) != size).any()):
        raise Wrong("Some batches do not hold 16 different images: the same one must not come twice. Look up randperm.")
    drawn = first.double()
    together = drawn.T @ drawn / count  # (images, images): how often each pair of images shares a batch
    share, pairs = size / images, size * (size - 1) / (images * (images - 1))
    apart = ~torch.eye(images, dtype=torch.bool)
    # Seven standard errors of a share among 2,000 batches: none is refused by chance.
    if (together.diagonal() - share).abs().max() > 7 * (share * (1 - share) / count) ** 0.5:
        raise Wrong("Some images come more often than others. Every image should be in a batch equally often.")
    if (together[apart] - pairs).abs().max() > 7 * (pairs * (1 - pairs) / count) ** 0.5:
        raise Wrong("Some images always come together. Shuffle before you cut out a batch.")
    overlap = (drawn[1:] * drawn[:-1]).sum(1).mean()  # of hypergeometric numbers, with a deviation of 1.1
    if abs(overlap - size * share) > 7 * 1.2 / count**0.5:
        raise Wrong("A batch depends on the one before it. Draw each anew from all images.")
    return right("Batches as the loop draws them: each image at most once, and every batch anew.")


def _members(means: Tensor, size: int, images: int) -> Tensor:
    """Which images (count, images) of errors 1, 2, 4, ... are in batches of these means (count,)."""
    sums = (means.detach().double() * size).round().long()
    return sums[:, None] // 2 ** torch.arange(images) % 2


@check
def check_two_recipes(answer) -> Verdict:
    """Exercise S13.3: what two times three runs, whose means differ by less than the seeds do, allow you to say."""
    return judge(
        answer,
        right=("C", "The seeds move either recipe several times as far as the two means lie apart."),
        wrong=[
            ("A", "By how much do the runs of one recipe differ from one another? Compare that with 1 %."),
            ("B", "The lowest of three runs is the luckiest one. Would it be lowest again with other seeds?"),
            ("D", "Equal is more than you know: a small difference would be hidden by the seeds, too."),
        ],
    )

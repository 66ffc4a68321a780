"""The study of the published loop: right answers to each exercise, hints for typical mistakes, mutants."""

import pytest
import torch


def test_the_mean_of_32_images_varies_as_the_answer_says():
    errors = 0.016 + 0.008 * torch.randn(20_000, 32)
    assert (0.016 - 0.0102) / errors.mean(1).std().item() == pytest.approx(4.1, rel=0.03)


def drawn(errors, size, count):
    return torch.stack([errors[torch.randperm(len(errors))[:size]].mean() for _ in range(count)])


def twice(errors, size, count):
    return errors[torch.randint(len(errors), (count, size))].mean(1)


def from_one_shuffle(errors, size, count):
    return errors[torch.randperm(len(errors))[:size]].mean().expand(count)


def seeded(errors, size, count):
    torch.manual_seed(0)
    return drawn(errors, size, count)


def windows(errors, size, count):
    starts = torch.randint(len(errors), (count,))
    return torch.stack([errors.roll(-int(start))[:size].mean() for start in starts])


def without_the_last(errors, size, count):
    return drawn(errors[:-1], size, count)


def in_pairs(errors, size, count):
    """Every second batch leaves out images that the one before had."""
    means = []
    for _ in range((count + 1) // 2):
        order = torch.randperm(len(errors))
        means += [errors[order[:size]].mean(), errors[order[-size:]].mean()]
    return torch.stack(means[:count])


EXERCISES = {}

EXERCISES["check_standard_errors"] = {
    "right": 4.1,
    "says": "no matter of luck",
    "other ways": {"computed": (0.016 - 0.0102) / (0.008 / 32**0.5)},
    "hints": [
        (0.725, "one image"),
        (23.2, "Variances"),
        (-4.1, "positive"),
        (0.3625, "share of the mean"),
        (0.0058, "gap itself"),
        (4.037, "number of images"),
        (0.001414, "is the standard error"),
        (10, "root of n"),
    ],
}

EXERCISES["check_batch_means"] = {
    "right": drawn,
    "says": "at most once",
    "other ways": {
        "sorted random numbers": lambda e, size, count: e[torch.rand(count, len(e)).argsort(1)[:, :size]].mean(1),
        "multinomial": lambda e, size, count: e[torch.multinomial(torch.ones(count, len(e)), size)].mean(1),
        "Python": lambda e, size, count: [float(drawn(e, size, 1)) for _ in range(count)],
    },
    "hints": [
        (twice, "come twice"),
        (from_one_shuffle, "same images"),
        (seeded, "fixed seed"),
        (windows, "come together"),
        (without_the_last, "more often"),
        (in_pairs, "before it"),
        (lambda e, size, count: size * drawn(e, size, count), "sum over"),
        (lambda e, size, count: drawn(e, size, count) / 2, "0.125"),
        (lambda e, size, count: drawn(e, count, size), "(32,)"),
        (lambda e, size, count: e[torch.rand(count, len(e)).argsort(1)[:, :size]], "(7, 32)"),
    ],
    "mutants": {
        "one image too few": lambda e, size, count: drawn(e, size - 1, count),
        "one image too many": lambda e, size, count: drawn(e, size + 1, count),
        "the mean of all": lambda e, size, count: e.mean().expand(count),
        "the first batch twice": lambda e, size, count: drawn(e, size, (count + 1) // 2).repeat_interleave(2)[:count],
        "the luckiest of two": lambda e, size, count: torch.minimum(drawn(e, size, count), drawn(e, size, count)),
        "medians": lambda e, size, count: torch.stack(
            [e[torch.randperm(len(e))[:size]].median() for _ in range(count)]
        ),
    },
}

EXERCISES["check_two_recipes"] = {
    "right": "C",
    "says": "seeds move",
    "hints": [("A", "1 %"), ("B", "luckiest"), ("D", "hidden")],
}

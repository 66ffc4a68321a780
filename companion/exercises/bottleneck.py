"""Checks of the exercises of lesson 3."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, right, same


@check
def check_which_number(answer) -> Verdict:
    """Exercise 3.1: which further number tells whether a network with a tiny error on new digits copies."""
    return judge(
        answer,
        right=("B", "Static is no digit. A learner loses it, a copier returns it, and no error on digits says which."),
        wrong=[
            ("A", "A copier's error is small on training digits and on new ones. What does this number unmask?"),
            ("C", "A copier returns every digit that you hold out, ten or ten thousand. Show it something else."),
            ("D", "The width says what is possible. Which 800-number networks of the lesson did not copy?"),
        ],
    )


@check
def check_same_average(answer) -> Verdict:
    """Exercise 3.2: which of three units with the same average has the smallest KL penalty: "A", "B", "C" or "D"."""
    return judge(
        answer,
        right=(
            "D",
            "All three average 0.01, and the penalty sees nothing else. A low average costs nothing, "
            "whether the unit is silent on most images or not.",
        ),
        wrong=[
            ("A", "It is the sparsest of the three. But what does the penalty compute before it compares with rho?"),
            ("B", "It stands at rho on every image. Does the penalty look at single images?"),
            ("C", "Compute its average over all images, then put that into the formula."),
        ],
    )


@check
def check_soft_threshold(answer) -> Verdict:
    """Exercise 3.3: the z >= 0 that minimises (a - z)^2 + weight * z for a = 2 and weight = 0.5."""
    return judge(
        answer,
        right=(
            1.75,
            "z = a - weight / 2, and 0 where that is negative: every unit that stays on is too small by weight / 2.",
        ),
        wrong=[
            (1.5, "You took off the whole weight. The derivative of the square brings a factor 2."),
            ([2.25, 2.5], "The sign is reversed: a penalty on z cannot make z larger than a."),
            (2, "That is the best z without the penalty."),
            (0, "At z = 0 the loss is a^2 = 4. Is there a smaller one?"),
            ([2 / 1.5, 2 / 1.25], "That belongs to a penalty on z squared. Here the penalty is weight times z itself."),
        ],
        otherwise="Set the derivative of (a - z)^2 + weight * z with respect to z to 0.",
    )


@check
def check_shuffled(shuffled) -> Verdict:
    """Exercise 3.4: (N, C, H, W) -> the same shape, each pixel's values permuted over the images on their own."""
    n, c, h, w = 40, 2, 6, 5
    # Every value tells its image and its pixel: (image + pixel / 100) / 41.
    image, pixel = torch.arange(n).reshape(n, 1, 1, 1), torch.arange(c * h * w).reshape(1, c, h, w)
    x = (image + pixel / 100) / (n + 1)
    result, again = call(shuffled, x), call(shuffled, x)
    for found in (result, again):
        if found.shape != x.shape:
            raise Wrong(f"The result has shape {tuple(found.shape)}; expected that of x, {tuple(x.shape)}.")
    result = result.detach().to(x)
    if torch.equal(result, x):
        raise Wrong("Nothing was moved: the result is x.")
    own = _members(result.flatten(1), x.flatten(1))  # does the value belong to this pixel in some image?
    if not own.all():
        if torch.allclose(result.flatten(1).sort(1).values, x.flatten(1).sort(1).values):
            raise Wrong("You move ink to other places within each image. Every pixel should keep to its own place.")
        if ((result == 0) | (result == 1)).all():
            raise Wrong("These are draws of 0 and 1, as from static(). Use the values that the pixel has in x.")
        raise Wrong("Some values do not occur at that place in x. Permute what is there, over the images.")
    if not torch.allclose(result.flatten(1).sort(0).values, x.flatten(1).sort(0).values):
        raise Wrong("Some values occur twice and others not at all: you draw with replacement. Permute instead.")
    orders = ((n + 1) * result - pixel / 100).round().flatten(1).T  # (60, 40): where each pixel's values come from
    distinct = len(orders.unique(dim=0))
    if distinct == 1:
        raise Wrong("You shuffle whole images: all pixels move together, so every digit is still there.")
    if distinct < c * h * w:
        where = f"{c * h * w} pixels ({c} channels of {h} x {w})"
        raise Wrong(f"Some pixels move together: {distinct} different orders for {where}. Each needs its own.")
    if torch.equal(result, again.detach().to(x)):
        raise Wrong("Called twice, your function gives the same order twice. Draw the order at random in each call.")
    # In 60 random orders some 60 of the 2,400 values stay, and some 60 are followed by the value of the next image.
    # Both are Poisson numbers: below 12 or above 140 falls one right answer in 10^13.
    stay = int((orders == image.flatten()).sum())
    if stay > 140:
        raise Wrong(f"{stay} of {orders.numel()} values stay where they are. Put all images in a random order.")
    if stay < 12:
        raise Wrong(f"Only {stay} of {orders.numel()} values stay where they are: of all orders you draw some only.")
    ahead, back = (int(((orders[:, 1:] - orders[:, :-1]) % n == gap).sum()) for gap in (1, n - 1))
    if max(ahead, back) > 140:
        raise Wrong("Images that follow each other still do so after your shuffling: a shift is no random order.")
    return right("Each pixel keeps its histogram, mean and variance; what goes is every relation between pixels.")


def _members(values: Tensor, pool: Tensor) -> Tensor:
    """(N, P), (N, P) -> (N, P): whether a value occurs in the same column of the pool."""
    return ((values[:, None] - pool[None]).abs() < 1e-4).any(1)  # (N, N, P) -> (N, P)


@check
def check_effective_units(effective_units) -> Verdict:
    """Exercise 3.5: strengths (B, n) -> (sum)^2 / (sum of squares) of each image, (B,), and 0 for an image without any."""
    strengths = torch.tensor([[1.0, 1, 1, 1, 0], [4, 0, 0, 0, 0], [3, 1, 0, 0, 0], [0.2, 0.2, 0.1, 0, 0.1]])
    expected = strengths.sum(1).square() / strengths.square().sum(1)  # 4, 1, 1.6, 3.6
    value = call(effective_units, strengths)
    if value.numel() == 1:
        raise Wrong("You return one number for the whole batch; expected one for each image, (B,).")
    if value.shape == (5,):
        raise Wrong(
            "You sum over the images. Sum over the units of each image: for 4 images, the result has shape (4,)."
        )
    if value.shape != (4,):
        raise Wrong(f"For strengths (4, 5) the result has shape {tuple(value.shape)}; expected (4,).")
    verdict = judge(
        value,
        right=(
            expected,
            "No threshold: n equal units count as n, one alone as 1, and the scale of the code does not matter.",
        ),
        wrong=[
            (1 / expected, "That is upside down: four equal units should count as 4."),
            (
                (strengths > 0).sum(1),
                "You count the units that are not 0. A weak unit should count for less than a strong one.",
            ),
            (
                strengths.sum(1) / strengths.square().sum(1),
                "The sum is not squared: twice the strengths should not change the count.",
            ),
            (expected.sqrt(), "That is the root of it: four equal units should count as 4."),
            (
                strengths.sum(1) / strengths.amax(1),
                "You compare with the strongest unit. Compare with the sum of squares.",
            ),
        ],
        otherwise=f"For strengths (3, 1, 0, 0, 0) you get {value[2]:.4g}; expected (3 + 1)^2 / (9 + 1).",
    )
    if not same(call(effective_units, strengths * 0.01), expected):
        raise Wrong("A hundredth of the strengths should give the same count. Guard against 0 / 0 with less.")
    empty = call(effective_units, torch.tensor([[0.0, 0.0], [2.0, 2.0]]))
    if not same(empty, torch.tensor([0.0, 2.0]), tol=1e-2):
        raise Wrong("An image on which no unit draws should count 0. What does 0 / 0 give?")
    return verdict


@check
def check_penalty_weight(answer) -> Verdict:
    """Exercise 3.6: the weight beside an error averaged over 784 pixels that stands for 0.5 beside its sum."""
    return judge(
        answer,
        right=(
            0.5 / 784,
            "The error was divided by 784, so the penalty has to be as well: the loss as a whole is only rescaled.",
        ),
        wrong=[
            (0.5 * 784, "The other way: the pixels count too little beside the penalty, and you made it dearer."),
            (1 / 784, "By the right factor. But what did the right weight start from?"),
            (0.5 / 28, "A digit has 28 rows of 28 pixels, and the mean is taken over all of them."),
            (0.5 / 800, "The penalty is summed over the 800 units in both losses. What differs is the error."),
            (0.5, "That is the weight which left no unit on."),
            (0, "Without a penalty nothing makes the code sparse."),
        ],
        otherwise="By which factor does a mean over 784 pixels differ from their sum?",
        tol=1e-5,
        expected="a number, such as 0.1",
    )

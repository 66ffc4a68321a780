"""Checks of the exercises of study 5."""

import torch
from torch import Tensor, nn

from companion.exercises._verdict import Verdict, Wrong, call, check, judge, same, slopes


@check
def check_lifetime_top(lifetime_top) -> Verdict:
    """Exercise S05.1: (a (B, n), share) -> a with only the largest round(share * B), at least 1, of each column kept."""
    values = torch.randperm(80, generator=torch.Generator().manual_seed(0)).reshape(10, 8).float() - 39.5
    values[:, 0] -= 60  # in this column even the largest are below 0
    a = values.clone().requires_grad_()

    def kept(k: int, dim: int) -> Tensor:
        where = values.topk(k, dim=dim).indices
        return torch.zeros_like(values).scatter(dim, where, values.gather(dim, where))

    result = call(lifetime_top, a * 1, 0.2)
    if result.shape != (10, 8):
        raise Wrong(f"For a of shape (10, 8) the result has shape {tuple(result.shape)}; expected the same shape.")
    sizes = values.abs().topk(2, dim=0).indices
    count = (result != 0).sum(0).double().mean().item()
    verdict = judge(
        result,
        right=(kept(2, 0), "Every unit keeps its best images in every batch, so each gets a gradient."),
        wrong=[
            (
                kept(2, 1),
                "You keep the largest units of each image. Keep, for each unit, its largest images: the other dim.",
            ),
            (
                (kept(2, 0) != 0).float(),
                "You return ones. Keep the numbers themselves where they are among the largest.",
            ),
            (
                kept(2, 0).relu(),
                "You set negative numbers to 0. The largest of a column may be below 0; keep them as they are.",
            ),
            (
                torch.zeros_like(values).scatter(0, sizes, values.gather(0, sizes)),
                "You choose by size without the sign. The largest number of -3, 1, 2 is 2.",
            ),
            (values - kept(2, 0), "You removed the largest and kept the rest."),
            (
                torch.where(values <= values.sort(0).values[1], values, 0.0),
                "You keep the smallest of each column; expected the largest.",
            ),
            (
                torch.where(values >= values.flatten().sort().values[-16], values, 0.0),
                "One threshold for the whole batch. Each unit needs its own: otherwise weak units stay silent.",
            ),
            (values, "Nothing was set to 0."),
        ],
        otherwise=f"For 10 images and share 0.2, a unit keeps {count:.3g} on average; expected its 2 largest, unchanged.",
    )
    if not result.requires_grad:
        raise Wrong("The numbers are right, but no gradient can pass: do not detach, and use no .data or .item().")
    (slope,) = slopes(result, [a])
    if slope is None or not same(slope, (kept(2, 0) != 0).float()):
        raise Wrong("The numbers are right, but a number that you keep should have a gradient of 1, the others 0.")
    for share, k, hint in (
        (0.01, 1, "A share of 0.01 of 10 images rounds to 0. Keep at least one image for each unit."),
        (0.17, 2, "A share of 0.17 of 10 images is 1.7, which rounds to 2. Round; do not cut off."),
        (0.14, 1, "A share of 0.14 of 10 images is 1.4, which rounds to 1. Round to the nearest; not up."),
        (0.25, 2, "A share of 0.25 of 10 images is 2.5, which Python's round takes to 2, the even neighbour."),
        (0.7, 7, "A share of 0.7 of 10 images is 7. Take the share of the images, not of the units."),
    ):
        if not same(call(lifetime_top, a, share), kept(k, 0)):
            raise Wrong(hint)
    return verdict


@check
def check_mutual_share(mutual_share) -> Verdict:
    """Exercise S05.2: pictures (n, D) and (m, D) -> the share of the first that are in a mutual best match, by the cosine."""
    generator = torch.Generator().manual_seed(1)
    # Few directions, so that several rows share a best match; lengths that differ, so that products mislead.
    a = torch.randn(30, 4, generator=generator) * (1 + 9 * torch.rand(30, 1, generator=generator))
    b = torch.randn(20, 4, generator=generator) * (1 + 9 * torch.rand(20, 1, generator=generator))
    cosines = nn.functional.normalize(a) @ nn.functional.normalize(b).T
    products = a @ b.T

    def share(likeness: Tensor) -> Tensor:
        there, back = likeness.argmax(1), likeness.argmax(0)
        return (back[there] == torch.arange(len(likeness))).float().mean()

    value = call(mutual_share, a, b)
    if value.numel() != 1:
        raise Wrong(f"Your function returns the shape {tuple(value.shape)}; expected one number, a share.")
    expected = share(cosines)
    verdict = judge(
        value,
        right=(expected, "No match is claimed twice, so a share of 1 would mean the same units in another order."),
        wrong=[
            (expected * 30, "That is their number. Divide by the rows of a."),
            (share(cosines.T), "You divide by the rows of b. Expected: the share of a's rows."),
            (share(products), "You compare by the product, so long rows win. The cosine leaves lengths out."),
            (share(-torch.cdist(a, b)), "You compare by distance. The cosine leaves lengths out."),
            (share(cosines.abs()), "You leave out the sign. A picture and its negative are no match."),
            (torch.tensor(1.0), "Every row has a best match. It counts only if it is the other's best match, too."),
            (
                len(cosines.argmax(1).unique()) / torch.tensor(20.0),
                "You count the rows of b that some row of a claims. Does each of them want that row back?",
            ),
        ],
        otherwise="Take the best match of each row of a, and of each row of b, and see where they agree.",
    )
    if not same(call(mutual_share, a, a.flip(0)), torch.tensor(1.0)):
        raise Wrong("The same pictures in another order should give 1.")
    if not same(call(mutual_share, b, a), share(cosines.T)):
        raise Wrong("With 20 pictures and 30, your share is wrong, although it is right with 30 and 20.")
    return verdict


@check
def check_two_thresholds(answer) -> Verdict:
    """Exercise S05.3: which of two codes cannot have more units on, given equal counts at 0.02 (A) and at 0.2 (B)."""
    return judge(
        answer,
        right=("A", "A higher threshold never counts more: A's 40 can only shrink on the way up, B's only grow."),
        wrong=[
            ("B", "B's threshold is the higher one. Does lowering it to 0.1 count more units or fewer?"),
            ("C", "Raise A's threshold to 0.1, and lower B's. Which way can each count go?"),
        ],
    )

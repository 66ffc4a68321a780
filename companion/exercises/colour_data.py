"""Checks of the exercises of the study on the data that colour takes."""

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge


@check
def check_border(answer) -> Verdict:
    """Exercise S19.1: a mean difference of 3, four tenths of the pixels exact: the mean of the others."""
    return judge(
        answer,
        right=(
            about(5, 0.02),
            "3 = 0.4 times 0 + 0.6 times 5. The border makes every mean smaller, the more of it there is.",
        ),
        wrong=[
            (3, "Then the border would have to be 3 off as well, and it is exact."),
            (about(1.8, 0.01), "You multiplied by the eye's share. The eye must be further off than the whole."),
            (about(1.2, 0.01), "That is the border's share of the 3. The border is exact."),
            (about(7.5, 0.01), "You divided by the border's share. Divide by the eye's."),
        ],
        otherwise="Write the mean of the whole as shares times means, with a 0 for the border.",
    )


@check
def check_split(answer) -> Verdict:
    """Exercise S19.2: which split tests slides of new patients: A patches, B halves, C slides, D patients."""
    return judge(
        answer,
        right=(
            "D",
            "Nothing of a test patient was seen. The split must be made where the new case will differ.",
        ),
        wrong=[
            ("A", "A test patch then has neighbours of its own tissue in training: it is hardly unseen."),
            ("B", "That asks how a network does on the rest of slides that it has seen. A new patient has none."),
            ("C", "A test slide may have sister slides of the same patient, stained on the same day, in training."),
        ],
    )


@check
def check_table(table) -> Verdict:
    """Exercise S19.3: lightness (N,) and colour (N, 2), both in [0, 1], and levels -> the mean colour of each step."""
    g = torch.Generator().manual_seed(0)
    lightness = torch.cat([torch.rand(60, generator=g) * 0.55, torch.tensor([0.25, 0.75, 1.0, 1.0])])
    colour = torch.rand(64, 2, generator=g)
    for levels in (4, 10):
        step = (lightness * levels).long().clamp(max=levels - 1)
        one_hot = torch.nn.functional.one_hot(step, levels).float()  # (N, levels)
        counts = one_hot.sum(0)[:, None]
        sums = one_hot.T @ colour
        exact = torch.where(counts > 0, sums / counts.clamp(min=1), torch.tensor(0.5))
        found = call(table, lightness, colour, levels).detach().float()
        if found.shape != exact.shape:
            raise Wrong(
                f"For {levels} levels you return the shape {tuple(found.shape)}; expected ({levels}, 2), a colour a step."
            )
        if not found.isfinite().all():
            raise Wrong("A step without a pixel has no mean: 0 / 0 is not a number. Give it grey, one half.")
        filled = torch.where(counts > 0, exact, torch.zeros(()))
        verdict = judge(
            found,
            right=(exact, "The best answer for squared error that knows one pixel's lightness, to a step."),
            wrong=[
                (filled, "A step without a pixel should be grey. Grey is one half, as colours are stored."),
                (sums, "You return sums. Divide each by the number of pixels in its step."),
                (sums / len(lightness), "Divide each sum by the number of pixels of *that* step."),
                (
                    torch.where(counts > 0, exact, colour.mean(0)),
                    "A step without a pixel should be grey, one half, and not the mean colour.",
                ),
            ],
            otherwise=f"For {levels} levels the first step is {[round(v, 3) for v in found[0].tolist()]}; it should be "
            f"{[round(v, 3) for v in exact[0].tolist()]}. A lightness of 1 belongs to the last step.",
        )
    return verdict

"""Shift a digit, and see what its copy costs beside the average digit and a blank page."""

from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import tensors_of


def shift_digit() -> PlayFigure:
    """A digit to shift by whole pixels, its price (MSE, MSE of 4 by 4 means, BCE), and that of two answers that know nothing."""
    still = (
        f'<img src="{png(tensors_of(shipped_model("shifts"))["still"])}" width="232" height="116" '
        'alt="A handwritten 4, and the same 4 two pixels to the right.">'
        "<p>A digit, and the same two pixels to the right: as an answer it has a larger MSE than a blank page. With scripts on, "
        "you shift it here.</p>"
    )
    return PlayFigure("shift-digit", "shift a digit, and see its price", still, ["shifts"])

"""Beta as a dial: six VAEs that differ in nothing else."""

from companion.elements import PlayFigure, png, shipped_model
from companion.elements.export import tensors_of


def beta_dial() -> PlayFigure:
    """Reconstructions, samples, the two terms of the loss and the units in use, for beta from 0.1 to 30."""
    still = (
        f'<img src="{png(tensors_of(shipped_model("beta-vaes"))["still dial"])}" width="300" height="150" '
        'alt="Five rows of ten pictures: ten digits, then what VAEs with beta 0.1, 1, 10 and 30 redraw, ever softer. In the last row all ten are the same grey blob.">'
        "<p>Ten digits (top), and what VAEs with beta 0.1, 1, 10 and 30 redraw. At 30 the code is silent: every digit comes back the "
        "same. With scripts on, you turn beta here.</p>"
    )
    return PlayFigure("beta-dial", "turn beta, the price of a code", still, ["beta-vaes"])

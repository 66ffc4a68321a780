"""A Gaussian cloud before the standard normal: what it costs, and for what."""

from companion.elements import PlayFigure

# The standard normal and a cloud with mu = 1 and sigma = 0.3, in units of 40 to the right and 60 upwards.
_PRIOR, _CLOUD = (
    "M40 110C80 110 90 106 104 98C130 83 140 86.1 160 86.1C180 86.1 190 83 216 98C230 106 240 110 280 110",
    "M150 110C170 108 176 88 188 52C194 36 196 30.2 200 30.2C204 30.2 206 36 212 52C224 88 230 108 250 110",
)


def cloud() -> PlayFigure:
    """A cloud of one unit or of two, to drag by its middle and by its width, with its KL divergence from the prior in nats."""
    still = (
        '<svg viewBox="0 0 320 130" width="320" height="130" role="img" fill="none" stroke="currentColor" stroke-width="2" '
        'aria-label="A low, wide bell curve around 0, dashed, and a narrow, high one around 1.">'
        f'<path d="M20 110H300" stroke-width="1"/><path d="{_PRIOR}" stroke-dasharray="5 4"/><path d="{_CLOUD}"/>'
        '<g stroke="none" fill="currentColor" text-anchor="middle"><text x="160" y="126">0</text><text x="200" y="126">1</text></g></svg>'
        "<p>The standard normal (dashed) is free. The cloud with mu = 1 and sigma = 0.3 costs 1.25 nats: 0.50 for lying off zero, 0.75 for "
        "being narrow. With scripts on, you drag it here.</p>"
    )
    return PlayFigure("cloud", "drag a cloud, and see what it costs", still)

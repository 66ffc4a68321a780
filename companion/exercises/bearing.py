"""Checks of the exercises of study 16, on a simulated bearing."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, call, check, judge


@check
def check_inner_race(answer) -> Verdict:
    """Exercise S16.1: blows a second of a damaged inner race; 25 turns, 8 balls, d/D = 1/4, contact angle 0."""
    return judge(
        answer,
        right=(125, "8 / 2 * 25 * (1 + 1/4): the inner race turns towards the balls, so it meets more of them."),
        wrong=[
            (75, "That is the outer race: there the sign is a minus."),
            (100, "That leaves out the size of the balls."),
            (200, "That is 8 balls times 25 turns. The cage turns about half as fast as the shaft."),
            (250, "Half of the number of balls stands in the formula."),
            ([5, 15.625], "You left out a factor: 8 / 2 balls, and 25 turns a second."),
        ],
        otherwise="Put N = 8, 25 turns a second and d/D = 1/4 into the formula for the inner race.",
        expected="a number, blows in a second",
    )


@check
def check_squared_envelope(squared_envelope) -> Verdict:
    """Exercise S16.2: waves (N, T), ends of a band and samples a second -> the squared envelope (N, T) in that band."""
    draw = torch.Generator().manual_seed(0)
    for samples, rate, low, high in ((256, 1000.0, 150.0, 301.0), (255, 12_000.0, 2010.0, 4010.0)):
        x = torch.randn(3, samples, generator=draw)
        found = call(squared_envelope, x, low, high, rate)
        if found.shape != x.shape:
            raise Wrong(f"For waves {tuple(x.shape)} you return the shape {tuple(found.shape)}; expected the same.")
        in_band = _in_band(x, low, high, rate)
        envelope = in_band.abs().square()
        verdict = judge(
            found,
            right=(envelope, "Where the structure rings, the envelope is high: its own spectrum shows how often."),
            wrong=[
                (envelope / 4, "Nearly: half of each tone went with the negative frequencies. Multiply by 2."),
                (envelope / 2, "The factor 2 belongs to the wave, before the square."),
                (envelope.sqrt(), "That is the envelope. Asked is its square."),
                (
                    in_band.real.square(),
                    "That is the square of the wave in the band. It needs the imaginary part, too.",
                ),
                (
                    4 * in_band.real.square(),
                    "You kept the negative frequencies as well. Then the inverse is real and swings with the tone.",
                ),
                (
                    _in_band(x, 0.01, rate / 2 - 0.01, rate).abs().square(),
                    "You kept all positive frequencies. Keep those of the band.",
                ),
            ],
            otherwise=f"The mean of your answer is {found.double().mean():.3g}; expected {envelope.mean():.3g}. Fourier "
            "transform, keep the band's positive frequencies, times 2, back, absolute value, square.",
        )
    return verdict


@check
def check_ratio_fails(answer) -> Verdict:
    """Exercise S16.3: on which machine the ratio of two levels hears nothing."""
    return judge(
        answer,
        right=(
            "B",
            "There the blows raise the level that the ratio divides by, and the ratio falls instead of rising.",
        ),
        wrong=[
            ("A", "Twice the load multiplies both levels by the same number. What does their ratio do?"),
            ("C", "The shaft's own tones lie far below 300 Hz, at any speed of such a machine."),
            ("D", "The ratio knows no fault frequency, so it does not mind which race is damaged."),
        ],
        otherwise="Which change puts the blows into the lower of the two bands?",
    )


def _in_band(x: Tensor, low: float, high: float, rate: float) -> Tensor:
    """The part of waves (N, T) in a band, as complex numbers whose real part is that part itself."""
    hz = torch.fft.fftfreq(x.shape[1], 1 / rate)
    return torch.fft.ifft(2 * torch.fft.fft(x.double()) * ((hz >= low) & (hz <= high)))

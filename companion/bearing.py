"""A simulated ball bearing: severities of a fault (N,) -> vibration windows (N, T), and the features that watch it.

Everything here is simulated. The geometry and the speeds are those of the drive-end bearing of the Case Western Reserve
University test rig; no measured vibration is used.
"""

from math import ceil, cos, pi, radians
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from companion._support.checks import check_not_negative, check_positive

SAMPLE_RATE = 12_000  # Hz, the rate of most recordings of the test rig
WINDOW = 4096  # samples, 0.34 s: about 37 impacts of an outer-race fault
_RPM = (1730, 1797)  # the rig's motor at a load of 3 hp and at none


class Vibration(NamedTuple):
    """Windows of a simulated vibration: ``x`` (N, T), and the speed of the shaft in Hz for each: ``shaft_hz`` (N,)."""

    x: Tensor
    shaft_hz: Tensor


def fault_frequencies(shaft_hz, balls=9, ball=0.3126, pitch=1.537, angle=0.0) -> dict:
    """How often a damaged spot is struck, in Hz: speed of the shaft in Hz -> {"outer": ..., "inner": ..., "cage": ...}.

    The balls are taken to roll without slipping. The defaults are the deep groove bearing SKF 6205.

    Args:
        shaft_hz: turns of the shaft in a second; a number or a tensor.
        balls: number of balls.
        ball, pitch: diameter of a ball, and of the circle of the balls' centres, in one unit (here inches).
        angle: contact angle in degrees.

    Raises:
        ValueError: a size is not above 0, or the balls are as large as their circle.

    Source: Randall and Antoni, Rolling element bearing diagnostics: a tutorial, 2011; the dimensions: Case Western
    Reserve University, Bearing Data Center.
    """
    check_positive(balls, "balls", whole=True)
    for name, value in (("ball", ball), ("pitch", pitch)):
        check_positive(value, name)
    if ball >= pitch:
        raise ValueError(
            f"ball is {ball} and pitch is {pitch}; expected a ball smaller than the circle "
            "that the balls' centres lie on."
        )
    ratio = ball / pitch * cos(radians(angle))
    return {
        "outer": balls / 2 * shaft_hz * (1 - ratio),
        "inner": balls / 2 * shaft_hz * (1 + ratio),
        "cage": shaft_hz / 2 * (1 - ratio),
    }


def simulate_bearing(
    severity: Tensor,
    *,
    fault: str = "outer",
    shocks: float = 0.0,
    resonance: float = 3000.0,
    damping: float = 0.05,
    slip: float = 0.01,
    load: float = 0.1,
    seed: int = 0,
) -> Vibration:
    """Simulated vibration of a machine on a bearing: severities (N,) -> windows x (N, 4096) and shaft_hz (N,).

    Each window is the sum of a healthy machine (three harmonics of the shaft; noise, half of its power white, half
    ringing in the structure's resonance; a load that varies from window to window) and of blows. A blow makes the
    structure ring: a decaying sine. A fault strikes once each time a ball passes it, with a little random slip; on the
    inner race, which turns, the blows are strong only while the spot is under load. The unit is the standard
    deviation of the healthy noise.

    Args:
        severity: the height of the fault's blows, 0 for a healthy bearing.
        fault: "outer" or "inner", the race that is damaged.
        shocks: blows from outside, on healthy and damaged machines alike: their mean number in a window. Their
            times are random, their heights exponential with mean 3.
        resonance: the frequency in Hz at which the structure rings.
        damping: the damping ratio of that ringing.
        slip: standard deviation of the time between two blows, as a part of it.
        load: spread of the load from window to window: standard deviation of the logarithm of its factor.
        seed: of everything that is drawn.

    Raises:
        ValueError: ``severity`` is not a tensor (N,) of numbers of at least 0, ``fault`` is unknown, or a number is
            out of range.

    Source: McFadden and Smith, Model for the vibration produced by a single point defect in a rolling element bearing,
    1984; the slip: Antoni and Randall, A stochastic model for simulation and diagnostics of rolling element bearings
    with localized faults, 2003.
    """
    if not isinstance(severity, Tensor) or severity.ndim != 1 or not len(severity):
        raise ValueError("severity must be a tensor (N,), one number for each window, such as torch.zeros(100).")
    if not (severity >= 0).all() or not severity.isfinite().all():
        raise ValueError("severity must hold finite numbers of at least 0; 0 is a healthy bearing.")
    if fault not in ("outer", "inner"):
        raise ValueError(f"fault is {fault!r}; expected 'outer' or 'inner'.")
    for name, value in (("resonance", resonance), ("damping", damping)):
        check_positive(value, name)
    for name, value in (("shocks", shocks), ("slip", slip), ("load", load)):
        check_not_negative(value, name)

    n, draw = len(severity), torch.Generator().manual_seed(seed)
    # The healthy machine.
    low, high = (rpm / 60 for rpm in _RPM)
    shaft_hz = low + (high - low) * torch.rand(n, generator=draw)
    time = torch.arange(WINDOW) / SAMPLE_RATE  # (T,), in seconds
    ring = _ringing(time[: _ring_samples(resonance, damping)], resonance, damping)  # (R,)
    white = torch.randn(n, WINDOW, generator=draw)
    struck = torch.randn(n, WINDOW + len(ring) - 1, generator=draw)
    kernel = (ring / ring.norm()).flip(0)[None, None]  # (1, 1, R): unit variance in, unit variance out
    # A hundred windows at a time, or the convolution takes 300 MB.
    ringing = torch.cat([F.conv1d(part[:, None], kernel)[:, 0] for part in struck.split(100)])  # (N, T)
    x = (white + ringing) / 2**0.5  # (N, T), standard deviation 1
    for k, height in ((1, 1.0), (2, 0.5), (3, 0.25)):
        phase = 2 * pi * torch.rand(n, 1, generator=draw)
        wobble = (0.1 * torch.randn(n, 1, generator=draw)).exp()
        x += height * wobble * torch.sin(2 * pi * k * shaft_hz[:, None] * time + phase)
    x *= (load * torch.randn(n, 1, generator=draw)).exp()

    # The blows of the fault: times (N, K) in seconds, then their heights (N, K).
    rate = fault_frequencies(shaft_hz)[fault][:, None]
    count = int(rate.max() * WINDOW / SAMPLE_RATE * 1.2) + 5
    gaps = (1 + slip * torch.randn(n, count, generator=draw)) / rate
    times = gaps.cumsum(1) - torch.rand(n, 1, generator=draw) / rate
    heights = severity[:, None] * (0.1 * torch.randn(n, count, generator=draw)).exp()
    if fault == "inner":  # the load zone reaches a quarter turn to each side
        turn = 2 * pi * (shaft_hz[:, None] * times + torch.rand(n, 1, generator=draw))
        heights = heights * turn.cos().clamp(min=0) ** 1.5
    _add_blows(x, times, heights, resonance, damping)

    if shocks:
        number = torch.poisson(torch.full((n, 1), float(shocks)), generator=draw)
        most = int(number.max())
        times = time[-1] * torch.rand(n, most, generator=draw)
        heights = -3 * torch.rand(n, most, generator=draw).clamp(min=1e-9).log()
        _add_blows(x, times, heights * (torch.arange(most) < number), resonance, damping)
    return Vibration(x, shaft_hz)


def growing_fault(windows: int = 400) -> Tensor:
    """Severities of a fault that grows until the bearing fails: -> (windows,), from 0.1 up to 10, by an equal factor."""
    check_positive(windows, "windows", whole=True)
    return torch.logspace(-1, 1, windows)


def rms(x: Tensor) -> Tensor:
    """Root mean square, the strength of the vibration: (N, T) -> (N,)."""
    return x.square().mean(1).sqrt()


def kurtosis(x: Tensor) -> Tensor:
    """Fourth moment over the squared variance, how spiky the vibration is: (N, T) -> (N,). 3 for Gaussian noise."""
    centred = x - x.mean(1, keepdim=True)
    return centred.pow(4).mean(1) / centred.square().mean(1).square()


def log_spectrum(x: Tensor, bands: int = 128) -> Tensor:
    """Logarithm of the power in equal bands of frequency: (N, T) -> (N, bands).

    Raises:
        ValueError: half the window's length is no multiple of ``bands``.
    """
    check_positive(bands, "bands", whole=True)
    half = x.shape[1] // 2
    if half % bands:
        raise ValueError(f"bands is {bands}; expected a divisor of {half}, half the window's length.")
    spectrum = torch.fft.rfft(x * torch.hann_window(x.shape[1]))  # (N, T/2 + 1)
    power = spectrum[:, 1:].abs().square()  # without the mean: (N, T/2)
    # (N, T/2) -> (N, bands, T/2/bands) -> (N, bands)
    return power.unflatten(1, (bands, half // bands)).mean(2).log()


def envelope_line(x: Tensor, frequency: Tensor, band=(2000.0, 4000.0), harmonics=3) -> Tensor:
    """How far the blows at a known frequency stand out: (N, T), (N,) in Hz -> (N,). About 1 to 3 where there are none.

    Keep a band of frequencies in which the structure rings, take the square of its envelope, and look in the
    envelope's spectrum at the frequency and its multiples: the highest value within 2 % of each, over the median of
    the values below the multiple after the last; the mean over the multiples. Each window is scored by itself alone.

    Args:
        x: windows.
        frequency: where to look, such as ``fault_frequencies(shaft_hz)["outer"]``.
        band: lower and upper end in Hz.
        harmonics: how many multiples of the frequency.

    Raises:
        ValueError: ``frequency`` is not one number for each window.

    Source: Randall and Antoni, 2011.
    """
    if frequency.shape != x.shape[:1]:
        raise ValueError(f"frequency has shape {tuple(frequency.shape)}; expected ({len(x)},), one for each window.")
    hz = torch.fft.fftfreq(x.shape[1], 1 / SAMPLE_RATE)  # (T,), the negative frequencies last
    inside = (hz >= band[0]) & (hz <= band[1])  # positive frequencies only: the inverse is complex
    envelope = torch.fft.ifft(torch.fft.fft(x) * inside).abs().square()  # (N, T)
    spectrum = torch.fft.rfft(envelope - envelope.mean(1, keepdim=True)).abs()  # (N, T/2 + 1)
    hz = torch.fft.rfftfreq(x.shape[1], 1 / SAMPLE_RATE)
    below = (hz > 5) & (hz < (harmonics + 1) * frequency[:, None])  # (N, T/2 + 1)
    floor = spectrum.masked_fill(~below, float("nan")).nanmedian(1).values
    lines = []
    for k in range(1, harmonics + 1):
        near = (hz - k * frequency[:, None]).abs() <= 0.02 * k * frequency[:, None]  # (N, T/2 + 1)
        lines.append((spectrum * near).amax(1))
    return torch.stack(lines).mean(0) / floor


def _ringing(time: Tensor, resonance: float, damping: float) -> Tensor:
    """The structure's answer to a blow at time 0: a sine that decays, nothing before the blow."""
    omega = 2 * pi * resonance
    return torch.where(time < 0, 0.0, torch.exp(-damping * omega * time.clamp(min=0)) * torch.sin(omega * time))


def _ring_samples(resonance: float, damping: float) -> int:
    """How long a blow is heard: 8 ms, or until it has fallen below 1/1000, but no longer than a window."""
    return min(WINDOW, ceil(SAMPLE_RATE * max(0.008, 7 / (damping * 2 * pi * resonance))))


def _add_blows(x: Tensor, times: Tensor, heights: Tensor, resonance: float, damping: float) -> None:
    """Add blows at ``times`` (N, K), in seconds, of ``heights`` (N, K) to the windows x (N, T), in place."""
    samples = torch.arange(_ring_samples(resonance, damping))  # (R,)
    for when, height in zip(times.T[..., None], heights.T[..., None], strict=True):  # (N, 1) each, one blow a window
        sample = (when * SAMPLE_RATE).ceil() + samples  # from the first sample after the blow on, (N, R)
        value = height * _ringing(sample / SAMPLE_RATE - when, resonance, damping)
        value = value * ((sample >= 0) & (sample < x.shape[1]))
        x.scatter_add_(1, sample.clamp(0, x.shape[1] - 1).long(), value)

"""The study on a bearing: right answers to each exercise, hints for typical mistakes, mutants; what the answers rest on."""

import numpy as np
import pytest
import torch
from scipy.signal import hilbert

from companion.bearing import fault_frequencies, simulate_bearing


def in_band(x, low, high, rate, factor=2, both=False):
    hz = torch.fft.fftfreq(x.shape[1], 1 / rate)
    hz = hz.abs() if both else hz
    return torch.fft.ifft(factor * torch.fft.fft(x) * ((hz >= low) & (hz <= high)))


def squared_envelope(x, low, high, rate):
    return in_band(x, low, high, rate).abs().square()


def by_hilbert(x, low, high, rate):
    wave = in_band(x, low, high, rate, factor=1, both=True).real
    return np.abs(hilbert(wave.numpy(), axis=1)) ** 2


def by_rfft(x, low, high, rate):
    half = torch.fft.rfft(x)
    hz = torch.fft.rfftfreq(x.shape[1], 1 / rate)
    whole = torch.zeros(x.shape, dtype=half.dtype)
    whole[:, : half.shape[1]] = 2 * half * ((hz >= low) & (hz <= high))
    back = torch.fft.ifft(whole)
    return back.real**2 + back.imag**2


def level_ratio(x):
    power, hz = torch.fft.rfft(x).abs().square(), torch.fft.rfftfreq(x.shape[1], 1 / 12_000)
    return power[:, hz > 1500].mean(1) / power[:, (hz > 300) & (hz < 1500)].mean(1)


def test_the_inner_race_is_struck_more_often_than_the_outer():
    found = fault_frequencies(25, balls=8, ball=1, pitch=4)
    assert (found["inner"], found["outer"]) == pytest.approx((125, 75))


def test_a_tone_has_its_height_as_envelope():
    tone = 3 * torch.sin(2 * torch.pi * 50 * torch.arange(1000) / 1000)[None]
    assert torch.allclose(squared_envelope(tone, 40, 60, 1000.0), torch.tensor(9.0), atol=1e-2)


def test_the_ratio_rises_with_blows_that_ring_high_and_falls_with_blows_that_ring_low():
    healthy = level_ratio(simulate_bearing(torch.zeros(20), resonance=3000.0).x).mean()
    assert level_ratio(simulate_bearing(torch.full((20,), 8.0), resonance=3000.0).x).mean() > 1.5 * healthy
    healthy = level_ratio(simulate_bearing(torch.zeros(20), resonance=800.0).x).mean()
    assert level_ratio(simulate_bearing(torch.full((20,), 8.0), resonance=800.0).x).mean() < 0.8 * healthy


EXERCISES = {}

EXERCISES["check_inner_race"] = {
    "right": 125,
    "says": "meets more of them",
    "hints": [
        (75, "outer race"),
        (100, "size of the balls"),
        (200, "half as fast"),
        (250, "Half of the number"),
        (5, "left out a factor"),
        (120, "You answered 120"),
    ],
}

EXERCISES["check_squared_envelope"] = {
    "right": squared_envelope,
    "says": "how often",
    "other ways": {
        "by the Hilbert transform": by_hilbert,
        "by half of the spectrum": by_rfft,
        "doubled afterwards": lambda *a: (2 * in_band(*a, factor=1).abs()) ** 2,
    },
    "hints": [
        (lambda *a: in_band(*a, factor=1).abs().square(), "Multiply by 2"),
        (lambda *a: 2 * in_band(*a, factor=1).abs().square(), "before the square"),
        (lambda *a: in_band(*a).abs(), "Asked is its square"),
        (lambda *a: in_band(*a, factor=1, both=True).real.square(), "imaginary part"),
        (lambda *a: in_band(*a, both=True).abs().square(), "negative frequencies as well"),
        (lambda x, low, high, rate: squared_envelope(x, 0.01, rate / 2 - 0.01, rate), "all positive"),
        (lambda *a: squared_envelope(*a).mean(1), "expected the same"),
        (lambda *a: squared_envelope(*a) + 1, "The mean of your answer"),
    ],
    "mutants": {
        "12,000 samples a second always": lambda x, low, high, rate: squared_envelope(x, low, high, 12_000.0),
        "negative frequencies alone": lambda x, low, high, rate: squared_envelope(x, -low, high, rate),
        "from 0 on": lambda x, low, high, rate: squared_envelope(x, 0.0, high, rate),
        "from the band on": lambda x, low, high, rate: squared_envelope(x, low, rate, rate),
        "without its mean": lambda *a: squared_envelope(*a) - squared_envelope(*a).mean(1, keepdim=True),
        "in reverse": lambda *a: squared_envelope(*a).flip(1),
        "of one wave": lambda *a: squared_envelope(*a)[:1].expand(3, -1),
        "in place": lambda x, low, high, rate: squared_envelope(x.sub_(x.mean()), low, high, rate),
    },
}

EXERCISES["check_ratio_fails"] = {
    "right": "B",
    "says": "falls instead of rising",
    "hints": [
        ("A", "both levels"),
        ("C", "below 300 Hz"),
        ("D", "no fault frequency"),
    ],
}

"""The simulated bearing and its features, against closed forms, scipy and known signals."""

from math import pi

import numpy as np
import pytest
import scipy.stats
import torch

from companion.bearing import (
    SAMPLE_RATE,
    WINDOW,
    _ring_samples,
    envelope_line,
    fault_frequencies,
    growing_fault,
    kurtosis,
    log_spectrum,
    rms,
    simulate_bearing,
)

TIME = torch.arange(WINDOW) / SAMPLE_RATE


def test_fault_frequencies_are_those_published_for_the_test_rig():
    """Multiples of the shaft's speed as the Bearing Data Center lists them for the drive-end bearing."""
    multiples = fault_frequencies(1.0)
    assert multiples["outer"] == pytest.approx(3.5848, abs=1e-4)
    assert multiples["inner"] == pytest.approx(5.4152, abs=1e-4)
    assert multiples["cage"] == pytest.approx(0.39828, abs=1e-4)


def test_fault_frequencies_of_a_tensor_add_up():
    shaft = torch.tensor([10.0, 20.0])
    found = fault_frequencies(shaft, balls=12, ball=1.0, pitch=5.0, angle=15)
    assert torch.allclose(found["outer"] + found["inner"], 12 * shaft)  # every ball passes both races
    assert torch.allclose(found["outer"], 12 * found["cage"])


def test_a_contact_angle_of_ninety_degrees():
    assert fault_frequencies(2.0, angle=90)["outer"] == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"balls": 0}, "balls"), ({"ball": -1}, "ball is -1"), ({"pitch": 0}, "pitch"), ({"ball": 2}, "smaller than")],
)
def test_fault_frequencies_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        fault_frequencies(1.0, **arguments)


def test_healthy_windows():
    x, shaft_hz = simulate_bearing(torch.zeros(200), load=0.0)
    assert x.shape == (200, WINDOW)
    assert x.dtype == torch.float32
    assert 1730 / 60 <= shaft_hz.min() <= shaft_hz.max() <= 1797 / 60
    # Noise 1, and half the squares of the harmonics 1, 0.5 and 0.25 (their wobble of 10 % adds 2 %).
    assert rms(x).square().mean().item() == pytest.approx(1 + (1 + 0.25 + 0.0625) / 2 * 1.02, rel=0.02)
    assert kurtosis(x).mean().item() == pytest.approx(scipy.stats.kurtosis(x, axis=1, fisher=False).mean(), rel=1e-4)


def test_a_seed_repeats_and_leaves_the_callers_state_alone():
    state = torch.get_rng_state()
    a, b = (simulate_bearing(growing_fault(4), shocks=1.0, seed=5).x for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(a, simulate_bearing(growing_fault(4), shocks=1.0, seed=6).x)


def test_blows_come_at_the_fault_frequency():
    """The difference between a damaged and a healthy machine is the blows; their power pulses at the known frequency."""
    hz = torch.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    search = (hz > 80) & (hz < 250)
    for fault in ("outer", "inner"):
        sick, well = (simulate_bearing(s * torch.ones(6), fault=fault, slip=0.0, seed=1) for s in (8.0, 0.0))
        spectrum = torch.fft.rfft((sick.x - well.x).square()).abs()
        found = hz[search][spectrum[:, search].argmax(1)]
        assert torch.allclose(found, fault_frequencies(sick.shaft_hz)[fault], atol=hz[1].item())


def test_an_inner_fault_is_silent_outside_the_load_zone():
    sick, well = (simulate_bearing(s * torch.ones(2), fault="inner", seed=1) for s in (8.0, 0.0))
    blows = (sick.x - well.x).abs()[:, : WINDOW // 64 * 64].unflatten(1, (-1, 64)).amax(2)  # 5 ms each
    assert (blows < 0.1).float().mean() > 0.2
    outer = simulate_bearing(8 * torch.ones(2), seed=1).x - simulate_bearing(torch.zeros(2), seed=1).x
    assert outer.abs()[:, : WINDOW // 128 * 128].unflatten(1, (-1, 128)).amax(2).min() > 0.1


def test_blows_ring_at_the_resonance():
    for resonance in (3000.0, 4500.0):
        same = {"resonance": resonance, "seed": 2}
        blows = simulate_bearing(torch.full((8,), 8.0), **same).x - simulate_bearing(torch.zeros(8), **same).x
        power = torch.fft.rfft(blows).abs().square().mean(0)
        hz = torch.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
        assert hz[power.argmax()].item() == pytest.approx(resonance, rel=0.05)


def test_shocks_strike_healthy_machines():
    quiet, shaken = (simulate_bearing(torch.zeros(300), shocks=s, load=0.0, seed=3) for s in (0.0, 1.0))
    struck = (shaken.x - quiet.x).abs().amax(1) > 1e-6
    assert struck.float().mean().item() == pytest.approx(1 - np.exp(-1), abs=0.08)  # Poisson with mean 1
    assert kurtosis(shaken.x).max() > kurtosis(quiet.x).max() + 1


def test_load_multiplies():
    x = simulate_bearing(torch.zeros(400), load=0.3).x
    assert rms(x).log().std().item() == pytest.approx(0.3, rel=0.15)


def test_growing_fault():
    severity = growing_fault()
    assert severity.shape == (400,)
    assert severity[0].item() == pytest.approx(0.1)
    assert severity[-1].item() == pytest.approx(10)
    ratios = severity[1:] / severity[:-1]
    assert torch.allclose(ratios, ratios[0].expand_as(ratios), rtol=1e-4)


@pytest.mark.parametrize(
    ("severity", "arguments", "message"),
    [
        ([0.0], {}, r"tensor \(N,\)"),
        (torch.zeros(2, 2), {}, r"tensor \(N,\)"),
        (torch.empty(0), {}, r"tensor \(N,\)"),
        (torch.tensor([-1.0]), {}, "at least 0"),
        (torch.tensor([float("nan")]), {}, "at least 0"),
        (torch.zeros(2), {"fault": "cage"}, "expected 'outer' or 'inner'"),
        (torch.zeros(2), {"resonance": 0}, "resonance"),
        (torch.zeros(2), {"damping": -1}, "damping"),
        (torch.zeros(2), {"shocks": -1}, "shocks"),
        (torch.zeros(2), {"slip": float("inf")}, "slip"),
        (torch.zeros(2), {"load": -0.1}, "load"),
    ],
)
def test_simulate_bearing_refuses(severity, arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_bearing(severity, **arguments)


def test_rms_and_kurtosis_of_known_waves():
    sine = 3 * torch.sin(2 * pi * 375 * TIME)[None]  # 128 whole periods
    assert rms(sine).item() == pytest.approx(3 / 2**0.5, rel=1e-4)
    assert kurtosis(sine).item() == pytest.approx(1.5, rel=1e-4)
    noise = torch.randn(4, WINDOW)
    np.testing.assert_allclose(kurtosis(noise), scipy.stats.kurtosis(noise, axis=1, fisher=False), rtol=1e-4)


def test_log_spectrum_finds_the_band():
    spectrum = log_spectrum(torch.sin(2 * pi * 1000 * TIME)[None])
    assert spectrum.shape == (1, 128)
    assert spectrum.argmax().item() == int(1000 / (SAMPLE_RATE / 2 / 128))
    # Ten times the amplitude is a hundred times the power in every band.
    x = torch.randn(2, WINDOW)
    assert torch.allclose(log_spectrum(10 * x) - log_spectrum(x), torch.tensor(np.log(100)).float(), atol=1e-3)


def test_log_spectrum_refuses_bands_that_do_not_divide():
    with pytest.raises(ValueError, match="divisor of 2048"):
        log_spectrum(torch.zeros(1, WINDOW), bands=100)


def test_envelope_line_sees_a_modulated_carrier_at_its_frequency_only():
    carrier = torch.sin(2 * pi * 3000 * TIME) * (1 + torch.cos(2 * pi * 100 * TIME))
    x = (carrier + 0.1 * torch.randn(WINDOW))[None]
    at = {f: envelope_line(x, torch.tensor([float(f)]), harmonics=1).item() for f in (70, 100, 130)}
    assert at[100] > 20 * max(at[70], at[130])


def test_envelope_line_listens_to_its_band():
    x = (torch.sin(2 * pi * 1000 * TIME) * (1 + torch.cos(2 * pi * 100 * TIME)) + 0.1 * torch.randn(WINDOW))[None]
    frequency = torch.tensor([100.0])
    inside, outside = (envelope_line(x, frequency, band).item() for band in ((500.0, 1500.0), (2000.0, 4000.0)))
    assert inside > 5 * outside


def test_envelope_line_of_a_damaged_bearing():
    for fault in ("outer", "inner"):
        scores = []
        for severity in (0.0, 5.0):
            x, shaft_hz = simulate_bearing(torch.full((20,), severity), fault=fault)
            scores.append(envelope_line(x, fault_frequencies(shaft_hz)[fault]))
        assert 1 < scores[0].mean() < 3
        assert scores[1].min() > scores[0].max()


def test_envelope_line_scores_a_window_by_itself_alone():
    x, shaft_hz = simulate_bearing(torch.full((6,), 1.5), seed=5)
    frequency = fault_frequencies(shaft_hz)["outer"]
    alone = [envelope_line(x[i : i + 1], frequency[i : i + 1]) for i in range(6)]
    assert torch.allclose(envelope_line(x, frequency), torch.cat(alone), rtol=1e-5)


@pytest.mark.parametrize("damping", [0.02, 0.05])
def test_a_blow_is_heard_until_it_is_below_a_thousandth(damping):
    samples = _ring_samples(3000.0, damping)
    assert np.exp(-damping * 2 * pi * 3000 * samples / SAMPLE_RATE) < 1e-3


def test_a_blow_is_never_longer_than_a_window():
    assert _ring_samples(3000.0, 1e-6) == WINDOW
    assert simulate_bearing(torch.ones(2), damping=1e-6).x.isfinite().all()


def test_envelope_line_refuses_one_frequency_for_all():
    with pytest.raises(ValueError, match=r"expected \(3,\)"):
        envelope_line(torch.zeros(3, WINDOW), torch.tensor(100.0))

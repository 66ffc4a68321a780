"""What the sampler changes in pixels: steps, fresh noise, and the time that the denoiser is told.

Usage: python benchmarks/sampler.py   (the shipped digits and models; five minutes on one CPU core)

Every number is the Frechet distance, to one decimal, between 1,000 pictures of the shipped pixel diffusion and the 1,000 test
digits, in the 64 features of the classifier that ships with the package, with three seeds of the noise. "by steps": by the number of
steps, without fresh noise (eta 0, DDIM) and with it (eta 1, DDPM). "clock": 25 steps without fresh noise, the denoiser told the true
time, the time read off the two-pixel frame of the picture (:func:`time_from_frame`), or 0.5 at all times: its network alone, or the
wiring around it, too.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from companion import digits
from companion.diffusion import Denoiser, sample, signal_and_noise, trained_pixel_diffusion
from companion.generation import digit_classifier, frechet_distance
from record import save

SEEDS = (0, 1, 2)
COUNTS = (1, 2, 5, 10, 25)
STEPS = 25
N = 1000


def time_from_frame(x_t: Tensor) -> Tensor:
    """The likeliest time of noisy pictures, from their two-pixel frame alone: (B, 1, 28, 28) in [-1, 1] plus noise -> (B,).

    The frame of a digit is black but for a few pixels, so its 208 values are draws from N(-a, s^2).
    """
    frame = torch.ones(28, 28, dtype=torch.bool)
    frame[2:-2, 2:-2] = False
    values = x_t[:, 0][:, frame]  # (B, 208)
    times = torch.linspace(0.005, 1, 200)
    a, s = signal_and_noise(times, 1)
    mean, square = values.mean(1, keepdim=True), values.square().mean(1, keepdim=True)
    off = square + 2 * a * mean + a**2  # (B, 200): the mean of (value + a)^2
    return times[(-off / (2 * s**2) - s.log()).argmax(1)]


class Told(nn.Module):
    """A network or denoiser that is told another time than the true one: ``clock`` maps (x_t, t) to it."""

    def __init__(self, net: nn.Module, clock: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.net, self.clock = net, clock

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return self.net(x_t, self.clock(x_t, t))


def stopped(x_t: Tensor, t: Tensor) -> Tensor:
    """0.5, whatever the time is."""
    return torch.full_like(t, 0.5)


def clocks_of(denoiser: Denoiser) -> dict[str, nn.Module]:
    """The denoiser with each of the clocks."""
    return {
        "true": denoiser,
        "read off the frame": Told(denoiser, lambda x_t, t: time_from_frame(x_t)),
        "network stopped": Denoiser(Told(denoiser.net, stopped)),
        "both stopped": Told(denoiser, stopped),
    }


def main():
    started = time.perf_counter()
    _, _, x_test, _ = digits()
    classifier = digit_classifier().requires_grad_(False)
    real = classifier.features(x_test)
    shipped = trained_pixel_diffusion()

    def distance(denoiser: nn.Module, seed: int, steps: int, eta: float = 0.0) -> float:
        torch.manual_seed(seed)
        parts = [sample(denoiser, noise, steps, eta) for noise in torch.randn(N, 1, 28, 28).split(100)]
        found = round(frechet_distance(classifier.features(((torch.cat(parts) + 1) / 2).clamp(0, 1)), real), 1)
        print(
            f"{steps} steps, eta {eta:g}, seed {seed}: {found:.1f} ({time.perf_counter() - started:.0f} s)", flush=True
        )
        return found

    clocks = {name: [distance(told, seed, STEPS) for seed in SEEDS] for name, told in clocks_of(shipped).items()}
    by_steps = {
        f"{eta:g}": [[distance(shipped, seed, steps, eta) for seed in SEEDS] for steps in COUNTS] for eta in (0.0, 1.0)
    }
    numbers = {
        "seeds": SEEDS,
        "counts": COUNTS,
        "steps": STEPS,
        "clock": clocks,
        "by steps": by_steps,
    }
    save("sampler", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()

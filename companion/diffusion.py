"""Diffusion: a denoiser that is told the noise level, and pictures drawn by following it from noise to data."""

from collections.abc import Callable
from itertools import pairwise
from math import pi
from typing import Any, cast

import torch
from torch import Tensor, nn

from companion._support.checks import (
    check_channels,
    check_code,
    check_images,
    check_kinds,
    check_labels,
    check_model_input,
    check_not_negative,
    check_positive,
)
from companion._support.shipped import load_weights
from companion.autoencoder import ConvAutoencoder


def signal_and_noise(t: Tensor, ndim: int = 4) -> tuple[Tensor, Tensor]:
    """How much signal and how much noise there is at time t: (B,) in [0, 1] -> a, s, each (B, 1, ..., 1).

    a = cos(t pi / 2) and s = sin(t pi / 2), so that a^2 + s^2 = 1: t = 0 is clean data, t = 1 is noise alone.

    Args:
        t: times.
        ndim: dimensions of the data that a and s will multiply: 4 for images, 2 for codes.

    Source: the cosine schedule of Nichol and Dhariwal, Improved denoising diffusion probabilistic models, 2021,
    without its small offset.
    """
    t = t.reshape(-1, *[1] * (ndim - 1))  # (B,) -> (B, 1, ..., 1)
    return torch.cos(t * pi / 2), torch.sin(t * pi / 2)


def time_features(t: Tensor) -> Tensor:
    """Waves of five frequencies, by which a network tells times apart: (B,) -> (B, 10)."""
    angles = t[:, None] * pi / 2 * 2.0 ** torch.arange(5, device=t.device)  # (B, 5)
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1)


class Block(nn.Module):
    """Two convolutions beside a shortcut; the time moves the channels between them: (B, C, H, W) -> the same shape."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(1, channels)
        self.time = nn.Linear(64, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """(B, C, H, W), (B, 64) -> (B, C, H, W)."""
        inner = self.norm(self.first(h)) + self.time(time)[:, :, None, None]
        return h + self.second(nn.functional.silu(inner))


class PixelNet(nn.Module):
    """A U-Net that is told the time: noisy images (B, 1, 28, 28), t (B,) -> (B, 1, 28, 28).

    Args:
        channels: feature maps at 14 x 14 and at 7 x 7.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x_t`` is not a batch of 28 x 28 grey images.

    Source: Ho, Jain and Abbeel, Denoising diffusion probabilistic models, 2020, much reduced.
    """

    def __init__(self, channels=(24, 48)):
        super().__init__()
        check_channels(channels, 2)
        c1, c2 = channels
        self.time = nn.Sequential(nn.Linear(10, 64), nn.SiLU())
        self.down1 = nn.Conv2d(1, c1, 4, stride=2, padding=1)
        self.block1 = Block(c1)
        self.down2 = nn.Conv2d(c1, c2, 4, stride=2, padding=1)
        self.block2 = Block(c2)
        self.block3 = Block(c2)
        self.up2 = nn.ConvTranspose2d(c2, c1, 4, stride=2, padding=1)
        self.block4 = Block(2 * c1)
        self.up1 = nn.ConvTranspose2d(2 * c1, 1, 4, stride=2, padding=1)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """(B, 1, 28, 28), (B,) -> (B, 1, 28, 28)."""
        check_model_input(x_t, (1, 28, 28))
        time = self.time(time_features(t))  # (B, 10) -> (B, 64)
        h1 = self.block1(self.down1(x_t), time)  # (B, 24, 14, 14)
        h2 = self.block2(self.down2(h1), time)  # (B, 48, 7, 7)
        h2 = self.block3(h2, time)
        u1 = torch.cat([self.up2(h2), h1], 1)  # (B, 48, 14, 14)
        return self.up1(self.block4(u1, time))  # (B, 1, 28, 28)


class CodeNet(nn.Module):
    """A dense network that is told the time: noisy codes (B, code_size), t (B,) -> (B, code_size).

    Raises:
        ValueError: a size is not a whole number above 0, or ``z_t`` has another shape than (B, code_size).
    """

    def __init__(self, code_size=32, width=192):
        super().__init__()
        for size, name in ((code_size, "code_size"), (width, "width")):
            check_positive(size, name, whole=True)
        self.code_size = code_size
        self.layers = nn.Sequential(
            nn.Linear(code_size + 10, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, code_size),
        )

    def forward(self, z_t: Tensor, t: Tensor) -> Tensor:
        """(B, code_size), (B,) -> (B, code_size)."""
        check_code(z_t, self.code_size)
        return self.layers(torch.cat([z_t, time_features(t)], 1))


class ConditionalCodeNet(CodeNet):
    """A :class:`CodeNet` that can be told a label beside the time: codes (B, code_size), t (B,), y (B,) -> (B, code_size).

    Each label has a row of numbers, which is added in the hidden layers before they bend. The row of "no label" stays 0,
    so without a label it is the :class:`CodeNet` with the same weights; and so it is for every label before training.

    Args:
        code_size, width: as for :class:`CodeNet`.
        kinds: how many labels there are, 0 to kinds - 1. The label ``kinds`` stands for "no label".

    Raises:
        TypeError, ValueError: as for :class:`CodeNet`; or ``y`` is not one label for each code, whole numbers from 0
            to ``kinds``.

    Source: Ho and Salimans, Classifier-free diffusion guidance, 2022.
    """

    def __init__(self, code_size=32, width=192, kinds=10):
        super().__init__(code_size, width)
        check_positive(kinds, "kinds", whole=True)
        self.kinds = kinds
        # padding_idx: no gradient reaches the last row
        self.label = nn.Embedding(kinds + 1, 3 * width, padding_idx=kinds)
        nn.init.zeros_(self.label.weight)

    def forward(self, z_t: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """(B, code_size), (B,), labels (B,) or None for "no label" -> (B, code_size)."""
        check_code(z_t, self.code_size)
        if y is None:
            y = torch.full((len(z_t),), self.kinds, device=z_t.device)
        check_kinds(y, z_t, self.kinds)
        h = torch.cat([z_t, time_features(t)], 1)
        for layer, row in zip(self.layers[:-1:2], self.label(y).chunk(3, dim=1), strict=True):
            h = nn.functional.silu(layer(h) + row)  # (B, width)
        return self.layers[-1](h)


class Denoiser(nn.Module):
    """Turns a network into a denoiser that is told the time: x_t (B, ...), t (B,) -> x_hat (B, ...), the clean data.

    A label y (B,) that follows is handed on to the network, such as :class:`ConditionalCodeNet`; without one, that is a
    denoiser as any other.

    x_hat = a x_t - s net(x_t, t): near t = 0 it hands x_t on, near t = 1 it trusts the network alone. The network's
    own target is then a eps - s x, the "velocity".

    Source: Salimans and Ho, Progressive distillation for fast sampling of diffusion models, 2022.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x_t: Tensor, t: Tensor, *label: Tensor) -> Tensor:
        """(B, ...), (B,) and perhaps labels (B,) -> (B, ...): the guess at the clean data."""
        a, s = signal_and_noise(t, x_t.ndim)
        return a * x_t - s * self.net(x_t, t, *label)


def with_labels(denoiser: Denoiser, kinds: int = 10) -> Denoiser:
    """A trained denoiser of codes that can still learn labels: the same weights, frozen, and a row of zeros for each label.

    What ``fit`` and :func:`conditional_diffusion` then train are the rows alone, in seconds. Without a label, the answers
    stay what they are.

    Args:
        denoiser: a :class:`Denoiser` of a :class:`CodeNet`.
        kinds: as for :class:`ConditionalCodeNet`.
    """
    plain = cast(CodeNet, denoiser.net)
    first = cast(nn.Linear, plain.layers[0])
    told = ConditionalCodeNet(plain.code_size, first.out_features, kinds).to(first.weight.device)
    told.layers.load_state_dict(plain.layers.state_dict())
    told.layers.requires_grad_(False)
    return Denoiser(told)


class Guided(nn.Module):
    """A conditional denoiser asked for certain labels, and made to listen: x_t (B, ...), t (B,) -> x_hat (B, ...).

    It answers (1 + strength) * told - strength * untold: the guess with the label, pushed further away from the guess
    without. This is Ho and Salimans's w, where 0 is the conditional model unguided (others count from 1 there). They
    write it for the noise; guesses at data, noise and velocity are linear in one another, so it is the same step.

    Args:
        denoiser: (x_t, t) or (x_t, t, y) -> x_hat, such as a :class:`Denoiser` of a :class:`ConditionalCodeNet`.
        y: the label asked for of each item of the batch (B,).
        strength: w, at least 0.

    Raises:
        TypeError, ValueError: ``strength`` is not a finite number of at least 0; or, when called, ``y`` is not one
            label for each item.

    Source: Ho and Salimans, Classifier-free diffusion guidance, 2022.
    """

    y: Tensor

    def __init__(self, denoiser: nn.Module, y: Tensor, strength: float = 1.0):
        super().__init__()
        check_labels(y, y)  # whole numbers; how many are needed is known in forward
        check_not_negative(strength, "strength")
        self.denoiser, self.strength = denoiser, strength
        self.register_buffer("y", y)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """(B, ...), (B,) -> (B, ...): the guess at the clean data, with the labels asked for."""
        told, untold = self.denoiser(x_t, t, self.y), self.denoiser(x_t, t)
        return (1 + self.strength) * told - self.strength * untold


def labelled(x: Tensor, y: Tensor) -> Tensor:
    """Images with their labels as one more channel of an even grey, y / 255: (B, C, H, W), (B,) -> (B, C + 1, H, W).

    ``fit`` and ``evaluate`` hand on images, of pixels from 0 to 1, and nothing else. So this is how labels travel to
    :func:`conditional_diffusion`, which takes the two apart again.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or ``y`` is not one label each, from 0 to 255.
    """
    check_images(x)
    check_labels(y, x)
    if y.min() < 0 or y.max() > 255:
        raise ValueError(f"y has labels from {int(y.min())} to {int(y.max())}; expected 0 to 255.")
    plane = (y / 255).to(x)[:, None, None, None].expand(-1, 1, *x.shape[2:])
    return torch.cat([x, plane], 1)


def diffusion(
    prepare: Callable[[Tensor], Tensor] | None = None,
) -> Callable[[Callable[..., Tensor], Tensor], dict[str, Tensor]]:
    """The objective of a diffusion model, to be passed to ``fit``: x -> x_t -> x_hat, compared with the clean x.

    Each item of the batch gets a time of its own, even over (0, 1]. Reduction: squared error divided by s^2, mean
    over pixels and images. With Ho et al.'s weight, a^2 / s^2, it would be the error of the noise.

    Args:
        prepare: images (B, C, H, W) -> the data to diffuse (B, ...), of a mean near 0 and a spread near 1. Default:
            2 x - 1, from [0, 1] to [-1, 1].

    Source: Ho, Jain and Abbeel, 2020.
    """

    def loss_fn(model: Callable[..., Tensor], x: Tensor) -> dict[str, Tensor]:
        x = prepare(x) if prepare else 2 * x - 1
        t = torch.rand(len(x), device=x.device).clamp(min=1e-3)  # (B,)
        a, s = signal_and_noise(t, x.ndim)
        x_t = a * x + s * torch.randn_like(x)
        x_hat = model(x_t, t)
        return {"loss": ((x_hat - x) / s).square().mean()}

    return loss_fn


def conditional_diffusion(
    prepare: Callable[[Tensor], Tensor] | None = None, forget: float = 0.15
) -> Callable[[Any, Tensor], dict[str, Tensor]]:
    """The objective of a diffusion model that can be asked for a label: as :func:`diffusion`, on labelled images.

    To be passed to ``fit`` with ``labelled(x, y)``, for a :class:`Denoiser` of a :class:`ConditionalCodeNet`, which refuses
    labels that it has no row for. Each label is forgotten with the probability ``forget``, so that the
    network learns the answer without a label, too. It needs no forgetting where that is known and frozen
    (:func:`with_labels`).

    Args:
        prepare: as for :func:`diffusion`; it gets the images without their labels.
        forget: share of the labels that are replaced by "no label".

    Raises:
        ValueError: ``forget`` is not a number from 0 to below 1.

    Source: Ho and Salimans, Classifier-free diffusion guidance, 2022.
    """
    if not 0 <= forget < 1:  # also refuses NaN
        raise ValueError(f"forget is {forget!r}; expected a number from 0 to below 1.")
    objective = diffusion(prepare)

    def loss_fn(model: Any, x: Tensor) -> dict[str, Tensor]:
        x, y = x[:, :-1], (255 * x[:, -1, 0, 0]).round().long()
        y = torch.where(torch.rand(len(y), device=y.device) < forget, model.net.kinds, y)
        return objective(lambda x_t, t: model(x_t, t, y), x)

    return loss_fn


@torch.no_grad()
def sample(denoiser: nn.Module, x: Tensor, steps: int = 50, eta: float = 0.0) -> Tensor:
    """Walk from noise to data: x (B, ...), drawn from N(0, I) -> (B, ...), drawn from the model.

    Each step asks the denoiser for the clean data, works out the noise that this leaves, and mixes the two anew for a
    slightly earlier time.

    Args:
        denoiser: (x_t, t) -> x_hat, such as :class:`Denoiser`.
        x: the noise to start from.
        steps: calls of the denoiser, at evenly spaced times from 1 down.
        eta: 0 adds no fresh noise (DDIM: the start decides the result); 1 adds what makes it DDPM's random walk.

    Raises:
        ValueError: ``steps`` is not a whole number above 0, or ``eta`` is outside [0, 1].

    Source: Song, Meng and Ermon, Denoising diffusion implicit models, 2021; eta = 1 is Ho, Jain and Abbeel, 2020.
    """
    check_positive(steps, "steps", whole=True)
    if not 0 <= eta <= 1:  # also refuses NaN
        raise ValueError(f"eta is {eta!r}; expected a number from 0 to 1.")
    times = torch.linspace(1, 0, steps + 1, device=x.device)
    for t, earlier in pairwise(times):
        x_hat = denoiser(x, t.expand(len(x)))
        a, s = signal_and_noise(t, x.ndim)
        a2, s2 = signal_and_noise(earlier, x.ndim)
        eps = (x - a * x_hat) / s  # the noise that x_hat leaves
        # The noise drawn afresh; the rest is kept, so that the total is s2.
        fresh = eta * s2 / s * (1 - (a / a2) ** 2).clamp(min=0).sqrt()
        x = a2 * x_hat + (s2**2 - fresh**2).clamp(min=0).sqrt() * eps + fresh * torch.randn_like(x)
    return x


class LatentSpace(nn.Module):
    """An autoencoder's codes, each unit brought to mean 0 and standard deviation 1: where latent diffusion happens.

    Args:
        autoencoder: with encode (B, C, H, W) -> (B, k) and decode (B, k) -> (B, C, H, W). It is frozen.
        x: the images whose codes are measured.

    Source: Rombach et al., High-resolution image synthesis with latent diffusion models, 2022.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, autoencoder: ConvAutoencoder, x: Tensor):
        super().__init__()
        self.autoencoder = autoencoder.requires_grad_(False).eval()
        with torch.no_grad():
            z = autoencoder.encode(x)  # (N, k)
        self.register_buffer("mean", z.mean(0))
        self.register_buffer("std", z.std(0))

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> standardised codes (B, k)."""
        return (self.autoencoder.encode(x) - self.mean) / self.std

    def decode(self, z: Tensor) -> Tensor:
        """Standardised codes (B, k) -> (B, C, H, W) in (0, 1)."""
        return self.autoencoder.decode(z * self.std + self.mean)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction."""
        return self.decode(self.encode(x))


def trained_pixel_diffusion() -> Denoiser:
    """The diffusion model in pixels that ships with the package, in eval mode: a :class:`Denoiser` of a :class:`PixelNet`.

    Trained by ``tools/make_generators.py`` on the 4,000 training digits of ``digits()``, as 2 x - 1.

    Raises:
        ValueError: the shipped file is damaged (its SHA-256 is not the recorded one).
        FileNotFoundError: the shipped file is missing.
    """
    return load_weights(Denoiser(PixelNet()), "pixel_diffusion.npz")


def trained_latent_diffusion() -> tuple[LatentSpace, Denoiser]:
    """The latent diffusion that ships with the package, in eval mode: the space of the codes, and the denoiser in it.

    Both were trained by ``tools/make_generators.py`` on the 4,000 training digits of ``digits()``: first a
    ``ConvAutoencoder(32)``, then, on its codes, a :class:`Denoiser` of a :class:`CodeNet`. Errors as for
    :func:`trained_pixel_diffusion`.
    """
    space, denoiser = LatentSpace(ConvAutoencoder(32), torch.zeros(2, 1, 28, 28)), Denoiser(CodeNet())
    load_weights(_latent_parts(space, denoiser), "latent_diffusion.npz")
    return space, denoiser


def trained_conditional_diffusion() -> tuple[LatentSpace, Denoiser]:
    """The same latent diffusion, able to draw the digit asked for, in eval mode: the space, and the denoiser in it.

    The denoiser is that of :func:`trained_latent_diffusion`, frozen, with a row for each of the ten digits
    (:func:`with_labels`), trained by ``tools/make_generators.py``. ``sample`` takes it as it is, for any digit, and as
    ``Guided(denoiser, y, strength)`` for the digits y. Errors as for :func:`trained_pixel_diffusion`.
    """
    space, plain = trained_latent_diffusion()
    denoiser = with_labels(plain)
    load_weights(denoiser.net.get_submodule("label"), "digit_labels.npz")
    return space, denoiser.eval()


def _latent_parts(space: LatentSpace, denoiser: Denoiser) -> nn.ModuleDict:
    """Both parts as one module, as they are stored."""
    return nn.ModuleDict({"space": space, "denoiser": denoiser})

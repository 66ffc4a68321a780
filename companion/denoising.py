"""Noise, networks that remove it, and what they learn about the data: noisy (B, C, H, W) -> clean (B, C, H, W)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from companion._support.checks import (
    check_channels,
    check_image_shape,
    check_images,
    check_maps,
    check_model_input,
    check_positive,
    check_same_shape,
)
from companion.autoencoder import DenseAutoencoder
from companion.losses import mse
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_


def gaussian_noise(x: Tensor, sigma: float = 0.2) -> Tensor:
    """Add independent Gaussian noise of standard deviation ``sigma`` to every pixel: (B, C, H, W) -> the same shape.

    The result is not clipped: it leaves [0, 1], as the noise of a sensor does before it is stored.

    Raises:
        ValueError: ``sigma`` is negative or not finite.
    """
    _check_level(sigma, "sigma", upper=float("inf"))
    return x + sigma * torch.randn_like(x)


def salt_and_pepper_noise(x: Tensor, p: float = 0.1) -> Tensor:
    """Turn each pixel black or white, with probability p/2 each: (B, C, H, W) -> the same shape.

    Raises:
        ValueError: ``p`` is outside [0, 1].
    """
    _check_level(p, "p", upper=1)
    u = torch.rand_like(x)
    return torch.where(u < p / 2, 0.0, torch.where(u > 1 - p / 2, 1.0, x))


def masking_noise(x: Tensor, p: float = 0.3) -> Tensor:
    """Set each pixel to 0 with probability ``p``: (B, C, H, W) -> the same shape.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Source: Vincent, Larochelle, Bengio and Manzagol, Extracting and composing robust features with denoising
    autoencoders, 2008.
    """
    _check_level(p, "p", upper=1)
    return x * (torch.rand_like(x) >= p)


def _check_level(value: float, name: str, upper: float) -> None:
    if not 0 <= value <= upper or value == float("inf"):  # also refuses NaN
        expected = "a finite number of at least 0" if upper == float("inf") else f"a number from 0 to {upper}"
        raise ValueError(f"{name} is {value!r}; expected {expected}.")


def denoising(noise: Callable[[Tensor], Tensor] = gaussian_noise) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """The objective of a denoiser, to be passed to ``fit``: x -> x_noisy -> z -> x_hat, compared with the *clean* x.

    Args:
        noise: (B, C, H, W) -> the same shape. Another level: ``lambda x: gaussian_noise(x, 0.5)``.

    Source: Vincent et al., 2008, as for :func:`masking_noise`.
    """

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_noisy = noise(x)
        x_hat = model(x_noisy)
        return {"loss": mse(x_hat, x)}

    return loss_fn


def noise2void(
    noise: Callable[[Tensor], Tensor] = gaussian_noise, spacing: int = 4
) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """The objective of a denoiser that never sees a clean image: guess hidden noisy pixels from what is around them.

    At each call another grid of pixels is hidden: they show the value of a neighbour, on the same side for all. Only
    there are answer and noisy image compared. The pixel that is asked for is nowhere in what the model sees; so if the
    noise is independent from pixel to pixel, and has mean zero given the clean image, the loss is in the mean the error
    against the clean pixels plus the noise's variance.

    Args:
        noise: (B, C, H, W) -> the same shape: all that is done with clean images. ``nn.Identity()`` if x is noisy already.
        spacing: from one hidden pixel of the grid to the next.

    Raises:
        ValueError: ``spacing`` is not a whole number above 1, or does not divide the images' height and width.

    Source: Krull, Buchholz and Jug, Noise2Void: learning denoising from single noisy images, 2019; the grid as in Batson
    and Royer, Noise2Self: blind denoising by self-supervision, 2019.
    """
    _check_spacing(spacing)

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        _check_grid(x, spacing)
        x_noisy = noise(x)
        row, column = torch.randint(spacing, (2,)).tolist()
        hidden = torch.zeros_like(x_noisy, dtype=torch.bool)
        hidden[:, :, row::spacing, column::spacing] = True
        axis, side = torch.randint(2, (2,)).tolist()
        neighbour = x_noisy.roll(2 * side - 1, 2 + axis)
        x_hat = model(torch.where(hidden, neighbour, x_noisy))
        return {"loss": mse(x_hat[hidden], x_noisy[hidden])}

    return loss_fn


def _check_spacing(spacing: int) -> None:
    check_positive(spacing, "spacing", whole=True)
    if spacing == 1:
        raise ValueError(
            "spacing is 1; expected at least 2, or every pixel is hidden, and shows what another is asked for."
        )


def _check_grid(x: Tensor, spacing: int) -> None:
    if x.shape[2] % spacing or x.shape[3] % spacing:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected a height and width that spacing, {spacing}, divides. At the edge, a "
            "hidden pixel would show another hidden one."
        )


def sure(
    noise: Callable[[Tensor], Tensor] = gaussian_noise, sigma: float = 0.2, epsilon: float = 0.01
) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    """Stein's unbiased risk estimate: an objective that in the mean is the error against images which it never sees.

    For independent Gaussian noise it is the error against the noisy image, less sigma^2, plus 2 sigma^2 times the
    divergence per pixel: by how much an answer's pixel moves when its own noisy pixel does. The divergence is estimated
    by one step of ``epsilon`` in random directions, so the model is called twice. The loss may be negative.

    Args:
        noise: (B, C, H, W) -> the same shape: all that is done with clean images. ``nn.Identity()`` if x is noisy already.
        sigma: standard deviation of that noise.
        epsilon: how far each pixel is moved, small beside ``sigma``.

    Raises:
        ValueError: ``sigma`` or ``epsilon`` is not above 0, or the model changes the shape.

    Source: Stein, Estimation of the mean of a multivariate normal distribution, 1981; the divergence as in Ramani, Blu
    and Unser, Monte-Carlo SURE, 2008.
    """
    check_positive(sigma, "sigma")
    check_positive(epsilon, "epsilon")

    def loss_fn(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_noisy = noise(x)
        x_hat = model(x_noisy)
        error = mse(x_hat, x_noisy)
        push = torch.randn_like(x_noisy).sign()  # +1 or -1
        moved = model(x_noisy + epsilon * push) - x_hat
        divergence = (push * moved / epsilon).mean()
        return {"loss": error - sigma**2 + 2 * sigma**2 * divergence}

    return loss_fn


def article_network() -> DenseAutoencoder:
    """The denoising network of the article that this course grew from: 784-128-64-32-64-128-784, ReLU, sigmoid."""
    return DenseAutoencoder(code_size=32, hidden=(128, 64))


class Wiener(nn.Module):
    """The best linear denoiser for Gaussian noise, if mean and covariance are right: (B, C, H, W) -> the same shape.

    Nothing is trained: the constructor does all the work. The answer may leave [0, 1].

    Args:
        x: clean images (N, C, H, W), at least two.
        sigma: standard deviation of the noise.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1] or has only one, ``sigma`` is not above 0, or the
            noisy images have another shape.

    Source: Wiener, Extrapolation, interpolation, and smoothing of stationary time series, 1949; for images of any
    covariance, as in Jain, Fundamentals of digital image processing, 1989.
    """

    mean: Tensor
    filter: Tensor

    def __init__(self, x: Tensor, sigma: float = 0.2):
        super().__init__()
        check_images(x)
        if len(x) < 2:
            raise ValueError("x has one image; expected at least two, or there is no covariance.")
        check_positive(sigma, "sigma")
        self.image_shape = tuple(x.shape[1:])
        flat = x.flatten(1)  # (N, C*H*W)
        covariance = flat.T.cov()  # (C*H*W, C*H*W)
        noise = sigma**2 * torch.eye(len(covariance), device=x.device)
        self.register_buffer("mean", flat.mean(0))
        self.register_buffer("filter", covariance @ torch.linalg.inv(covariance + noise))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) noisy -> (B, C, H, W): the denoised image."""
        check_model_input(x, self.image_shape)
        away = x.flatten(1) - self.mean  # (B, C*H*W)
        return (self.mean + away @ self.filter.T).unflatten(1, self.image_shape)


class UNet(nn.Module):
    """Denoiser whose decoder also sees the encoder's feature maps: (B, C, H, W) -> (B, C, H, W) in (0, 1).

    There is no bottleneck to speak of: the skip connections hand fine detail straight across, so the network
    cannot be used to compress, and with a clean input it may copy. Noise in the input is what keeps it honest.

    Args:
        channels: feature maps at full, half and quarter resolution.
        image_shape: (C, H, W) of one image; H and W must be multiples of 4.
        mean_pixel: the grey that the untrained model answers with. Without it, the network can die in its
            first steps and answer black for good.

    Raises:
        ValueError: a size is not a whole number above 0, H or W is not a multiple of 4, ``x`` has another shape
            than the model's, or ``z`` is not the three maps of ``encode``.

    Source: Ronneberger, Fischer and Brox, U-Net: convolutional networks for biomedical image segmentation, 2015.
    """

    def __init__(self, channels=(16, 32, 64), image_shape=(1, 28, 28), mean_pixel=MEAN_PIXEL):
        super().__init__()
        check_image_shape(image_shape, multiple_of=4)
        check_channels(channels, 3)
        c1, c2, c3 = channels
        c, h, w = image_shape
        self.image_shape = tuple(image_shape)
        self.map_shapes = [(c1, h, w), (c2, h // 2, w // 2), (c3, h // 4, w // 4)]
        self.down1 = nn.Conv2d(c, c1, 3, padding=1)
        self.down2 = nn.Conv2d(c1, c2, 3, stride=2, padding=1)
        self.down3 = nn.Conv2d(c2, c3, 3, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(c3, c2, 4, stride=2, padding=1)
        self.up1 = nn.ConvTranspose2d(2 * c2, c1, 4, stride=2, padding=1)
        self.out = nn.Conv2d(2 * c1, c, 3, padding=1)
        orthogonal_(self)
        answer_grey_(self.out, mean_pixel)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, C, H, W) -> maps at full, half and quarter resolution, which together are larger than the image."""
        check_model_input(x, self.image_shape)
        h1 = torch.relu(self.down1(x))  # (B, 16, 28, 28)
        h2 = torch.relu(self.down2(h1))  # (B, 32, 14, 14)
        h3 = torch.relu(self.down3(h2))  # (B, 64, 7, 7)
        return h1, h2, h3

    def decode(self, z: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """The three maps of ``encode`` -> (B, C, H, W) in (0, 1)."""
        check_maps(z, self.map_shapes)
        h1, h2, h3 = z
        u2 = torch.relu(self.up2(h3))  # (B, 32, 14, 14)
        u1 = torch.relu(self.up1(torch.cat([u2, h2], 1)))  # (B, 16, 28, 28)
        return torch.sigmoid(self.out(torch.cat([u1, h1], 1)))  # (B, C, 28, 28)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) noisy -> (B, C, H, W): the denoised image."""
        return self.decode(self.encode(x))


def tweedie_score(denoiser: Callable[[Tensor], Tensor], x_noisy: Tensor, sigma: float) -> Tensor:
    """The gradient of the log-density of noisy data, read off a denoiser: x_noisy (B, ...) -> (B, ...).

    The best possible denoiser for Gaussian noise answers E[x | x_noisy] = x_noisy + sigma^2 * score (Tweedie's
    formula), so score = (denoiser(x_noisy) - x_noisy) / sigma^2. In units of 1 / data.

    Raises:
        ValueError: ``sigma`` is not above 0, or the denoiser changes the shape.

    Source: Efron, Tweedie's formula and selection bias, 2011; for trained denoisers, Alain and Bengio, What
    regularized auto-encoders learn from the data-generating distribution, 2014.
    """
    check_positive(sigma, "sigma")
    x_hat = denoiser(x_noisy)
    check_same_shape(x_hat, x_noisy)
    return (x_hat - x_noisy) / sigma**2

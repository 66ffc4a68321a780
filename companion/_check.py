"""The checks behind the package's error messages: what was given, what was expected, what to do."""

import torch
from torch import Tensor


def check_images(x, name="x", *, unit_range=True) -> Tensor:
    """Return ``x`` if it is a batch of images ``(B, C, H, W)``, float32, finite, not empty, in [0, 1].

    Args:
        x: what the caller was given.
        name: what the caller calls it, for the message.
        unit_range: False for images that may leave [0, 1], such as noisy ones.

    Raises:
        TypeError: not a tensor, or not float32.
        ValueError: wrong number of dimensions, empty, NaN or infinite, or outside [0, 1].
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} is a {type(x).__name__}; expected a float32 tensor of images (B, C, H, W). "
            f"Convert it first, for example with torch.as_tensor({name}, dtype=torch.float32)."
        )
    if x.ndim != 4:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected images (B, C, H, W). A single (H, W) image "
            f"becomes a batch with {name}[None, None]; flat pixels with {name}.reshape(-1, 1, 28, 28)."
        )
    if x.dtype != torch.float32:
        raise TypeError(
            f"{name} has dtype {x.dtype}; expected torch.float32 with values in [0, 1]. "
            f"For 0..255 pixels use {name}.float() / 255, otherwise {name}.float()."
        )
    if x.numel() == 0:
        raise ValueError(f"{name} is empty, with shape {tuple(x.shape)}; expected at least one image.")
    low, high = (float(v) for v in x.detach().aminmax())
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise ValueError(f"{name} contains NaN or infinity; expected finite pixels. Remove or repair those images.")
    if unit_range and (low < 0 or high > 1):
        hint = f"Divide by 255: {name} / 255." if high > 2 else f"Use {name}.clamp(0, 1) if that is what you mean."
        raise ValueError(f"{name} has values from {low:.3g} to {high:.3g}; expected pixels in [0, 1]. {hint}")
    return x


def check_same_shape(x_hat: Tensor, x: Tensor) -> None:
    """Raise a ValueError unless both tensors have the same, non-empty, shape (broadcasting hides mistakes)."""
    if x_hat.shape != x.shape:
        raise ValueError(
            f"x_hat has shape {tuple(x_hat.shape)} and x has shape {tuple(x.shape)}; expected the same shape. "
            "A model's output must have the shape of its input: reshape one of them."
        )
    if x.numel() == 0:
        raise ValueError(f"x is empty, with shape {tuple(x.shape)}; expected at least one image.")


def check_positive(value, name: str, *, whole: bool = False) -> None:
    """Raise unless ``value`` is a finite number above zero (and whole, if asked)."""
    kind = "a whole number above 0" if whole else "a number above 0"
    is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value < float("inf"):
        raise ValueError(f"{name} is {value!r}; expected {kind}.")


def check_not_negative(value, name: str) -> None:
    """Raise unless ``value`` is a finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{name} is {value!r}; expected a finite number of at least 0.")


def check_fraction(value, name: str) -> None:
    """Raise unless 0 < ``value`` < 1."""
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise ValueError(f"{name} is {value!r}; expected a number between 0 and 1, both excluded.")


def check_model_input(x: Tensor, image_shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless ``x`` is a batch of images of the shape the model was built for."""
    if x.ndim != 4 or tuple(x.shape[1:]) != image_shape:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; this model expects (B, {', '.join(map(str, image_shape))}). "
            "Reshape x, or build the model with image_shape=(C, H, W) of your images."
        )


def check_code(z: Tensor, code_size: int) -> None:
    """Raise a ValueError unless ``z`` is a batch of codes of the size the model was built for."""
    if z.ndim != 2 or z.shape[1] != code_size:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; this model expects codes (B, {code_size}), as encode returns them. "
            "A single code becomes a batch with z[None]."
        )


def check_image_shape(image_shape, *, multiple_of: int = 1) -> None:
    """Raise a ValueError unless ``image_shape`` is (C, H, W), each above 0, with H and W such multiples."""
    is_shape = isinstance(image_shape, tuple | list) and len(image_shape) == 3
    if not is_shape or any(not isinstance(n, int) or n <= 0 for n in image_shape):
        raise ValueError(
            f"image_shape is {image_shape}; expected (C, H, W), whole numbers above 0, such as (1, 28, 28) for grey images."
        )
    if any(n % multiple_of for n in image_shape[1:]):
        raise ValueError(
            f"image_shape is {image_shape}; expected (C, H, W) with H and W multiples of {multiple_of}. "
            "Pad or crop the images."
        )


def check_channels(channels, count: int) -> tuple[int, ...]:
    """Return ``channels`` as a tuple if it holds ``count`` whole numbers above 0, one for each resolution."""
    if not isinstance(channels, tuple | list) or len(channels) != count:
        raise ValueError(f"channels is {channels!r}; expected {count} whole numbers, one for each resolution.")
    for size in channels:
        check_positive(size, "every entry of channels", whole=True)
    return tuple(channels)


def check_maps(z, shapes: list[tuple[int, ...]]) -> tuple[Tensor, ...]:
    """Return ``z`` if it is a tuple of batches of feature maps of these shapes (C, H, W), as a U-Net's encoder gives."""
    is_tuple = isinstance(z, tuple | list) and all(isinstance(h, Tensor) for h in z)
    given = [tuple(h.shape) for h in z] if is_tuple else type(z).__name__
    if not is_tuple or [shape[1:] for shape in given] != shapes:
        raise ValueError(
            f"z is {given}; expected a tuple of maps of shape (B, C, H, W) with (C, H, W) {shapes}, as encode returns."
        )
    return tuple(z)

"""The checks behind the package's error messages: what was given, what was expected, what to do.

The advice is an expression in the caller's own name for the images, such as ``x.permute(0, 3, 1, 2) / 255``. It is chosen
by what was given, and it is complete: what it returns passes the check.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from math import isqrt, prod
from numbers import Integral, Real
from weakref import WeakSet

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

IMAGES = "a float32 tensor of images (B, C, H, W)"

# Mean and standard deviation that tutorials standardise with: MNIST's, Fashion-MNIST's.
_KNOWN_SCALES = ((0.1307, 0.3081), (0.2860, 0.3530))


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
        raise TypeError(f"{name} is {_kind(x)}; expected {IMAGES}. {_advice(x, name, unit_range)}")
    if x.ndim != 4:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected images (B, C, H, W). {_advice(x, name, unit_range)}"
        )
    if x.dtype != torch.float32:
        raise TypeError(
            f"{name} has dtype {x.dtype}; expected torch.float32 with values in [0, 1]. {_advice(x, name, unit_range)}"
        )
    if x.layout != torch.strided:
        raise TypeError(f"{name} is a sparse tensor; expected {IMAGES}. {_advice(x, name, unit_range)}")
    if x.numel() == 0:
        raise ValueError(f"{name} is empty, with shape {tuple(x.shape)}; expected at least one image.")
    low, high = (float(v) for v in x.detach().aminmax())
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise ValueError(
            f"{name} contains NaN or infinity; expected finite pixels. Remove or repair those images: "
            f"{name}[{name}.isfinite().flatten(1).all(1)] keeps the others."
        )
    if unit_range and (low < 0 or high > 1):
        raise ValueError(
            f"{name} has values from {low:.3g} to {high:.3g}; expected pixels in [0, 1]. {_advice(x, name, unit_range)}"
        )
    return x


# --- advice: what was given -> an expression that gives images --------------------------------------------------------


def _kind(x) -> str:
    """ "a ndarray", and for a class its name: what ``x`` is, in few words."""
    return f"the class {x.__name__}" if isinstance(x, type) else f"a {type(x).__name__}"


def _advice(x, name: str, unit_range: bool) -> str:
    """A sentence on how to make images of ``x``: conversion, shape, type and range in one expression, as far as needed."""
    text = name
    if not isinstance(x, Tensor):
        text, x = _as_tensor(x, name)
        if x is None:
            return text
    steps: list[Callable] = [_as_batch, _as_float]
    if unit_range:
        steps.append(_as_unit_range)
    hints = []
    for step in steps:
        text, hint, x = step(text, x)
        if hint:
            hints.append(hint)
        if x is None:
            break
    return " ".join([f"Use {text}." if text != name else "", *hints]).strip()


def _as_tensor(x, name: str) -> tuple[str, Tensor | None]:
    """(expression, tensor), or (a sentence, None) where no expression is known."""
    if isinstance(x, dict):
        for key, value in x.items():
            if getattr(value, "ndim", 0) >= 2:
                return _inside(value, f"{name}[{key!r}]")
        return f"It has the keys {list(x)}: pass the images alone.", None
    if isinstance(x, tuple) and hasattr(x, "_fields"):  # such as what digits() returns
        for field in ("x_train", "x", "features"):
            if field in x._fields:
                return _inside(getattr(x, field), f"{name}.{field}")
    if isinstance(x, DataLoader):
        item = _first(x.dataset)
        pair = isinstance(item, tuple | list)
        text = f"torch.cat([batch[0] for batch in {name}])" if pair else f"torch.cat(list({name}))"
        return text, _one_item(item[0] if pair else item)
    if isinstance(x, TensorDataset):
        return _inside(x.tensors[0], f"{name}.tensors[0]")
    if isinstance(x, np.ndarray):
        if x.dtype == object:
            return "Its images have different sizes or types: resize them, and join them with np.stack.", None
        return f"torch.as_tensor({name})", torch.from_numpy(np.array(x))
    if hasattr(x, "to_numpy"):  # a table
        return f"torch.as_tensor({name}.to_numpy())", torch.as_tensor(np.array(x.to_numpy()))
    if _is_picture(x):
        return f"torch.as_tensor(np.array({name}))", torch.from_numpy(np.array(x))
    if isinstance(x, tuple | list) and len(x):
        return _sequence_as_tensor(x, name)
    if not isinstance(x, str | bytes | type) and hasattr(x, "__getitem__") and hasattr(x, "__len__") and len(x):
        return _data_set_as_tensor(x, name)
    if isinstance(x, nn.Module):
        return "The model comes first, then the images.", None
    if x is None:
        return "Perhaps the function that should have made it lacks a return.", None
    if callable(x):
        return "Pass what it returns: call it.", None
    return "Pass the pixels themselves, for example digits().x_train.", None


def _inside(value, text: str) -> tuple[str, Tensor | None]:
    """The images found inside a container."""
    return (text, value) if isinstance(value, Tensor) else _as_tensor(value, text)


def _sequence_as_tensor(x, name: str) -> tuple[str, Tensor | None]:
    first = x[0]
    shapes = [tuple(getattr(item, "shape", ())) for item in x]
    if len(x) == 2 and len(shapes[0]) > 1 and len(shapes[1]) <= 1:  # images and labels
        return _inside(first, f"{name}[0]")
    if all(isinstance(item, Tensor) for item in x):
        if len(set(shapes)) == 1:
            return f"torch.stack(list({name}))", torch.stack(list(x))
    elif all(_is_picture(item) for item in x):
        if len({item.size for item in x}) == 1:
            arrays = f"np.stack([np.array(image) for image in {name}])"
            return f"torch.as_tensor({arrays})", torch.from_numpy(np.stack([np.array(item) for item in x]))
    else:
        try:
            return f"torch.as_tensor(np.array({name}))", torch.from_numpy(np.array(x))
        except (TypeError, ValueError):  # ragged, or no numbers
            pass
    return "Its images have different sizes or types: resize them, and join them with torch.stack.", None


def _data_set_as_tensor(x, name: str) -> tuple[str, Tensor | None]:
    """Judged by its first image: to read all of them can take long."""
    item = _first(x)
    pair = isinstance(item, tuple | list)
    image, variables = (item[0], "image, _") if pair else (item, "image")
    array = "np.array(image)" if _is_picture(image) else "image"
    text = f"torch.stack([torch.as_tensor({array}) for {variables} in {name}])"
    return text, _one_item(image)


def _one_item(image) -> Tensor:
    """A batch of one, as the whole set will look."""
    return (image if isinstance(image, Tensor) else torch.from_numpy(np.array(image)))[None]


def _first(items):
    return items[0] if hasattr(items, "__getitem__") else next(iter(items))


def _is_picture(x) -> bool:
    """A PIL image; Pillow itself need not be loaded to tell."""
    return type(x).__module__.startswith("PIL.")


def _as_batch(text: str, x: Tensor) -> tuple[str, str, Tensor | None]:
    """(expression, a remark, images (B, C, H, W)); None for the images where only the caller can know."""
    shape = tuple(x.shape)
    if x.layout != torch.strided:
        return _as_batch(f"{text}.to_dense()", x.to_dense())
    if x.ndim == 4:
        if shape[3] in (1, 3, 4) and min(shape[1:3]) > 4:
            return f"{text}.permute(0, 3, 1, 2)", "", x.permute(0, 3, 1, 2)
        return text, "", x
    if x.ndim == 5:
        return f"{text}.flatten(0, 1)", "", x.flatten(0, 1)
    if x.ndim == 3:
        if shape[2] in (1, 3, 4) and min(shape[:2]) > 4:
            return f"{text}.permute(2, 0, 1)[None]", "", x.permute(2, 0, 1)[None]
        if shape[0] in (3, 4) and min(shape[1:]) > 4:
            remark = f"That is one image of {shape[0]} channels; for {shape[0]} grey images use {text}[:, None]."
            return f"{text}[None]", remark, x[None]
        return f"{text}[:, None]", "", x[:, None]
    if x.ndim in (1, 2):
        rows, width = (1, *shape)[-2:]
        grey, colour = isqrt(width), isqrt(width // 3)
        if x.ndim == 2 and rows == width:
            return f"{text}[None, None]", "That is one image.", x[None, None]
        if width > 1 and grey**2 == width:
            return f"{text}.reshape(-1, 1, {grey}, {grey})", "", x.reshape(-1, 1, grey, grey)
        if width > 3 and 3 * colour**2 == width:
            return f"{text}.reshape(-1, 3, {colour}, {colour})", "", x.reshape(-1, 3, colour, colour)
        if x.ndim == 2:
            remark = (
                f"That is one image; if each row is a case of its own, {text}[:, None, None] makes {rows} images of "
                f"one line, for a model with image_shape=(1, 1, {width})."
            )
            return f"{text}[None, None]", remark, x[None, None]
        return f"{text}[None, None, None]", "That is one image of one line.", x[None, None, None]
    return text, "Pass all images in one tensor.", None


def _as_float(text: str, x: Tensor) -> tuple[str, str, Tensor | None]:
    """(expression, a remark, the same as float32); whole numbers are taken for pixels from 0 to 255 or 65535."""
    if x.dtype == torch.float32:
        return text, "", x
    if x.is_complex():
        return f"{text}.abs().float()", "", x.abs().float()
    as_float = x.float()
    if x.is_floating_point() or x.dtype == torch.bool or not x.numel():
        return f"{text}.float()", "", as_float
    high = 255 if as_float.max() <= 255 else 65535
    if x.dtype != torch.uint8 and as_float.max() <= 1:
        return f"{text}.float()", "", as_float
    return f"{text}.float() / {high}", "", as_float / high


def _as_unit_range(text: str, x: Tensor) -> tuple[str, str, Tensor | None]:
    """(expression, a remark, the same in [0, 1]), by the sign and the size of the values."""
    x = x.detach()
    if not x.numel() or not x.isfinite().all():
        return text, "", None
    low, high = (float(v) for v in x.aminmax())
    if low >= 0 and high <= 1:
        return text, "", x
    if low >= 0 and high > 2:
        for top in (255, 65535):
            if high <= top:
                return f"{text} / {top}", "", x / top
    for mean, std in _KNOWN_SCALES:
        if abs(low + mean / std) < 1e-3 and 1 < high < (1 - mean) / std + 1e-3:
            undone = f"({text} * {std} + {mean}).clamp(0, 1)"
            return undone, "That undoes a standardisation; or load the images without Normalize.", x
    if -1.001 < low < -0.9 and high < 1.001:
        return f"({text} + 1) / 2", "", (x + 1) / 2
    spread = float(x.std()) if x.numel() > 1 else 0.0
    if low < 0 and (high > 2 or low < -2 or (high > 1 and abs(float(x.mean())) < 0.35 and spread > 0.6)):
        remark = (
            "The images look standardised: load them without Normalize, or undo it, x * std + mean with the numbers "
            f"that were used. ({text} - {text}.min()) / ({text}.max() - {text}.min()) does so up to the contrast."
        )
        return text, remark, x
    if high > 65535:
        return f"{text} / {text}.max()", "", x / high
    return f"{text}.clamp(0, 1)", "That cuts off what lies outside, if that is what you mean.", x.clamp(0, 1)


# --- pairs and numbers ------------------------------------------------------------------------------------------------


def check_same_shape(x_hat: Tensor, x: Tensor) -> None:
    """Raise unless both are tensors of one, non-empty, shape (broadcasting hides mistakes) and of real numbers.

    Raises:
        TypeError: one is no tensor, or holds whole numbers, such as pixels from 0 to 255.
        ValueError: the shapes differ, or are empty.
    """
    for name, value in (("x_hat", x_hat), ("x", x)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} is {_kind(value)}; expected a tensor. {_tensor_advice(value, name)}")
        if not value.is_floating_point():
            text, _, _ = _as_float(name, value.detach())
            raise TypeError(f"{name} has dtype {value.dtype}; expected real numbers, torch.float32. Use {text}.")
    if x_hat.shape != x.shape:
        raise ValueError(
            f"x_hat has shape {tuple(x_hat.shape)} and x has shape {tuple(x.shape)}; expected the same shape. "
            f"A model's output must have the shape of its input: {_same_shape_advice(tuple(x_hat.shape), tuple(x.shape))}"
        )
    if x.numel() == 0:
        raise ValueError(f"x is empty, with shape {tuple(x.shape)}; expected at least one image.")


def _tensor_advice(value, name: str) -> str:
    if isinstance(value, nn.Module):
        return (
            "A loss compares two tensors. To train with it, write the objective that fit expects: "
            'def loss_fn(model, x): return {"loss": mse(model(x), x)}.'
        )
    if isinstance(value, tuple) and len(value) == 2:
        return "A VAE's encode returns a pair, mu and logvar; its reconstruction is model(x)."
    return f"Use torch.as_tensor({name}, dtype=torch.float32)."


def _same_shape_advice(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(given) == len(wanted) == 4 and (given[0], given[3], given[1], given[2]) == wanted:
        return "use x_hat.permute(0, 3, 1, 2)."
    if len(given) == len(wanted) == 4 and (wanted[0], wanted[3], wanted[1], wanted[2]) == given:
        return "use x.permute(0, 3, 1, 2)."
    if prod(given) == prod(wanted) and given[:1] == wanted[:1]:
        return "reshape one of them, x_hat.reshape(x.shape)."
    return "change the model's last layer, or reshape one of them."


# Losses that check_reduction has found good: an objective may be made anew in every step, with another beta.
_REDUCED_WELL: WeakSet[Callable] = WeakSet()


def check_reduction(loss: Callable[[Tensor, Tensor], Tensor], name: str) -> None:
    """Raise unless ``loss(x_hat, x)`` is one number that grows with the pixels and not with the images.

    A term of each image, such as a KL divergence, may be added to no other. A loss that refuses the small pictures
    it is tried on (one with a number for every pixel, say) is taken as it is.

    Raises:
        TypeError: ``loss`` cannot be called.
        ValueError: it is a mean over pixels, a sum over images, or no single number.
    """
    if not callable(loss):
        raise TypeError(
            f"{name} is {_kind(loss)}; expected a function (x_hat, x) -> a number, such as squared_error or bce."
        )
    if isinstance(loss, Hashable) and loss in _REDUCED_WELL:
        return
    x = torch.linspace(0.1, 0.9, 2 * 16 * 16).reshape(2, 1, 16, 16)
    large, many = torch.cat([torch.cat([x, x], 2)] * 2, 3), torch.cat([x, x])  # four times the pixels, twice the images
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            values = [loss(torch.full_like(images, 0.3), images) for images in (x, large, many)]
            if all(isinstance(value, Tensor) and value.numel() == 1 for value in values):
                once, four_times, twice = (abs(float(value)) for value in values)
    except Exception:  # whatever a loss of one's own may raise on images of another size
        return
    expected = "expected a number in nats, summed over pixels and averaged over images"
    remedy = (
        "Use squared_error or bce, or reduction='sum' divided by len(x). To weigh a sum down on purpose, divide it: "
        "lambda x_hat, x: squared_error(x_hat, x) / 784."
    )
    if not all(isinstance(value, Tensor) and value.numel() == 1 for value in values):
        raise ValueError(f"{name} does not return a single number; {expected}. {remedy}")
    if once > 0 and four_times < 2 * once:
        raise ValueError(
            f"{name} is a mean over pixels: it stays at {once:.3g} for images with four times the pixels; {expected}. "
            f"The KL divergence, a sum over the code, would outweigh it, and the code would carry nothing. {remedy}"
        )
    if twice > 1.5 * once:
        raise ValueError(f"{name} is a sum over images: it doubles with the batch; {expected}. {remedy}")
    with suppress(TypeError):  # not everything that can be called can be remembered
        _REDUCED_WELL.add(loss)


def check_positive(value, name: str, *, whole: bool = False) -> None:
    """Raise unless ``value`` is a finite number above zero (and whole, if asked). NumPy's numbers count."""
    kind = "a whole number above 0" if whole else "a number above 0"
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not is_number or not 0 < value < float("inf"):
        raise ValueError(f"{name} is {_shown(value)}; expected {kind}.")


def check_not_negative(value, name: str) -> None:
    """Raise unless ``value`` is a finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
        raise ValueError(f"{name} is {_shown(value)}; expected a finite number of at least 0.")


def check_fraction(value, name: str) -> None:
    """Raise unless 0 < ``value`` < 1."""
    if not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(f"{name} is {_shown(value)}; expected a number between 0 and 1, both excluded.")


def _shown(value) -> str:
    """A wrong number as the message shows it: a tensor with what makes a number of it, a model by its class."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}" + (", which .item() makes a number" if value.ndim == 0 else "")
    return _kind(value) if isinstance(value, nn.Module) else repr(value)


def check_probabilities(value: Tensor, name: str) -> None:
    """Raise unless all values lie in [0, 1]; ``name`` is "x_hat" for what a model answered, else that of the target.

    Raises:
        ValueError: a value lies outside [0, 1], or is NaN.
    """
    low, high = (float(v) for v in value.detach().aminmax())
    if low >= 0 and high <= 1:
        return
    if not (abs(low) < float("inf") and abs(high) < float("inf")):  # also NaN
        if name == "x_hat":
            raise ValueError(
                "x_hat contains NaN or infinity: the model has diverged. Build it anew and lower the learning rate."
            )
        raise ValueError(f"{name} contains NaN or infinity; expected pixels in [0, 1]. Remove or repair those images.")
    given = f"{name} has values from {low:.3g} to {high:.3g}; binary cross-entropy expects [0, 1]."
    if name == "x_hat":
        raise ValueError(
            f"{given} Put a sigmoid at the end of the model, torch.sigmoid(x_hat), or, if x_hat are logits, use "
            "bce_with_logits(x_hat, x). For answers that may leave [0, 1] use squared_error."
        )
    text, remark, _ = _as_unit_range(name, value)
    remedy = f"Use {text}." if text != name else ""
    raise ValueError(f"{given} The target is at fault, not the model. {remedy} {remark}".rstrip().replace(".  ", ". "))


# --- what a model is given --------------------------------------------------------------------------------------------


def check_model_input(x: Tensor, image_shape: tuple[int, ...]) -> None:
    """Raise unless ``x`` is a batch of images, not empty, of the shape the model was built for.

    Raises:
        TypeError: ``x`` is no tensor of real numbers.
        ValueError: its shape does not fit.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"x is {_kind(x)}; expected {IMAGES}. {_advice(x, 'x', True)}")
    if x.ndim != 4 or tuple(x.shape[1:]) != image_shape:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; this model expects (B, {', '.join(map(str, image_shape))}). "
            f"{_fitting_advice(x, image_shape)}"
        )
    if not x.is_floating_point():
        text, _, _ = _as_float("x", x)
        raise TypeError(f"x has dtype {x.dtype}; expected torch.float32 with values in [0, 1]. Use {text}.")
    if not len(x):
        raise ValueError(f"x is empty, with shape {tuple(x.shape)}; expected at least one image.")


def _fitting_advice(x: Tensor, wanted: tuple[int, ...]) -> str:
    """How to bring ``x`` to (B, C, H, W) with the wanted (C, H, W), without changing the order of its pixels."""
    shape, (c, h, w) = tuple(x.shape), wanted
    if shape[1:] == (h, w, c):
        return "Use x.permute(0, 3, 1, 2)."
    if shape == (h, w, c) and c > 1:
        return "Use x.permute(2, 0, 1)[None]."
    if shape == wanted:
        return "Use x[None]."
    if shape[1:] == (h, w) and c == 1:
        return "Use x[:, None]."
    if shape == (h, w) and c == 1:
        return "Use x[None, None]."
    if shape[-1:] == (prod(wanted),) and len(shape) <= 2:
        return f"Use x.reshape(-1, {c}, {h}, {w})."
    if len(shape) == 5 and shape[2:] == wanted:
        return "Use x.flatten(0, 1)."
    if len(shape) != 4:
        return "Reshape x, or build the model with image_shape=(C, H, W) of your images."
    build = f"build the model with image_shape={shape[1:]}"
    if shape[0] == 1 and shape[2:] == (h, w) and c == 1 and shape[1] > 4:
        return "Use x.transpose(0, 1)."
    if shape[1] in (3, 4) and shape[2:] == (h, w) and c == 1:
        return f"Use x[:, :3].mean(1, keepdim=True), which makes it grey, or {build}."
    if shape[1] == 1 and shape[2:] == (h, w):
        return f"Use x.expand(-1, {c}, -1, -1), or {build}."
    if shape[1] == c:
        return f"Use nn.functional.interpolate(x, ({h}, {w})), or {build}."
    return f"Reshape x, or {build}."


def check_code(z: Tensor, code_size: int) -> None:
    """Raise a ValueError unless ``z`` is a batch of codes, not empty, of the size the model was built for."""
    if not isinstance(z, Tensor):
        pair = " A VAE's encode returns a pair, mu and logvar: decode mu." if isinstance(z, tuple) else ""
        raise TypeError(f"z is {_kind(z)}; expected a tensor of codes (B, {code_size}), as encode returns it.{pair}")
    if z.ndim != 2 or z.shape[1] != code_size:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; this model expects codes (B, {code_size}), as encode returns them. "
            "A single code becomes a batch with z[None]."
        )
    if not len(z):
        raise ValueError(f"z is empty, with shape {tuple(z.shape)}; expected at least one code.")


def check_image_shape(image_shape, *, multiple_of: int = 1) -> None:
    """Raise a ValueError unless ``image_shape`` is (C, H, W), each above 0, with H and W such multiples."""
    is_shape = isinstance(image_shape, tuple | list) and len(image_shape) == 3
    if not is_shape or any(not isinstance(n, Integral) or n <= 0 for n in image_shape):
        raise ValueError(
            f"image_shape is {image_shape}; expected (C, H, W), whole numbers above 0, such as (1, 28, 28) for grey images."
        )
    if any(n % multiple_of for n in image_shape[1:]):
        raise ValueError(
            f"image_shape is {image_shape}; expected (C, H, W) with H and W multiples of {multiple_of}. "
            "Pad or crop the images."
        )


def check_sizes(code_size, hidden) -> None:
    """Raise a ValueError unless ``code_size`` and every entry of ``hidden`` are whole numbers above 0."""
    check_positive(code_size, "code_size", whole=True)
    for i, size in enumerate(hidden):
        check_positive(size, f"hidden[{i}]", whole=True)


def check_channels(channels, count: int) -> None:
    """Raise a ValueError unless ``channels`` holds ``count`` whole numbers above 0, one for each resolution."""
    if not isinstance(channels, tuple | list) or len(channels) != count:
        raise ValueError(f"channels is {channels!r}; expected {count} whole numbers, one for each resolution.")
    for i, size in enumerate(channels):
        check_positive(size, f"channels[{i}]", whole=True)


def check_maps(z, shapes: list[tuple[int, ...]]) -> None:
    """Raise a ValueError unless ``z`` is a tuple of batches of feature maps of these shapes (C, H, W)."""
    is_tuple = isinstance(z, tuple | list) and all(isinstance(h, Tensor) for h in z)
    given = [tuple(h.shape) for h in z] if is_tuple else type(z).__name__
    if not is_tuple or [shape[1:] for shape in given] != shapes:
        raise ValueError(
            f"z is {given}; expected a tuple of maps of shape (B, C, H, W) with (C, H, W) {shapes}, as encode returns."
        )


def check_colour(x: Tensor, name: str = "x") -> None:
    """Raise a ValueError unless the batch of images has three channels."""
    if x.shape[1] != 3:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected colour pictures (B, 3, H, W).")


def check_points(z, name: str = "z") -> None:
    """Raise unless ``z`` is a tensor (N, d) of finite numbers, and not empty."""
    if not isinstance(z, Tensor):
        raise TypeError(f"{name} is a {type(z).__name__}; expected a tensor (N, d): torch.as_tensor({name}).")
    if z.ndim != 2 or z.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(z.shape)}; expected (N, d), at least one point.")
    if not z.isfinite().all():
        raise ValueError(f"{name} contains NaN or infinity; expected finite numbers.")


def check_labels(y, z: Tensor, name: str = "y") -> None:
    """Raise unless ``y`` is a tensor of whole numbers, one for each point of ``z``."""
    if not isinstance(y, Tensor) or y.is_floating_point():
        kind = y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise TypeError(f"{name} is {kind}; expected a tensor of whole numbers, one label a point.")
    if y.shape != z.shape[:1]:
        raise ValueError(f"{name} has shape {tuple(y.shape)} for {len(z)} points; expected ({len(z)},).")


def check_kinds(y, z: Tensor, kinds: int) -> None:
    """Raise unless ``y`` is a tensor of whole numbers from 0 to ``kinds``, "no label", one for each item of ``z``."""
    check_labels(y, z)
    if y.min() < 0 or y.max() > kinds:
        raise ValueError(
            f"y has labels from {int(y.min())} to {int(y.max())}; expected 0 to {kinds - 1}, or {kinds} for no label."
        )


def check_codes(codes, entries: int) -> None:
    """Raise unless ``codes`` is a tensor (B, 7, 7) of whole numbers from 0 to ``entries`` - 1."""
    if not isinstance(codes, Tensor) or codes.is_floating_point():
        kind = codes.dtype if isinstance(codes, Tensor) else type(codes).__name__
        raise TypeError(f"codes is {kind}; expected a tensor of whole numbers, as VQVAE.nearest gives.")
    if codes.shape[1:] != (7, 7):
        raise ValueError(f"codes has shape {tuple(codes.shape)}; expected (B, 7, 7), as VQVAE.nearest gives.")
    if codes.numel() and (codes.min() < 0 or codes.max() >= entries):
        raise ValueError(
            f"codes go from {int(codes.min())} to {int(codes.max())}; this prior knows the entries 0 to {entries - 1}."
        )


def check_kinds_asked(kinds, codes: Tensor, known: int) -> None:
    """Raise unless ``kinds`` is a tensor of whole numbers from 0 to ``known`` - 1, one for each code."""
    check_labels(kinds, codes, "kinds")
    if kinds.numel() and (kinds.min() < 0 or kinds.max() >= known):
        raise ValueError(
            f"kinds go from {int(kinds.min())} to {int(kinds.max())}; this prior knows the kinds 0 to {known - 1}."
        )


def check_gaussian(mu: Tensor, logvar: Tensor) -> None:
    """Raise unless ``mu`` and ``logvar`` are batches (B, k) of one shape, not empty.

    Raises:
        TypeError: one is no tensor.
        ValueError: their shapes do not fit, or are empty.
    """
    if not isinstance(mu, Tensor) or not isinstance(logvar, Tensor):
        raise TypeError(
            f"mu is a {type(mu).__name__} and logvar a {type(logvar).__name__}; expected two tensors (B, k), as a VAE's "
            "encode returns them."
        )
    if mu.ndim != 2 or mu.shape != logvar.shape:
        raise ValueError(
            f"mu has shape {tuple(mu.shape)} and logvar has shape {tuple(logvar.shape)}; expected both (B, k), as "
            "encode returns them. A single code becomes a batch with mu[None]."
        )
    if mu.numel() == 0:
        raise ValueError(f"mu is empty, with shape {tuple(mu.shape)}; expected at least one code.")

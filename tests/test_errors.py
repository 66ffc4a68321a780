"""The error messages that the modules share: what was given, what was expected, what to do, and that the advice works.

Those of one module are tested beside it, such as test_vae.py, test_datasets.py and test_training.py.
"""

import contextlib
import re

import numpy as np
import PIL.Image
import pytest
import torch

from companion import (
    PCA,
    ConvAutoencoder,
    DenseAutoencoder,
    Explorer,
    PlaneExplorer,
    answer_grey_,
    bce,
    digits,
    evaluate,
    fit,
    gaussian_noise,
    mse,
    reconstruction,
    show_history,
    show_images,
    show_rows,
    squared_error,
)
from companion._support.checks import check_images
from companion.denoising import UNet, masking_noise, salt_and_pepper_noise, tweedie_score
from companion.losses import bce_with_logits

NAN = float("nan")
X = torch.rand(4, 1, 4, 4)


def model():
    return DenseAutoencoder(2, hidden=(4,), image_shape=(1, 4, 4))


def with_value(value):
    x = X.clone()
    x[1, 0, 2, 3] = value
    return x


def check(call, error, given, *rest):
    """The call raises just this error; its message has every fragment, in order, and ends as a sentence."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    message = str(caught.value)
    assert re.search(".*".join(re.escape(part) for part in (given, *rest)), message, re.DOTALL), message
    assert message.endswith((".", ").")), message


# --- images -----------------------------------------------------------------------------------------------------------

# What is no batch of images -> the error and its fragments; {x} is the argument's name.
NO_IMAGES = {
    "not a tensor": (X.numpy(), TypeError, "{x} is a ndarray", "expected a float32 tensor", "torch.as_tensor({x}"),
    "None": (None, TypeError, "{x} is a NoneType", "expected a float32 tensor"),
    "flat": (X.flatten(1), ValueError, "{x} has shape (4, 16)", "expected images (B, C, H, W)", "{x}.reshape("),
    "one image": (X[0, 0], ValueError, "{x} has shape (4, 4)", "expected images", "{x}[None, None]"),
    "bytes": ((X * 255).byte(), TypeError, "{x} has dtype torch.uint8", "expected torch.float32", "{x}.float() / 255"),
    "double": (X.double(), TypeError, "{x} has dtype torch.float64", "expected torch.float32", "{x}.float()"),
    "no image": (X[:0], ValueError, "{x} is empty, with shape (0, 1, 4, 4)", "expected at least one image"),
    "no pixel": (X[..., :0], ValueError, "{x} is empty, with shape (4, 1, 4, 0)", "expected at least one image"),
    "NaN": (with_value(NAN), ValueError, "{x} contains NaN or infinity", "expected finite", "Remove or repair"),
    "infinity": (with_value(float("inf")), ValueError, "{x} contains NaN or infinity", "expected finite"),
    "minus infinity": (with_value(-float("inf")), ValueError, "{x} contains NaN or infinity", "expected finite"),
}
OUT_OF_RANGE = {
    "0..255": (with_value(255.0), ValueError, "{x} has values from", "to 255; expected pixels in [0, 1]", "{x} / 255"),
    "above 1": (with_value(1.25), ValueError, "to 1.25; expected pixels in [0, 1]", "{x}.clamp(0, 1)"),
    "below 0": (
        with_value(-0.5),
        ValueError,
        "{x} has values from -0.5",
        "expected pixels in [0, 1]",
        "{x}.clamp(0, 1)",
    ),
}
STRICT = {
    "fit": ("x", lambda x: fit(model(), x, reconstruction())),
    "fit, x_test": ("x_test", lambda x: fit(model(), X, reconstruction(), x_test=x)),
    "evaluate": ("x", lambda x: evaluate(model(), x, reconstruction())),
}
ANY_RANGE = {
    "PCA": ("x", lambda x: PCA(x, 1)),
    "show_images": ("x", show_images),
    "show_rows": ("rows['noisy']", lambda x: show_rows({"clean": X, "noisy": x})),
}


@pytest.mark.parametrize(
    ("function", "case"),
    # For x_test, None means that there is no test set.
    [(f, case) for f in STRICT | ANY_RANGE for case in NO_IMAGES if (f, case) != ("fit, x_test", "None")],
)
def test_what_is_no_batch_of_images(function, case):
    name, call = (STRICT | ANY_RANGE)[function]
    x, error, *parts = NO_IMAGES[case]
    check(lambda: call(x), error, *(part.format(x=name) for part in parts))


@pytest.mark.parametrize("case", OUT_OF_RANGE)
@pytest.mark.parametrize("function", STRICT)
def test_pixels_outside_the_range(function, case):
    name, call = STRICT[function]
    x, error, *parts = OUT_OF_RANGE[case]
    check(lambda: call(x), error, *(part.format(x=name) for part in parts))


@pytest.mark.parametrize("case", OUT_OF_RANGE)
@pytest.mark.parametrize("function", ANY_RANGE)
def test_noisy_images_are_welcome_where_they_make_sense(function, case):
    """PCA and the plots take images that noise has moved out of [0, 1]."""
    ANY_RANGE[function][1](OUT_OF_RANGE[case][0])


def test_the_edges_of_the_range_are_inside():
    evaluate(model(), torch.ones(1, 1, 4, 4), reconstruction())
    evaluate(model(), torch.zeros(1, 1, 4, 4), reconstruction())


@pytest.mark.parametrize("bad", [0, -1, 2.5, "10", None, NAN, True])
def test_whole_numbers_above_zero(bad):
    calls = [
        ("epochs", lambda: fit(model(), X, reconstruction(), epochs=bad)),
        ("batch_size", lambda: fit(model(), X, reconstruction(), batch_size=bad)),
        ("batch_size", lambda: evaluate(model(), X, reconstruction(), batch_size=bad)),
        ("code_size", lambda: PCA(X, bad)),
        ("columns", lambda: show_images(X, columns=bad)),
        ("code_size", lambda: DenseAutoencoder(bad)),
        ("hidden[1]", lambda: DenseAutoencoder(2, hidden=(4, bad))),
        ("code_size", lambda: ConvAutoencoder(bad)),
        ("channels[1]", lambda: ConvAutoencoder(2, channels=(4, bad))),
        ("channels[1]", lambda: UNet(channels=(4, bad, 4))),
    ]
    for name, call in calls:
        check(call, ValueError, f"{name} is {bad!r}; expected a whole number above 0")


@pytest.mark.parametrize("bad", [(4,), (4, 4, 4, 4), (), 16, None, "abc"])
def test_channels_for_each_resolution(bad):
    check(lambda: UNet(channels=bad), ValueError, f"channels is {bad!r}; expected 3 whole numbers, one for each")
    check(lambda: ConvAutoencoder(2, channels=bad), ValueError, f"channels is {bad!r}; expected 2 whole numbers")


def test_the_maps_of_a_unet():
    unet = UNet(channels=(2, 3, 4), image_shape=(1, 8, 8))
    h1, h2, _ = unet.encode(torch.rand(2, 1, 8, 8))
    expected = "(C, H, W) [(2, 8, 8), (3, 4, 4), (4, 2, 2)], as encode returns"
    for bad, given in [
        (h1, "z is Tensor; "),
        (None, "z is NoneType; "),
        ((h1, h2), "z is [(2, 2, 8, 8), (2, 3, 4, 4)]; "),
        ((h1, h2, h2), "z is [(2, 2, 8, 8), (2, 3, 4, 4), (2, 3, 4, 4)]; "),
        ((h1, h2, 3), "z is tuple; "),
    ]:
        check(lambda bad=bad: unet.decode(bad), ValueError, given)
        check(lambda bad=bad: unet.decode(bad), ValueError, expected)


@pytest.mark.parametrize("bad", [0, -0.1, NAN, float("inf"), "fast", None, True])
def test_numbers_above_zero(bad):
    check(lambda: fit(model(), X, reconstruction(), lr=bad), ValueError, f"lr is {bad!r}; expected a number above 0")
    check(lambda: tweedie_score(lambda x: x, X, bad), ValueError, f"sigma is {bad!r}; expected a number above 0")


def test_bad_arguments_are_refused_before_the_model_is_touched():
    untouched = model().eval()
    before = [p.clone() for p in untouched.parameters()]
    with pytest.raises(ValueError, match="epochs is 0"):
        fit(untouched, X, reconstruction(), epochs=0)
    assert not untouched.training
    assert all(torch.equal(a, b) for a, b in zip(untouched.parameters(), before, strict=True))


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [DenseAutoencoder, ConvAutoencoder, UNet])
@pytest.mark.parametrize("bad", [(28, 28), (1, 28, 28, 1), (1, 0, 28), (1, 28, -4), (1, 28.0, 28), 28, None, "abc"])
def test_an_image_shape_is_three_whole_numbers(build, bad):
    check(lambda: build(image_shape=bad), ValueError, f"image_shape is {bad}", "expected (C, H, W)", "(1, 28, 28)")


@pytest.mark.parametrize("build", [ConvAutoencoder, UNet])
@pytest.mark.parametrize("bad", [(1, 30, 28), (1, 28, 30)])
def test_convolutions_need_multiples_of_four(build, bad):
    check(lambda: build(image_shape=bad), ValueError, f"image_shape is {bad}", "multiples of 4", "Pad or crop")
    DenseAutoencoder(2, image_shape=bad)  # which a dense model does not


@pytest.mark.parametrize("build", [DenseAutoencoder, ConvAutoencoder, UNet])
@pytest.mark.parametrize("bad", [0, 1, -0.1, NAN, "grey", None])
def test_a_mean_pixel_is_between_black_and_white(build, bad):
    check(lambda: build(mean_pixel=bad), ValueError, f"mean_pixel is {bad!r}", "expected a number between 0 and 1")


def test_answer_grey():
    layer = torch.nn.Linear(2, 2)
    check(lambda: answer_grey_(layer, 1), ValueError, "mean_pixel is 1", "expected a number between 0 and 1")
    layer = torch.nn.Linear(2, 2, bias=False)
    check(lambda: answer_grey_(layer, 0.5), ValueError, "has no bias; expected", "bias=True")


@pytest.mark.parametrize(
    "build",
    [
        lambda shape: DenseAutoencoder(2, image_shape=shape),
        lambda shape: ConvAutoencoder(2, image_shape=shape),
        lambda shape: UNet(image_shape=shape),
        lambda shape: PCA(torch.rand(4, *shape), 2),
    ],
    ids=["DenseAutoencoder", "ConvAutoencoder", "UNet", "PCA"],
)
@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 4), (1, 4, 16), (4, 4, 4), (64,), (8, 8)])
def test_a_model_refuses_images_of_another_shape(build, shape):
    """Also of the same number of pixels, which a dense layer would silently take."""
    x = torch.rand(2, *shape)
    # Flat pixels, and grey images without their channel, need no other model.
    advice = {(64,): "Use x.reshape(-1, 1, 8, 8).", (8, 8): "Use x[:, None]."}.get(shape, f"image_shape={shape}")
    parts = (f"x has shape {(2, *shape)}", "this model expects (B, 1, 8, 8)", advice)
    check(lambda: build((1, 8, 8)).encode(x), ValueError, *parts)
    check(lambda: build((1, 8, 8))(x), ValueError, *parts)


def test_pca_cannot_have_more_components_than_images_or_pixels():
    check(lambda: PCA(X, 5), ValueError, "code_size is 5; expected at most 4", "images (4)", "pixels (16)")
    check(lambda: PCA(torch.rand(20, 1, 2, 2), 5), ValueError, "code_size is 5; expected at most 4", "pixels (4)")
    PCA(X, 4)


# --- advice: applied, it works ----------------------------------------------------------------------------------------

IMAGES = digits().x_test[:6]  # (6, 1, 28, 28): what the advice must lead back to
COLOUR = torch.rand(6, 3, 8, 8)
LABELS = torch.arange(6)
PICTURES = [PIL.Image.fromarray((image[0] * 255).round().byte().numpy()) for image in IMAGES]


class Labelled(torch.utils.data.Dataset):
    """As torchvision's: (image, label) for each index."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        if i >= len(self.images):
            raise IndexError(i)
        return self.images[i], int(LABELS[i])


class Table:
    """As a pandas DataFrame, which the tests do not need for anything else."""

    def __init__(self, rows):
        self.rows = rows

    def to_numpy(self):
        return self.rows


def advised(message: str, x):
    """What comes of the first expression after "Use" in a message, with ``x`` for the images."""
    _, _, rest = message.partition("Use ")
    for end in re.finditer(r"[.,](?= |$)", rest):
        with contextlib.suppress(SyntaxError):  # a comma inside the expression
            return eval(rest[: end.start()], {"x": x, "torch": torch, "np": np, "nn": torch.nn})
    raise AssertionError(f"no expression in {message!r}")


# What was given -> what is wrong with it, and the images that the advice must give.
GIVEN = {
    "bytes": (IMAGES * 255).round().byte(),
    "bytes (N, 28, 28)": (IMAGES[:, 0] * 255).round().byte(),
    "numbers from 0 to 255": IMAGES * 255,
    "whole numbers": (IMAGES * 255).round().long(),
    "double": IMAGES.double(),
    "half": IMAGES.half(),
    "black and white": IMAGES > 0.5,
    "double from 0 to 255": IMAGES.double() * 255,
    "sixteen bits": (IMAGES * 65535).round().to(torch.int32),
    "without channel": IMAGES[:, 0],
    "one (28, 28)": IMAGES[0, 0],
    "one (1, 28, 28)": IMAGES[0],
    "flat": IMAGES.flatten(1),
    "one flat": IMAGES[0].flatten(),
    "sequences": IMAGES[None],
    "standardised": (IMAGES - 0.1307) / 0.3081,
    "from -1 to 1": 2 * IMAGES - 1,
    "a slight overshoot": (1.02 * IMAGES - 0.01),
    "array": IMAGES.numpy(),
    "array of bytes": (IMAGES * 255).round().byte().numpy(),
    "array of doubles": IMAGES.double().numpy(),
    "array (N, 28, 28) of bytes": (IMAGES[:, 0] * 255).round().byte().numpy(),
    "list of arrays": list(IMAGES.numpy()),
    "list of tensors": list(IMAGES),
    "tuple of tensors": tuple(IMAGES),
    "nested lists": IMAGES.tolist(),
    "list of pictures": PICTURES,
    "one picture": PICTURES[0],
    "images and labels": (IMAGES, LABELS),
    "a loader's batch": [IMAGES, LABELS],
    "arrays and labels": (IMAGES.numpy(), LABELS.numpy()),
    "loader of pairs": torch.utils.data.DataLoader(Labelled(IMAGES), batch_size=4),
    "loader of images": torch.utils.data.DataLoader(list(IMAGES), batch_size=4),
    "tensor data set": torch.utils.data.TensorDataset(IMAGES, LABELS),
    "data set of tensors": Labelled(IMAGES),
    "data set of pictures": Labelled(PICTURES),
    "dictionary": {"label": LABELS, "image": IMAGES},
    "the whole of digits()": digits(),
    "array of colour bytes, channels last": (255 * COLOUR).round().byte().permute(0, 2, 3, 1).numpy(),
    "colour pictures": Labelled(
        [PIL.Image.fromarray(p) for p in (255 * COLOUR).round().byte().permute(0, 2, 3, 1).numpy()]
    ),
    "sparse": IMAGES.to_sparse(),
    "table": Table(IMAGES.flatten(1).numpy()),
    "table of bytes": Table((IMAGES * 255).round().byte().flatten(1).numpy()),
    "a requires_grad tensor from 0 to 255": (IMAGES * 255).requires_grad_(),
}


@pytest.mark.parametrize("case", GIVEN)
def test_the_advice_for_fit_works_at_once_and_scrambles_nothing(case):
    x = GIVEN[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        check_images(x)
    images = advised(str(caught.value), x)
    assert check_images(images) is images
    if case == "the whole of digits()":
        expected = digits().x_train
    elif case == "black and white":
        expected = (IMAGES > 0.5).float()
    else:
        expected = COLOUR if "colour" in case else IMAGES[:1] if "one" in case.split() else IMAGES
    torch.testing.assert_close(images.detach(), expected, atol=0.011 if "overshoot" in case else 3e-3, rtol=0)


def test_a_standardisation_of_unknown_numbers_is_to_be_undone():
    """Neither divided by 255 nor cut off, which would leave black images to train on."""
    x = (COLOUR - 0.48) / 0.24
    with pytest.raises(ValueError, match=r"load them without Normalize, or undo it, x \* std \+ mean") as caught:
        check_images(x)
    assert "255" not in str(caught.value)
    assert "clamp" not in str(caught.value)
    (expression,) = re.findall(r"numbers that were used\. (\(.+\)) does so", str(caught.value))
    images = eval(expression, {"x": x})
    assert torch.corrcoef(torch.stack([check_images(images).flatten(), COLOUR.flatten()]))[0, 1] > 0.9999


@pytest.mark.parametrize(
    ("x", "advice", "expected"),
    [
        (COLOUR.permute(0, 2, 3, 1), "x.permute(0, 3, 1, 2)", COLOUR),
        (COLOUR[0].permute(1, 2, 0), "x.permute(2, 0, 1)[None]", COLOUR[:1]),
        (COLOUR[0], "x[None]", COLOUR[:1]),
        (COLOUR.flatten(1), "x.reshape(-1, 3, 8, 8)", COLOUR),
        (COLOUR[None], "x.flatten(0, 1)", COLOUR),
    ],
    ids=["channels last", "one, channels last", "one image", "flat", "sequences"],
)
def test_a_model_leads_colour_images_back_to_its_shape(x, advice, expected):
    net = DenseAutoencoder(2, hidden=(), image_shape=(3, 8, 8))
    with pytest.raises(ValueError, match=re.escape(f"Use {advice}.")) as caught:
        net(x)
    assert torch.equal(advised(str(caught.value), x), expected)
    assert net(expected).shape == expected.shape


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (IMAGES.permute(0, 2, 3, 1), IMAGES),
        (IMAGES[:, 0], IMAGES),
        (IMAGES[0], IMAGES[:1]),
        (IMAGES[0, 0], IMAGES[:1]),
        (IMAGES.flatten(1), IMAGES),
        (IMAGES[0].flatten(), IMAGES[:1]),
        (IMAGES.transpose(0, 1), IMAGES),
        (IMAGES.expand(-1, 3, -1, -1), IMAGES),
        (torch.rand(2, 1, 32, 32), None),
        ((IMAGES * 255).round().byte(), IMAGES),
        (IMAGES > 0.5, (IMAGES > 0.5).float()),
        (IMAGES.numpy(), IMAGES),
    ],
    ids=lambda value: f"{tuple(value.shape)} {value.dtype}" if hasattr(value, "shape") else "",
)
def test_a_model_leads_grey_images_back_to_its_shape(x, expected):
    net = DenseAutoencoder(2, hidden=())
    with pytest.raises((TypeError, ValueError)) as caught:
        net(x)
    images = advised(str(caught.value), x)
    assert net(images).shape == images.shape
    if expected is not None:
        torch.testing.assert_close(images, expected, atol=2e-3, rtol=0)


def test_channels_last_in_fit_is_told_by_the_model():
    with pytest.raises(ValueError, match=re.escape("Use x.permute(0, 3, 1, 2).")):
        fit(DenseAutoencoder(2, hidden=()), IMAGES.permute(0, 2, 3, 1), reconstruction(), epochs=1)


def test_images_with_nan_are_left_out():
    x = IMAGES.clone()
    x[2, 0, 3, 4] = NAN
    with pytest.raises(ValueError, match=r"x\[x.isfinite\(\).flatten\(1\).all\(1\)\] keeps the others") as caught:
        check_images(x)
    kept = eval(re.findall(r"(x\[.+\]) keeps", str(caught.value))[0], {"x": x})
    assert torch.equal(check_images(kept), IMAGES[[0, 1, 3, 4, 5]])


@pytest.mark.parametrize(
    ("x", "hint"),
    [
        (None, "lacks a return"),
        (digits, "call it"),
        (model(), "model comes first"),
        ("digits.npz", "digits().x_train"),
        ({"a": 1}, "keys ['a']"),
        ([IMAGES[0], COLOUR[0]], "resize"),
        (np.array([IMAGES[0].numpy(), COLOUR[0].numpy(), None], dtype=object), "resize"),
        (3, "digits().x_train"),
        ([], "digits().x_train"),
        (torch.tensor(0.5), "one tensor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_no_expression_helps_a_sentence_does(x, hint):
    with pytest.raises((TypeError, ValueError), match=re.escape(hint)):
        check_images(x)


def test_a_target_from_0_to_255_is_named_and_divided():
    logits = torch.randn_like(IMAGES)
    for loss in (bce_with_logits, lambda a, x: bce(torch.sigmoid(a), x)):
        with pytest.raises(ValueError, match="The target is at fault") as caught:
            loss(logits, 255 * IMAGES)
        loss(logits, advised(str(caught.value), 255 * IMAGES))


def test_logits_given_to_bce_are_told_both_ways_out():
    logits = torch.randn_like(IMAGES)
    logits[0, 0, 0] = 1.5
    with pytest.raises(ValueError, match=r"torch.sigmoid\(x_hat\).*bce_with_logits\(x_hat, x\)"):
        bce(logits, IMAGES)
    torch.testing.assert_close(bce(torch.sigmoid(logits), IMAGES), bce_with_logits(logits, IMAGES))


@pytest.mark.parametrize("loss", [mse, squared_error, bce])
def test_losses_want_tensors_of_real_numbers(loss):
    check(lambda: loss(X.numpy(), X), TypeError, "x_hat is a ndarray; expected a tensor", "torch.as_tensor(x_hat")
    check(lambda: loss(X, X.tolist()), TypeError, "x is a list; expected a tensor", "torch.as_tensor(x")
    check(lambda: loss(X, (255 * X).byte()), TypeError, "x has dtype torch.uint8", "Use x.float() / 255.")
    check(lambda: loss(model(), X), TypeError, "x_hat is a DenseAutoencoder", "the objective that fit expects", "mse")
    check(lambda: loss((X, X), X), TypeError, "x_hat is a tuple", "mu and logvar")
    check(lambda: loss(X.flatten(1), X), ValueError, "x_hat.reshape(x.shape)")
    last = COLOUR.permute(0, 2, 3, 1)
    check(lambda: loss(last, COLOUR), ValueError, "use x_hat.permute(0, 3, 1, 2)")
    check(lambda: loss(COLOUR, last), ValueError, "use x.permute(0, 3, 1, 2)")


def test_codes():
    net = model()
    check(lambda: net.decode((torch.zeros(1, 2),) * 2), TypeError, "z is a tuple", "mu and logvar: decode mu")
    check(lambda: net.decode(np.zeros((1, 2))), TypeError, "z is a ndarray", "codes (B, 2)")
    check(lambda: net.decode(torch.zeros(0, 2)), ValueError, "z is empty")
    check(lambda: net(X[:0]), ValueError, "x is empty", "at least one image")


def test_numpys_numbers_are_numbers():
    assert (
        DenseAutoencoder(np.int64(2), hidden=(np.int32(4),), mean_pixel=np.float32(0.5))(torch.rand(1, 1, 28, 28)).ndim
        == 4
    )
    fit(
        model(), X, reconstruction(), epochs=np.int64(2), batch_size=np.int32(2), lr=np.float64(1e-3), seed=np.int64(3),
        decay=np.bool_(True),
    )  # fmt: skip
    check(lambda: DenseAutoencoder(2, mean_pixel=X.mean()), ValueError, "mean_pixel is a tensor", ".item()")
    assert DenseAutoencoder(2, mean_pixel=X.mean().item())


@pytest.mark.parametrize("bad", [-1, 2.5, "0", None, True, 2**40, NAN])
def test_seeds(bad):
    for call in (fit, evaluate):
        check(
            lambda call=call: call(model(), X, reconstruction(), seed=bad),
            ValueError,
            f"seed is {bad!r}; expected a whole",
        )


@pytest.mark.parametrize("bad", ["no", None, 0, 1.0])
def test_decay(bad):
    check(lambda: fit(model(), X, reconstruction(), decay=bad), TypeError, f"decay is {bad!r}; expected True or False")


# --- losses, noise, score ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [mse, squared_error, bce])
def test_losses(loss):
    parts = ("x_hat has shape (4, 1, 4, 4) and x has shape (4, 16)", "expected the same shape", "reshape one")
    check(lambda: loss(X, X.flatten(1)), ValueError, *parts)
    check(lambda: loss(X[:0], X[:0]), ValueError, "x is empty, with shape (0, 1, 4, 4)", "expected at least one image")


@pytest.mark.parametrize("bad", [-0.1, 1.1])
def test_bce_wants_probabilities_and_says_which_argument_is_at_fault(bad):
    parts = ("binary cross-entropy expects [0, 1]", "sigmoid", "bce_with_logits(x_hat, x)", "squared_error")
    check(lambda: bce(with_value(bad), X), ValueError, "x_hat has values from", f"{bad:.3g}", *parts)
    for call in (lambda: bce(X, with_value(bad)), lambda: bce_with_logits(X, with_value(bad))):
        parts = ("binary cross-entropy expects [0, 1]", "The target is at fault", "Use x.clamp(0, 1)")
        check(call, ValueError, "x has values from", f"{bad:.3g}", *parts)
        with pytest.raises(ValueError, match=r"^x has values") as caught:
            call()
        assert "sigmoid" not in str(caught.value)


@pytest.mark.parametrize("bad", [NAN, float("inf")])
def test_bce_tells_a_model_that_diverged_from_a_bad_target(bad):
    check(lambda: bce(with_value(bad), X), ValueError, "x_hat contains NaN or infinity", "lower the learning rate")
    check(lambda: bce(X, with_value(bad)), ValueError, "x contains NaN or infinity", "Remove or repair")


@pytest.mark.parametrize("bad", [-0.1, NAN, float("inf")])
def test_noise_levels(bad):
    check(lambda: gaussian_noise(X, bad), ValueError, f"sigma is {bad!r}; expected a finite number of at least 0")
    for noise in (salt_and_pepper_noise, masking_noise):
        check(lambda noise=noise: noise(X, bad), ValueError, f"p is {bad!r}; expected a number from 0 to 1")


@pytest.mark.parametrize("noise", [salt_and_pepper_noise, masking_noise])
def test_a_probability_is_at_most_one(noise):
    check(lambda: noise(X, 1.5), ValueError, "p is 1.5; expected a number from 0 to 1")
    noise(X, 1)


def test_a_denoiser_keeps_the_shape():
    parts = ("x_hat has shape (4, 16) and x has shape (4, 1, 4, 4)", "expected the same shape")
    check(lambda: tweedie_score(lambda x: x.flatten(1), X, 0.2), ValueError, *parts)


# --- plots and explorer -----------------------------------------------------------------------------------------------


def test_plots():
    two = torch.rand(4, 2, 4, 4)
    parts = ("has 2 channels; expected 1 (grey) or 3 (red, green, blue)",)
    check(lambda: show_images(two), ValueError, "x", *parts)
    check(lambda: show_rows({"clean": X, "odd": two}), ValueError, "rows['odd']", *parts)
    check(lambda: show_rows({}), ValueError, "rows is empty; expected at least one entry, {label: images}")
    large = torch.rand(4, 1, 8, 4)
    parts = ("different sizes", "'clean': (4, 4)", "'large': (8, 4)", "expected one", "resize")
    check(lambda: show_rows({"clean": X, "large": large}), ValueError, *parts)
    check(lambda: show_history({"b": [], "a": []}), ValueError, "history has the entries ['a', 'b']; expected 'loss'")


def test_explorer():
    for bad in ([], ()):
        check(
            lambda bad=bad: PlaneExplorer("x", [1], "y", bad, None, str),
            ValueError,
            "values is empty; expected at least",
        )
    check(
        lambda: PlaneExplorer("x", [1], "y", [2], None, str, start=(1, 3)),
        ValueError,
        "start is 3; expected one of the values [2]",
    )
    for bad in (1, (1,), (1, 2, 3)):
        check(
            lambda bad=bad: PlaneExplorer("x", [1], "y", [2], None, str, start=bad),
            ValueError,
            f"start is {bad!r}; expected a pair",
        )
    check(lambda: Explorer("x", [], None, str), ValueError, "values is empty; expected at least one position")
    check(
        lambda: Explorer("x", [1, 2], None, str, start=3), ValueError, "start is 3; expected one of the values [1, 2]"
    )


@pytest.mark.parametrize(
    "model",
    [
        DenseAutoencoder(5, (6,), (1, 4, 4)),
        ConvAutoencoder(5, (2, 3), (1, 4, 4)),
        PCA(torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0)), 5),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("shape", [(5,), (2, 4), (2, 5, 1)])
def test_a_code_of_another_size_is_refused_with_its_shape_and_the_expected_one(model, shape):
    with pytest.raises(ValueError, match=re.escape(f"z has shape {shape}; this model expects codes (B, 5)")):
        model.decode(torch.zeros(shape))

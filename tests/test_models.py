"""The autoencoders, PCA and the starting weights: one contract, tested on every model."""

from functools import partial
from math import sqrt

import pytest
import torch
from torch import nn

from companion import (
    PCA,
    ConvAutoencoder,
    DenseAutoencoder,
    answer_grey_,
    fit,
    mlp,
    mse,
    orthogonal_,
    pytorch_default_,
    reconstruction,
)
from companion.denoising import UNet, article_network

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 8)]
TRAINED = [DenseAutoencoder, ConvAutoencoder, UNet]
TINY = [
    partial(DenseAutoencoder, code_size=2, hidden=(5, 4), image_shape=(1, 4, 4)),
    partial(ConvAutoencoder, code_size=2, channels=(2, 3), image_shape=(1, 4, 4)),
    partial(UNet, channels=(2, 3, 4), image_shape=(1, 4, 4)),
]


def pca(image_shape=(1, 28, 28), code_size=8):
    """PCA of random images: it is built from data, and otherwise keeps the same contract."""
    return PCA(torch.rand(16, *image_shape), code_size)


ALL = [*TRAINED, pca]


def names(build):
    """What pytest calls a case: the class, also behind a partial."""
    return getattr(build, "func", build).__name__


# --- the contract of every model --------------------------------------------------------------------------------------


@pytest.mark.parametrize("image_shape", SHAPES, ids=str)
@pytest.mark.parametrize("build", ALL, ids=names)
def test_the_answer_has_the_shape_and_type_of_the_input(build, image_shape, device):
    model = build(image_shape=image_shape).to(device)
    for batch in (1, 5):
        x = torch.rand(batch, *image_shape, device=device)
        x_hat = model(x)
        assert x_hat.shape == x.shape
        assert x_hat.dtype == torch.float32
        assert x_hat.device == x.device


@pytest.mark.parametrize("build", ALL, ids=names)
def test_forward_is_encode_then_decode_and_deterministic(build, device):
    model = build().to(device)
    x = torch.rand(3, 1, 28, 28, device=device)
    assert torch.equal(model(x), model.decode(model.encode(x)))
    assert torch.equal(model(x), model(x))


@pytest.mark.parametrize("image_shape", SHAPES, ids=str)
@pytest.mark.parametrize("code_size", [1, 7])
@pytest.mark.parametrize("build", [DenseAutoencoder, ConvAutoencoder, pca], ids=names)
def test_the_code_has_the_size_asked_for(build, code_size, image_shape):
    model = build(code_size=code_size, image_shape=image_shape)
    assert model.encode(torch.rand(3, *image_shape)).shape == (3, code_size)
    assert model.decode(torch.randn(4, code_size)).shape == (4, *image_shape)


def test_the_unet_codes_are_maps_at_three_resolutions_that_outgrow_the_image():
    maps = UNet().encode(torch.rand(2, 1, 28, 28))
    assert [tuple(h.shape) for h in maps] == [(2, 16, 28, 28), (2, 32, 14, 14), (2, 64, 7, 7)]
    assert sum(h[0].numel() for h in maps) > 784


@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_pixels_stay_between_black_and_white(build):
    """Without the sigmoid, large weights leave [0, 1]."""
    model = build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
        x_hat = model(torch.rand(20, 1, 28, 28))
    assert x_hat.min() >= 0
    assert x_hat.max() <= 1
    assert x_hat.std() > 0.05  # not saturated by being constant


@pytest.mark.parametrize("build", ALL, ids=names)
def test_an_image_is_reconstructed_alone_as_in_a_batch(build, device):
    """A reshape that mixes images, or statistics over the batch, would show here."""
    model = build().to(device)
    x = torch.rand(6, 1, 28, 28, device=device)
    together = model(x)
    for i in (0, 5):
        torch.testing.assert_close(model(x[i : i + 1]), together[i : i + 1])


@pytest.mark.parametrize("build", ALL, ids=names)
def test_weights_survive_a_state_dict(build, tmp_path):
    first, second = build(), build()
    x = torch.rand(3, 1, 28, 28)
    assert not torch.equal(first(x), second(x))
    torch.save(first.state_dict(), tmp_path / "weights.pt")
    second.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize("build", ALL, ids=names)
def test_images_of_another_shape_are_refused(build):
    model = build()
    for shape in [(2, 3, 28, 28), (2, 1, 27, 28), (2, 784), (1, 28, 28)]:
        with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
            model(torch.rand(shape))


def test_reconstruction_compares_the_answer_with_the_image():
    model = TINY[0]()
    x = torch.rand(5, 1, 4, 4)
    terms = reconstruction()(model, x)
    assert terms.keys() == {"loss"}
    torch.testing.assert_close(terms["loss"], mse(model(x), x))


# --- gradients and training -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_gradient_reaches_every_parameter(build, data, device):
    """A layer that is built but not used, or cut off by a detach, would never learn."""
    model = build().to(device)
    reconstruction()(model, data.x_train[:32].to(device))["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("build", TINY, ids=names)
def test_gradients_match_finite_differences(build):
    model = build().double()
    with torch.no_grad():
        for parameter in model.parameters():  # away from the kink of a ReLU whose input is exactly 0
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.rand(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    keys = [name for name, _ in model.named_parameters()]

    def answer(x, *parameters):
        return torch.func.functional_call(model, dict(zip(keys, parameters, strict=True)), (x,))

    parameters = [p.detach().clone().requires_grad_() for p in model.parameters()]
    assert torch.autograd.gradcheck(answer, (x, *parameters))


@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_eight_digits_are_learnt_by_heart(build, data):
    """A model that cannot overfit eight images has a broken path from input to output."""
    model = build()
    history = fit(model, data.x_train[:8], reconstruction(), epochs=200, device="cpu")
    assert history["loss"][-1] < 0.02 * history["loss"][0]


# --- starting weights -------------------------------------------------------------------------------------------------


def weighted_layers(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]


@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_starting_weights_are_orthogonal_with_the_gain_of_relu(build):
    """W W^T = 2 I on the smaller side; all biases 0 but the last, which answers grey."""
    layers = weighted_layers(build())
    assert len(layers) >= 6
    for layer in layers:
        w = layer.weight.detach().flatten(1)
        gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        torch.testing.assert_close(gram, 2 * torch.eye(len(gram)), atol=1e-4, rtol=0)
    assert all((layer.bias == 0).all() for layer in layers[:-1])


def test_orthogonal_works_in_place_and_takes_layers_without_bias():
    model = nn.Sequential(nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Sequential(nn.Conv2d(2, 2, 1)))
    assert orthogonal_(model) is model
    w = model[0].weight.detach()
    torch.testing.assert_close(w @ w.T, 2 * torch.eye(3))
    assert (model[2][0].bias == 0).all()


@pytest.mark.parametrize("mean_pixel", [0.13, 0.6])
@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_the_untrained_answer_is_the_mean_pixel(build, mean_pixel, data):
    """For a black image exactly, since every bias before the last is 0; for digits nearly."""
    model = build(mean_pixel=mean_pixel)
    with torch.no_grad():
        torch.testing.assert_close(model(torch.zeros(1, 1, 28, 28)), torch.full((1, 1, 28, 28), mean_pixel))
        assert model(data.x_test[:100]).mean().item() == pytest.approx(mean_pixel, abs=0.05)


def test_answer_grey_sets_the_bias_alone_and_returns_the_layer():
    for layer in (nn.Linear(3, 2), nn.Conv2d(3, 2, 1), nn.ConvTranspose2d(3, 2, 1)):
        weight = layer.weight.detach().clone()
        assert answer_grey_(layer, 0.2) is layer
        torch.testing.assert_close(torch.sigmoid(layer.bias.detach()), torch.full((2,), 0.2))
        assert torch.equal(layer.weight, weight)


@pytest.mark.parametrize(
    "build", [partial(nn.Linear, 50, 40), partial(nn.Conv2d, 8, 40, 3), partial(nn.ConvTranspose2d, 40, 8, 3)]
)
def test_pytorch_default_is_that_of_a_fresh_layer(build):
    """Bitwise under the same seed, and uniform in +-1/sqrt(fan-in)."""
    torch.manual_seed(3)
    fresh = build()
    model = orthogonal_(nn.Sequential(build()))
    torch.manual_seed(3)
    assert pytorch_default_(model) is model
    layer = model[0]
    assert torch.equal(layer.weight, fresh.weight)
    assert torch.equal(layer.bias, fresh.bias)
    bound = 1 / sqrt(layer.weight[0].numel())
    assert 0.95 * bound < layer.weight.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.06)
    assert 0.5 * bound < layer.bias.abs().max() <= bound


def test_pytorch_default_reaches_every_layer_of_a_model():
    model = ConvAutoencoder()
    before = [layer.weight.detach().clone() for layer in weighted_layers(model)]
    pytorch_default_(model)
    assert all(not torch.equal(layer.weight, w) for layer, w in zip(weighted_layers(model), before, strict=True))


@pytest.mark.parametrize("build", TRAINED, ids=names)
def test_the_seed_decides_the_starting_weights(build):
    def weights(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in build().parameters()])

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


# --- what is particular to each ---------------------------------------------------------------------------------------


def test_mlp_has_relu_between_its_layers_and_none_at_the_end():
    kinds = [type(layer) for layer in mlp(5, 4, 3, 2)]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert [(layer.in_features, layer.out_features) for layer in mlp(5, 4, 3)[::2]] == [(5, 4), (4, 3)]


def test_the_article_network_is_that_of_the_article():
    """784-128-64-32-64-128-784, ReLU between, a linear code, a sigmoid at the end."""
    model = article_network()
    for half, widths in ((model.encoder, [784, 128, 64, 32]), (model.decoder, [32, 64, 128, 784])):
        assert [type(layer) for layer in half] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
        linear = half[::2]
        assert [layer.in_features for layer in linear] + [linear[-1].out_features] == widths
    assert sum(p.numel() for p in model.parameters()) == 222_384
    x = torch.rand(4, 1, 28, 28)
    z = x.flatten(1)
    for i, layer in enumerate([*model.encoder[::2], *model.decoder[::2]]):
        z = z @ layer.weight.T + layer.bias
        z = torch.sigmoid(z) if i == 5 else z if i == 2 else z.clamp(min=0)
    torch.testing.assert_close(model(x), z.reshape(x.shape))


def test_the_dense_decoder_mirrors_the_encoder():
    model = DenseAutoencoder(3, hidden=(20, 10, 5), image_shape=(2, 3, 4))
    assert [layer.out_features for layer in model.encoder[::2]] == [20, 10, 5, 3]
    assert [layer.out_features for layer in model.decoder[::2]] == [5, 10, 20, 24]
    assert len(DenseAutoencoder(3, hidden=()).encoder) == 1  # straight from pixels to code


def test_the_conv_autoencoder_halves_the_image_twice():
    model = ConvAutoencoder(channels=(4, 6), image_shape=(3, 12, 20))
    x = torch.rand(2, 3, 12, 20)
    shapes = []
    for layer in [*model.encoder, *model.decoder]:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _, inputs, output: shapes.append(tuple(output.shape[1:])))
    model(x)
    assert shapes == [(4, 6, 10), (6, 3, 5), (4, 6, 10), (3, 12, 20)]


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_every_path_of_the_unet_is_used(skip):
    """Zeroing a skip, or the way through the middle, must change the picture."""
    model = UNet()
    maps = list(model.encode(torch.rand(2, 1, 28, 28)))
    whole = model.decode(tuple(maps))
    maps[skip] = torch.zeros_like(maps[skip])
    assert (model.decode(tuple(maps)) - whole).abs().max() > 1e-3

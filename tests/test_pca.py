"""The linear autoencoder, its full-batch training, principal angles and axes, against scikit-learn, scipy and closed forms."""

import numpy as np
import pytest
import sklearn.decomposition
import torch
from scipy.linalg import subspace_angles

from companion import PCA, evaluate, mse, reconstruction, squared_error
from companion.pca import LinearAutoencoder, as_one_matrix, fit_on_covariance, principal_angles, principal_axes
from no_doubles import NoDoubles


@pytest.fixture(scope="module")
def images():
    """300 images of 6 x 6 pixels, away from zero, with a spectrum whose gaps are wide."""
    generator = torch.Generator().manual_seed(0)
    scales = 2.0 ** -torch.arange(36.0)
    turn = torch.linalg.qr(torch.randn(36, 36, generator=generator)).Q
    return (torch.randn(300, 36, generator=generator) * scales @ turn + 0.5).unflatten(1, (1, 6, 6))


@pytest.fixture(scope="module")
def eigenvalues(images):
    flat = images.flatten(1).double()
    return torch.linalg.eigvalsh(torch.cov(flat.T, correction=0)).flip(0)


def small(code_size, **settings):
    torch.manual_seed(0)
    return LinearAutoencoder(code_size, image_shape=(1, 6, 6), **settings)


@pytest.mark.parametrize("hidden", [(), (12,), (20, 12)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_autoencoder_is_one_affine_map(hidden, bias, images):
    model = small(3, hidden=hidden, bias=bias)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    x = images[:5]
    assert model.encode(x).shape == (5, 3)
    assert model.decode(model.encode(x)).shape == model(x).shape == x.shape
    mixture = 0.3 * model(x) + 0.7 * model(x.flip(0))
    torch.testing.assert_close(model(0.3 * x + 0.7 * x.flip(0)), mixture, rtol=1e-3, atol=1e-3)
    assert any("bias" in name for name, _ in model.named_parameters()) is bias
    z = torch.eye(3)
    effect = model.decode(z) - model.decode(torch.zeros(1, 3))
    torch.testing.assert_close(effect.flatten(1), model.directions(), rtol=1e-3, atol=1e-3)
    assert not model.directions().requires_grad


def test_a_stack_of_layers_is_the_product_of_its_matrices():
    layers = torch.nn.Sequential(torch.nn.Linear(4, 3, bias=False), torch.nn.Linear(3, 2, bias=False))
    x = torch.randn(5, 4)
    torch.testing.assert_close(x @ as_one_matrix(layers).T, layers(x))


@pytest.mark.parametrize(
    "wrong",
    [{"code_size": 0}, {"code_size": 2.5}, {"hidden": (0,)}, {"image_shape": (28, 28)}, {"image_shape": (1, 0, 2)}],
)
def test_linear_autoencoder_refuses_sizes_that_are_none(wrong):
    with pytest.raises(ValueError, match="expected"):
        LinearAutoencoder(**wrong)


def test_linear_autoencoder_refuses_other_images_and_codes():
    model = LinearAutoencoder(2)
    with pytest.raises(ValueError, match="this model expects"):
        model(torch.rand(2, 1, 6, 6))
    with pytest.raises(ValueError, match="expects codes"):
        model.decode(torch.rand(2, 3))


@pytest.mark.parametrize(("k", "hidden"), [(1, ()), (3, ()), (3, (8,))])
def test_full_batch_training_reaches_pca(k, hidden, images, eigenvalues):
    model = small(k, hidden=hidden)
    error = fit_on_covariance(model, images, steps=200)
    assert error == pytest.approx(eigenvalues[k:].sum().item(), rel=1e-3)
    assert squared_error(model(images), images).item() == pytest.approx(error, rel=1e-3)
    oracle = sklearn.decomposition.PCA(k).fit(images.flatten(1).double().numpy())
    assert principal_angles(model.directions(), torch.tensor(oracle.components_))[0] < 0.5
    torch.testing.assert_close(model(images), PCA(images, k)(images), atol=2e-2, rtol=0)
    assert next(model.parameters()).dtype == torch.float32


def test_the_narrowest_layer_is_the_bottleneck(images, eigenvalues):
    error = fit_on_covariance(small(4, hidden=(2,)), images, steps=200)
    assert error == pytest.approx(eigenvalues[2:].sum().item(), rel=1e-3)


def test_the_error_on_the_covariance_is_that_on_the_images(images):
    """After one step, far from the minimum, so that the formula itself is tested."""
    model = small(2)
    error = fit_on_covariance(model, images, steps=1)
    assert error == pytest.approx(squared_error(model(images), images).item(), rel=1e-4)


@pytest.mark.parametrize("weight_decay", [0.02, 0.1])
def test_weight_decay_shows_the_axes_in_the_decoder(weight_decay, images, eigenvalues):
    """Kunin et al. 2019: the decoder is V S O with S^2 = 1 - weight_decay / eigenvalue."""
    model = small(2)
    fit_on_covariance(model, images, steps=200, weight_decay=weight_decay)
    _, s, vh = torch.linalg.svd(model.directions().double(), full_matrices=False)
    torch.testing.assert_close(s**2, 1 - weight_decay / eigenvalues[:2], atol=1e-3, rtol=0)
    cosines = (vh.float() * PCA(images, 2).components).sum(1).abs()
    assert (cosines > 0.999).all()


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"weight_decay": -1}, "weight_decay is -1"),
        ({"weight_decay": np.nan}, "weight_decay is nan"),
    ],
)
def test_full_batch_training_refuses_bad_arguments(settings, hint, images):
    with pytest.raises(ValueError, match=hint):
        fit_on_covariance(small(2), images, **settings)


def test_an_interrupted_run_leaves_the_model_in_single_precision(images, monkeypatch):
    def interrupt(self, closure):
        closure()
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.LBFGS, "step", interrupt)
    model = small(2)
    with pytest.raises(KeyboardInterrupt):
        fit_on_covariance(model, images)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model(images).shape == images.shape


def test_angles_of_directions_on_a_device_without_doubles():
    a, b = torch.rand(2, 5), torch.rand(3, 5)
    angles = principal_angles(a.as_subclass(NoDoubles), b.as_subclass(NoDoubles))
    assert torch.equal(angles, principal_angles(a, b))


def test_full_batch_training_refuses_bad_models_and_images(images):
    with pytest.raises(ValueError, match="no biases"):
        fit_on_covariance(small(2, bias=False), images)
    with pytest.raises(ValueError, match="this model expects"):
        fit_on_covariance(LinearAutoencoder(2), images)
    with pytest.raises(TypeError, match="expected a float32 tensor"):
        fit_on_covariance(small(2), [1])


@pytest.mark.parametrize(("k", "m"), [(3, 3), (2, 5), (1, 1)])
def test_principal_angles_are_scipys(k, m):
    a, b = torch.randn(k, 9, dtype=torch.float64), torch.randn(m, 9, dtype=torch.float64)
    expected = np.rad2deg(subspace_angles(a.T.numpy(), b.T.numpy()))
    np.testing.assert_allclose(principal_angles(a, b), expected, atol=1e-5)
    turned = torch.randn(k, k, dtype=torch.float64) @ a  # other directions, the same subspace
    np.testing.assert_allclose(principal_angles(turned, b), expected, atol=1e-5)


def test_principal_angles_of_a_known_tilt():
    theta = torch.tensor(0.3, dtype=torch.float64)
    a = torch.eye(4)[:2]
    b = torch.stack([torch.tensor([1.0, 0, 0, 0]).double(), torch.tensor([0, theta.cos(), theta.sin(), 0])])
    np.testing.assert_allclose(principal_angles(a, b), [np.rad2deg(0.3), 0], atol=1e-5)
    np.testing.assert_allclose(principal_angles(a, torch.eye(4)[2:]), [90, 90], atol=1e-5)


@pytest.mark.parametrize(
    ("a", "b", "hint"),
    [
        (torch.eye(3), torch.eye(4), "of one length"),
        (torch.ones(3), torch.eye(3), "of one length"),
        (torch.ones(2, 3), torch.eye(3), "rows of a are not independent"),
        (torch.eye(3), torch.ones(2, 3), "rows of b are not independent"),
        (LinearAutoencoder(4, hidden=(2,), image_shape=(1, 6, 6)).directions(), torch.eye(36), "rows of a are not"),
    ],
)
def test_principal_angles_refuses_what_spans_no_subspace(a, b, hint):
    with pytest.raises(ValueError, match=hint):
        principal_angles(a, b)


def test_principal_axes_turns_a_mixture_back_into_components(images):
    components = PCA(images, 4).components
    mixture = torch.randn(4, 4) @ components
    axes = principal_axes(mixture, images)
    torch.testing.assert_close(axes @ axes.T, torch.eye(4), atol=1e-4, rtol=0)
    torch.testing.assert_close((axes @ components.T).abs(), torch.eye(4), atol=2e-3, rtol=0)


def test_principal_axes_in_another_subspace_are_ordered_and_uncorrelated(images):
    axes = principal_axes(torch.randn(4, 36), images)
    covariance = torch.cov((images.flatten(1) @ axes.T).T)
    variances = covariance.diag()
    assert (variances[:-1] >= variances[1:]).all()
    assert (covariance - variances.diag()).abs().max() < 1e-3 * variances[0]


def test_principal_axes_refuses_other_lengths(images):
    with pytest.raises(ValueError, match=r"expected \(k, 36\)"):
        principal_axes(torch.rand(2, 35), images)
    with pytest.raises(ValueError, match=r"expected \(k, 36\)"):
        principal_axes(torch.rand(36), images)
    with pytest.raises(TypeError, match="expected a float32 tensor"):
        principal_axes(torch.rand(2, 36), None)


def test_no_linear_autoencoder_beats_pca(images):
    best = mse(PCA(images, 2)(images), images)
    for _ in range(20):
        model = LinearAutoencoder(2, image_shape=(1, 6, 6))
        assert mse(model(images), images) > best


# --- PCA --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pca_data(data):
    return data.x_train[:600], data.x_test[:200]


@pytest.mark.parametrize("k", [1, 5, 32])
def test_pca_agrees_with_scikit_learn(k, pca_data):
    """The same subspace, the same axes up to their sign, the same reconstruction."""
    x, x_test = pca_data
    ours = PCA(x, k)
    theirs = sklearn.decomposition.PCA(k, svd_solver="full").fit(x.flatten(1).double().numpy())
    expected = theirs.inverse_transform(theirs.transform(x_test.flatten(1).double().numpy()))
    np.testing.assert_allclose(ours(x_test).flatten(1).numpy(), expected, atol=1e-3)
    cosines = np.abs((ours.components.double().numpy() * theirs.components_).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=1e-4)
    np.testing.assert_allclose(ours.mean.numpy(), theirs.mean_, atol=1e-5)


def test_pca_components_are_orthonormal_and_the_codes_uncorrelated_and_ordered(pca_data):
    x, _ = pca_data
    model = PCA(x, 10)
    torch.testing.assert_close(model.components @ model.components.T, torch.eye(10), atol=1e-5, rtol=0)
    z = model.encode(x).double()
    torch.testing.assert_close(z.mean(0), torch.zeros(10, dtype=torch.float64), atol=1e-4, rtol=0)
    covariance = torch.cov(z.T)
    variances = covariance.diag()
    assert (variances[:-1] >= variances[1:]).all()
    assert (covariance - variances.diag()).abs().max() < 1e-4 * variances[0]


@pytest.mark.parametrize("k", [1, 10, 100])
def test_the_error_of_pca_is_the_sum_of_the_discarded_eigenvalues(k, pca_data):
    x, _ = pca_data
    eigenvalues = torch.linalg.eigvalsh(torch.cov(x.flatten(1).double().T, correction=0)).flip(0)
    error = evaluate(PCA(x, k), x, reconstruction(), device="cpu")["loss"] * 784
    assert error == pytest.approx(eigenvalues[k:].sum().item(), rel=1e-4)


def test_full_rank_pca_reconstructs_exactly():
    x = torch.rand(40, 1, 4, 5)
    new = torch.rand(7, 1, 4, 5)
    torch.testing.assert_close(PCA(x, 20)(new), new, atol=1e-5, rtol=0)
    few = x[:6]  # fewer images than pixels
    torch.testing.assert_close(PCA(few, 6)(few), few, atol=1e-5, rtol=0)


def test_pca_projects():
    """A second pass changes nothing, and the mean image is its own reconstruction."""
    x = torch.rand(30, 3, 4, 4)
    model = PCA(x, 5)
    torch.testing.assert_close(model(model(x)), model(x), atol=1e-5, rtol=0)
    mean = x.mean(0, keepdim=True)
    torch.testing.assert_close(model(mean), mean)


def test_pca_lives_where_its_images_live_and_moves(device):
    x = torch.rand(30, 1, 4, 4)
    on_device = PCA(x.to(device), 5)
    assert on_device.mean.device.type == device.type
    torch.testing.assert_close(
        on_device(x.to(device)).cpu(), PCA(x, 5).to(device)(x.to(device)).cpu(), atol=1e-4, rtol=0
    )


def test_pca_has_nothing_to_train():
    model = PCA(torch.rand(16, 1, 28, 28), 8)
    assert not list(model.parameters())
    assert model.components.shape == (8, 784)

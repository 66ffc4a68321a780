"""The classifier that ships and the Frechet distance, against scipy's matrix square root and closed forms."""

import numpy as np
import pytest
import scipy.linalg
import torch

from companion import digits
from companion.generation import DigitClassifier, digit_classifier, frechet_distance, inked
from no_doubles import NoDoubles


@pytest.fixture(scope="module")
def data():
    return digits()


@torch.no_grad()
def test_the_shipped_classifier_reads_digits_it_was_not_trained_on(data):
    model = digit_classifier()
    assert not model.training
    accuracy = (model(data.x_test).argmax(1) == data.y_test).float().mean().item()
    # tools/make_classifier.py printed .972; single digits near a border may tip over on another machine.
    assert accuracy == pytest.approx(0.972, abs=0.003)


@torch.no_grad()
def test_logits_are_the_head_of_the_features(data):
    model = digit_classifier()
    features = model.features(data.x_test[:5])
    assert features.shape == (5, 64)
    assert torch.equal(model.head(features), model(data.x_test[:5]))
    assert model(data.x_test[:5]).shape == (5, 10)


def test_each_call_gives_a_classifier_of_its_own():
    first, second = digit_classifier(), digit_classifier()
    torch.nn.init.zeros_(first.head.weight)
    assert second.head.weight.abs().sum() > 0


@pytest.mark.parametrize("shape", [(2, 784), (2, 3, 28, 28), (2, 1, 32, 32)])
def test_the_classifier_refuses_other_images(shape):
    with pytest.raises(ValueError, match=r"this model expects \(B, 1, 28, 28\)"):
        DigitClassifier()(torch.rand(shape))


def features(n: int, scale: float = 1.0, shift: float = 0.0, d: int = 5) -> torch.Tensor:
    mix = torch.randn(d, d, generator=torch.Generator().manual_seed(1))
    return torch.randn(n, d, generator=torch.Generator().manual_seed(n)) @ mix * scale + shift


def test_frechet_distance_agrees_with_scipys_square_root():
    a, b = features(50), features(70, scale=1.7, shift=0.4)
    cov_a, cov_b = np.cov(a.double().numpy().T), np.cov(b.double().numpy().T)
    between = np.square(a.double().numpy().mean(0) - b.double().numpy().mean(0)).sum()
    expected = between + np.trace(cov_a + cov_b - 2 * scipy.linalg.sqrtm(cov_a @ cov_b).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-6)


def test_features_on_a_device_without_doubles():
    a, b = torch.rand(20, 3), torch.rand(30, 3)
    assert frechet_distance(a.as_subclass(NoDoubles), b.as_subclass(NoDoubles)) == frechet_distance(a, b)


def test_frechet_distance_of_a_shift_and_of_a_scale():
    a = features(200)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 0.3) == pytest.approx(5 * 0.3**2, rel=1e-4)  # 5 features, each moved by .3
    centred = a - a.mean(0)
    # Twice the standard deviation in every direction: (2 - 1)^2 times the trace of the covariance.
    assert frechet_distance(centred, 2 * centred) == pytest.approx(torch.cov(a.T).trace().item(), rel=1e-4)


def test_frechet_distance_works_where_covariances_are_singular():
    """A ReLU that never fires, fewer images than features, or one single feature."""
    a, b = features(20), features(30)
    zeros = torch.zeros(20, 3), torch.zeros(30, 3)
    both = frechet_distance(torch.cat([a, zeros[0]], 1), torch.cat([b, zeros[1]], 1))
    assert both == pytest.approx(frechet_distance(a, b), rel=1e-6)
    assert frechet_distance(a[:3], b[:3]) > 0
    one, two = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]])
    assert frechet_distance(one, two) == pytest.approx(2.0**2 + (2**0.5 - 8**0.5) ** 2)


def test_frechet_distance_tells_digits_from_worse_digits(data):
    model = digit_classifier()
    with torch.no_grad():
        real, other = model.features(data.x_test), model.features(data.x_train[:1000])
        g = torch.Generator().manual_seed(0)
        noisy = (data.x_test + 0.2 * torch.randn(data.x_test.shape, generator=g)).clamp(0, 1)
        noise = torch.rand(data.x_test.shape, generator=g)
        scores_ = [frechet_distance(model.features(x), real) for x in (noisy, noise)]
    assert 0 < frechet_distance(other, real) < scores_[0] / 5 < scores_[1] / 5


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.rand(5), torch.rand(5, 2), r"a has shape \(5,\); expected features \(N, D\)"),
        (torch.rand(1, 2), torch.rand(5, 2), r"a has shape \(1, 2\); expected .* at least two images"),
        (torch.rand(5, 2), torch.rand(5, 3), r"b has shape \(5, 3\); expected .* same D in both"),
        (torch.rand(5, 2), torch.full((5, 2), float("nan")), r"b contains NaN or infinity"),
        (torch.full((5, 2), float("inf")), torch.rand(5, 2), r"a contains NaN or infinity"),
    ],
)
def test_frechet_distance_refuses(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)


@pytest.mark.parametrize("mean_pixel", [0.02, 0.13, 0.3])
def test_matched_ink_has_the_mean_asked_for_and_one_factor(mean_pixel):
    torch.manual_seed(0)
    x = torch.rand(20, 1, 8, 8) * (torch.rand(20, 1, 8, 8) < 0.4)
    found = inked(x, mean_pixel)
    assert found.mean().item() == pytest.approx(mean_pixel, abs=1e-4)
    factors = (found / x)[(x > 0) & (found < 1)]
    torch.testing.assert_close(factors, factors[:1].expand_as(factors))
    assert found.amax() <= 1
    torch.testing.assert_close(inked(0.5 * x, mean_pixel), found)  # however pale they were

"""The promise of the course: from the digits that ship, in seconds, to sharp pictures. These bounds are never loosened."""

from types import SimpleNamespace

import pytest
import torch

from companion import PCA, ConvAutoencoder, evaluate, fit, gaussian_noise, reconstruction
from companion.denoising import article_network, denoising

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(data):
    """The article's network and PCA, both of 32 numbers, and the test digits with noise 0.2 before and after."""
    torch.manual_seed(0)
    network = article_network()
    fit(network, data.x_train, denoising(), epochs=60, device="cpu")
    x_noisy = gaussian_noise(data.x_test, 0.2)
    with torch.no_grad():
        x_hat = network(x_noisy)
    pca = PCA(data.x_train, 32)
    return SimpleNamespace(network=network, pca=pca, x_hat=x_hat)


def test_the_article_network_denoises_and_beats_pca(trained, data):
    """Test MSE per pixel against the clean digit, noise 0.2: at most 0.0135, where PCA-32 has 0.019 to 0.020."""
    network = evaluate(trained.network, data.x_test, denoising(), device="cpu")["loss"]
    pca = evaluate(trained.pca, data.x_test, denoising(), device="cpu")["loss"]
    assert network <= 0.0135
    assert 0.0185 <= pca <= 0.0205
    assert network < 0.75 * pca


def test_convolutions_do_better_with_the_same_code(data):
    """Test MSE of plain reconstruction and of denoising through 32 numbers: at most 0.0085 in 30 epochs."""
    torch.manual_seed(0)
    network = ConvAutoencoder(32)
    fit(network, data.x_train, denoising(), epochs=30, device="cpu")
    assert network.encode(data.x_test[:1]).shape == (1, 32)
    assert evaluate(network, data.x_test, denoising(), device="cpu")["loss"] <= 0.0085
    assert evaluate(network, data.x_test, reconstruction(), device="cpu")["loss"] <= 0.0085


def test_a_denoised_digit_is_still_that_digit(trained, data):
    """Grey blobs have a small error too; but the nearest clean digit to a blob is seldom its own original."""
    nearest = torch.cdist(trained.x_hat.flatten(1), data.x_test.flatten(1)).argmin(1)
    assert (nearest == torch.arange(1000)).float().mean() > 0.95


def test_denoised_digits_are_as_varied_and_as_black_and_white_as_clean_ones(trained, data):
    """Blobs keep a small part of the variance between images, and are grey all over."""

    def variance(x):
        return x.var(0).mean()

    assert variance(trained.x_hat) > 0.75 * variance(data.x_test)
    assert (trained.x_hat > 0.9).float().mean() > 0.5 * (data.x_test > 0.9).float().mean()
    assert (trained.x_hat < 0.1).float().mean() > 0.9 * (data.x_test < 0.1).float().mean()

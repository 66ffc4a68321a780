"""The messages on the page of troubles are the ones that people get: each is provoked here."""

import re
import sys

import pytest
import torch
from torch import nn

from companion import DenseAutoencoder, digits, fit, mnist, mse, reconstruction
from companion._support import shipped
from companion.vae import negative_elbo
from notebook_checks import BOOK

PAGE = (BOOK / "troubleshooting.md").read_text()


def unmatched_shapes():
    nn.Linear(784, 2)(torch.rand(4, 28))


def one_image():
    fit(DenseAutoencoder(2, hidden=()), torch.rand(28, 28), reconstruction())


def bytes_for_floats():
    fit(DenseAutoencoder(2, hidden=()), torch.zeros(1, 1, 28, 28, dtype=torch.uint8), reconstruction())


def broadcast():
    nn.functional.mse_loss(torch.rand(4, 1), torch.rand(4))


def no_gradient():
    torch.rand(1).sum().backward()


def twice():
    w = torch.rand(1, requires_grad=True)
    loss = w.square()
    loss.backward()
    loss.backward()


def to_numpy():
    torch.rand(1, requires_grad=True).numpy()


def loss_becomes_nan():
    x = torch.rand(4, 1, 28, 28)
    fit(DenseAutoencoder(2, hidden=()), x, lambda model, x: {"loss": (model(x) - 2).log().mean()}, epochs=1)


def numbers_above_one():
    fit(DenseAutoencoder(2, hidden=()), torch.full((1, 1, 28, 28), 255.0), reconstruction())


def doubles():
    DenseAutoencoder(2, hidden=())(torch.rand(1, 1, 28, 28).double())


def norm_of_one():
    nn.BatchNorm1d(2).train()(torch.rand(1, 2))


def mean_and_kl():
    negative_elbo(reconstruction_loss=mse)


def white_pages():
    fit(DenseAutoencoder(2, hidden=()), torch.ones(4, 1, 28, 28), reconstruction(), epochs=1)


def standing_still():
    fit(DenseAutoencoder(2, hidden=()), torch.rand(4, 1, 28, 28), reconstruction(), lr=1e-9)


def no_package():
    import companion.no_such_module  # noqa: F401


def no_umap():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [])
        import umap  # noqa: F401


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (unmatched_shapes, "mat1 and mat2 shapes cannot be multiplied"),
        (one_image, "expected images (B, C, H, W)"),
        (bytes_for_floats, "expected torch.float32 with values in [0, 1]"),
        (broadcast, "Using a target size"),
        (no_gradient, "element 0 of tensors does not require grad and does not have a grad_fn"),
        (twice, "Trying to backward through the graph a second time"),
        (to_numpy, "Can't call numpy() on Tensor that requires grad"),
        (loss_becomes_nan, "the loss became nan in epoch"),
        (numbers_above_one, "expected pixels in [0, 1]"),
        (doubles, "mat1 and mat2 must have the same dtype"),
        (norm_of_one, "Expected more than 1 value per channel when training"),
        (mean_and_kl, "reconstruction_loss is a mean over pixels"),
        (white_pages, "answers with a mean pixel of"),
        (standing_still, "the loss stands still at"),
        (no_package, "No module named 'companion"),
        (no_umap, "No module named 'umap'"),
    ],
)
def test_the_message_is_what_one_gets(call, message):
    assert message in PAGE
    # A warning counts as an error here (see pyproject.toml), and a learner sees it all the same.
    with pytest.raises(Exception, match=re.escape(message)):
        call()


def test_the_lines_that_save_and_load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = DenseAutoencoder(2, hidden=())
    kept = model.decoder[0].weight.clone()
    (code,) = re.findall(r"```python\n(torch\.save.+?)```", PAGE, re.DOTALL)
    save, load = code.strip().split("\n")
    exec(save, {"model": model, "torch": torch})
    other = DenseAutoencoder(2, hidden=())
    exec(load, {"model": other, "torch": torch})
    assert torch.equal(other.decoder[0].weight, kept)


def test_messages_about_files(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    for content, message in (
        (None, "A file that ships with the package is missing"),
        (b"", "is damaged: its SHA-256 is"),
    ):
        if content is not None:
            (tmp_path / "digits.npz").write_bytes(content)
        assert message in PAGE
        with pytest.raises((FileNotFoundError, ValueError), match=message):
            digits()


def test_message_without_a_network(tmp_path, monkeypatch):
    from urllib.error import URLError

    def offline(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    assert "could not be downloaded" in PAGE
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        mnist(tmp_path)

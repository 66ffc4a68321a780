"""Every file that ships: read whole, refused when damaged, named when missing; weights survive half precision."""

import hashlib
import re

import pytest
import torch

from companion import digits
from companion._support import shipped
from companion._support.shipped import FOLDER, SHIPPED, load_weights, save_weights
from companion.diffusion import trained_conditional_diffusion, trained_latent_diffusion, trained_pixel_diffusion
from companion.gan import Generator, trained_generator
from companion.generation import digit_classifier

LOADERS = {
    "digits.npz": digits,
    "digit_classifier.npz": digit_classifier,
    "gan_generator.npz": trained_generator,
    "pixel_diffusion.npz": trained_pixel_diffusion,
    "latent_diffusion.npz": trained_latent_diffusion,
    "digit_labels.npz": trained_conditional_diffusion,
}


def test_the_list_is_that_of_the_folder():
    assert sorted(SHIPPED) == sorted(path.name for path in FOLDER.glob("*.npz")) == sorted(LOADERS)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_missing_damaged_or_truncated_file_is_named_and_the_message_says_what_to_do(name, tmp_path, monkeypatch):
    content = bytearray((FOLDER / name).read_bytes())
    content[len(content) // 2] ^= 1  # one bit
    for other in SHIPPED.keys() - {name}:  # a loader may read two
        (tmp_path / other).symlink_to(FOLDER / other)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    advice = "Install the package again.*git checkout companion/data"
    with pytest.raises(FileNotFoundError, match=f"expected {re.escape(str(tmp_path / name))}.*{advice}"):
        LOADERS[name]()
    for wrong in (content, content[:-100]):
        (tmp_path / name).write_bytes(wrong)
        message = f"{re.escape(str(tmp_path / name))} is damaged: its SHA-256 is .*expected .*{advice}"
        with pytest.raises(ValueError, match=message):
            LOADERS[name]()


def test_weights_survive_half_precision(tmp_path, monkeypatch):
    """Rounded to half precision, whole numbers whole, and in eval mode."""
    generator = Generator(code_size=3, channels=(4, 2))
    generator(torch.randn(8, 3))  # moves batch normalisation's averages and counts the batch
    file = tmp_path / "weights.npz"
    save_weights(generator, file)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    monkeypatch.setitem(SHIPPED, file.name, hashlib.sha256(file.read_bytes()).hexdigest())
    loaded = load_weights(Generator(code_size=3, channels=(4, 2)), file.name)
    assert not loaded.training
    for name, value in loaded.state_dict().items():
        original = generator.state_dict()[name]
        assert value.dtype == original.dtype
        expected = original.half().float() if original.is_floating_point() else original
        assert torch.equal(value, expected), name

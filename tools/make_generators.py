"""Train the models of chapter 10 that ship: a GAN's generator, a diffusion model in pixels, one in a code, and its labels.

Usage: python tools/make_generators.py [gan] [pixel] [latent] [labels]

On the 4,000 training digits that ship; seeds fixed. CPU time on one thread of a shared 2-core machine: 5.1 minutes for the
GAN (100 epochs), 7.4 for the diffusion in pixels (100 epochs), and 2.2 for the latent diffusion (0.2 for 20 epochs of the
autoencoder, 1.9 for 1,000 epochs in its code): as 2.4 to 3.5 to 1. The labels are learnt afterwards, by the latent diffusion as
it ships: a third of a minute for 100 epochs. Prints the Frechet distance of 1,000 samples from the
1,000 test digits, the CPU seconds, and the SHA-256 that companion/_support/shipped.py must hold.
Convolutions differ in their last digits between machines and numbers of threads, and a GAN's training is chaotic: a new
run gives other weights, and then every number of the chapter changes.
"""

import hashlib
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from companion import ConvAutoencoder, digits, fit, reconstruction
from companion._support.shipped import FOLDER, save_weights
from companion.diffusion import (
    CodeNet,
    Denoiser,
    Guided,
    LatentSpace,
    PixelNet,
    _latent_parts,
    conditional_diffusion,
    diffusion,
    labelled,
    sample,
    trained_latent_diffusion,
    with_labels,
)
from companion.gan import Discriminator, Generator, fit_gan
from companion.generation import digit_classifier, frechet_distance


def gan(x, y):
    torch.manual_seed(0)
    generator, discriminator = Generator(), Discriminator()
    fit_gan(generator, discriminator, x, epochs=100, batch_size=64, lr=1e-3)
    save_weights(generator, FOLDER / "gan_generator.npz")
    return FOLDER / "gan_generator.npz", lambda: generator(torch.randn(1000, generator.code_size))


def pixel(x, y):
    torch.manual_seed(0)
    denoiser = Denoiser(PixelNet())
    fit(denoiser, x, diffusion(), epochs=100, lr=2e-3)
    save_weights(denoiser, FOLDER / "pixel_diffusion.npz")

    def draw():
        noise = torch.randn(1000, 1, 28, 28)
        return torch.cat([(sample(denoiser, part, 25) + 1).div(2).clamp(0, 1) for part in noise.split(100)])

    return FOLDER / "pixel_diffusion.npz", draw


def latent(x, y):
    torch.manual_seed(0)
    autoencoder = ConvAutoencoder(32)
    fit(autoencoder, x, reconstruction(), epochs=20, lr=7e-3)
    space = LatentSpace(autoencoder, x)
    torch.manual_seed(0)
    denoiser = Denoiser(CodeNet())
    fit(denoiser, x, diffusion(space.encode), epochs=1000, batch_size=128, lr=2e-3)
    save_weights(_latent_parts(space, denoiser), FOLDER / "latent_diffusion.npz")
    return FOLDER / "latent_diffusion.npz", lambda: space.decode(sample(denoiser, torch.randn(1000, 32), 100))


def labels(x, y):
    space, plain = trained_latent_diffusion()  # as it ships
    denoiser = with_labels(plain)
    fit(denoiser, labelled(x, y), conditional_diffusion(space.encode, forget=0), epochs=100, batch_size=256, lr=1e-2)
    save_weights(denoiser.net.label, FOLDER / "digit_labels.npz")
    asked = torch.arange(10).repeat_interleave(100)
    return FOLDER / "digit_labels.npz", lambda: space.decode(
        sample(Guided(denoiser, asked), torch.randn(1000, 32), 100)
    )


def main():
    torch.set_num_threads(1)
    data = digits()
    features = digit_classifier().requires_grad_(False).features
    for make in (gan, pixel, latent, labels):
        if sys.argv[1:] and make.__name__ not in sys.argv[1:]:
            continue
        start = time.process_time()
        file, draw = make(data.x_train, data.y_train)
        seconds = time.process_time() - start
        torch.manual_seed(1)
        with torch.no_grad():
            distance = frechet_distance(features(draw()), features(data.x_test))
        print(f"{file.name}: {seconds:.0f} CPU seconds, Frechet distance {distance:.1f}, {file.stat().st_size} bytes")
        print(f"SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}", flush=True)


if __name__ == "__main__":
    main()

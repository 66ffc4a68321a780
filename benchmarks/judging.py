"""All rulers on all generators that ship, and on rivals that draw codes for the same decoder from Gaussians.

Usage: python benchmarks/judging.py   (the shipped digits and models; nine minutes on one busy CPU core)

1,000 pictures of each, with three seeds, against the 1,000 test digits; 25 steps in pixels, 50 in codes. "sure" is the mean
confidence of the shipped classifier, "variety" is 1 - |mean|^2 / E|x|^2. "frechet", "precision" and "recall" are taken with the
ink of the pictures matched to the test digits' (generation.py has the definitions), and "copies" is the share of the pictures
that lie at most 0.6 times as far from the nearest training digit as from the second nearest. The yardsticks are real digits, and
real digits redrawn by the autoencoder of the latent diffusion, whose strokes its samples share.
"""

import time

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from companion import digits
from companion.diffusion import Denoiser, Guided, sample, trained_conditional_diffusion, trained_pixel_diffusion
from companion.gan import trained_generator
from companion.generation import digit_classifier, frechet_distance, inked
from generation import precision_and_recall, variety
from record import save

SEEDS = (0, 1, 2)
STEPS = {"pixel": 25, "latent": 50}
STRENGTH = 1
N = 1000


def drawn_in_pixels(denoiser: Denoiser, seed: int) -> Tensor:
    """N pictures, a hundred at a time."""
    torch.manual_seed(seed)
    parts = [sample(denoiser, noise, STEPS["pixel"]) for noise in torch.randn(N, 1, 28, 28).split(100)]
    return ((torch.cat(parts) + 1) / 2).clamp(0, 1)


@torch.no_grad()
def main():
    started = time.perf_counter()
    x_train, _, x_test, _ = digits()
    classifier = digit_classifier()
    real_features = classifier.features(x_test)
    space, latent = trained_conditional_diffusion()
    pixel, gan = trained_pixel_diffusion(), trained_generator()
    asked = torch.arange(10).repeat_interleave(N // 10)

    def measured(x: Tensor) -> dict[str, float]:
        x_inked = inked(x, x_test.mean().item())
        features = classifier.features(x_inked)
        nearest, second = torch.cdist(x_inked.flatten(1), x_train.flatten(1)).topk(2, largest=False).values.T
        return {
            "sure": classifier(x).softmax(1).amax(1).mean().item(),
            "frechet": frechet_distance(features, real_features),
            "frechet, ink as it is": frechet_distance(classifier.features(x), real_features),
            "variety": variety(x),
            **precision_and_recall(features, real_features),
            "copies": (nearest <= 0.6 * second).float().mean().item(),
        }

    def codes_from(kinds: int, seed: int) -> Tensor:
        mixture = GaussianMixture(kinds, random_state=seed, reg_covar=1e-3).fit(space.encode(x_train).double().numpy())
        return torch.from_numpy(mixture.sample(N)[0]).float()

    def run(seed: int) -> dict[str, dict[str, float]]:
        in_pixels = drawn_in_pixels(pixel, seed)
        torch.manual_seed(seed)
        noise = torch.randn(N, 32)
        pictures = {
            "pixel diffusion": in_pixels,
            "GAN": gan(torch.randn(N, gan.code_size)),
            "one Gaussian": space.decode(codes_from(1, seed)),
            "20 Gaussians": space.decode(codes_from(20, seed)),
            "latent diffusion": space.decode(sample(latent, noise, STEPS["latent"])),
            "latent diffusion, asked": space.decode(sample(Guided(latent, asked, STRENGTH), noise, STEPS["latent"])),
        }
        found = {name: measured(x) for name, x in pictures.items()}
        print(found, flush=True)
        return found

    numbers = {
        "seeds": SEEDS,
        "steps": STEPS,
        "strength": STRENGTH,
        "training digits": [measured(x) for x in x_train.split(N)],
        "test digits, redrawn": measured(space(x_test)),
        "runs": [run(seed) for seed in SEEDS],
    }
    save("judging", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()

"""What random codes decode to: plain autoencoder against VAE, at three code sizes and two seeds.

Usage: python benchmarks/generation.py   (the shipped digits; a few minutes on one CPU core)

Every number is a Frechet distance between 1,000 pictures and the 1,000 test digits, in the 64 features of the classifier
that ships with the package. Whatever is fitted to codes is fitted to the codes of the 4,000 training digits.
"brightened": every pixel doubled and clipped at 1, in the pictures and in the test digits alike, since a ruler that is
brightened on one side only rewards the set that was too faint. How much of a distance is want of boldness?
"""

import time

import torch
from torch import Tensor

from companion import DenseAutoencoder, digits, fit, reconstruction
from companion.generation import digit_classifier, frechet_distance
from companion.vae import VAE, negative_elbo, reparameterize
from record import save

CODE_SIZES = (2, 10, 32)
SEEDS = (0, 1)
RECIPE = {"epochs": 60, "batch_size": 100, "device": "cpu"}
N = 1000


def gaussian_like(z: Tensor) -> Tensor:
    """N codes from the Gaussian with the mean and the covariance of the codes z: (M, k) -> (N, k)."""
    root = torch.linalg.cholesky(torch.cov(z.T))
    return z.mean(0) + torch.randn(N, z.shape[1]) @ root.T


def box_like(z: Tensor) -> Tensor:
    """N codes spread evenly over the smallest box that holds the codes z: (M, k) -> (N, k)."""
    low, high = z.aminmax(dim=0)
    return low + (high - low) * torch.rand(N, z.shape[1])


def brightened(x: Tensor) -> Tensor:
    """Every pixel doubled and clipped at 1."""
    return (2 * x).clamp(max=1)


@torch.no_grad()
def main():
    started = time.perf_counter()
    x_train, _, x_test, _ = digits()
    classifier = digit_classifier()
    real, bright = classifier.features(x_test), classifier.features(brightened(x_test))

    def score(x):
        return frechet_distance(classifier.features(x), real)

    def bright_score(x):
        return frechet_distance(classifier.features(brightened(x)), bright)

    def confidence(x):
        return classifier(x).softmax(1).amax(1).mean().item()

    torch.manual_seed(0)
    noise = torch.rand_like(x_test)
    numbers = {
        "code_sizes": CODE_SIZES,
        "seeds": SEEDS,
        "recipe": RECIPE,
        "training digits": score(x_train[:N]),
        "training digits, brightened": bright_score(x_train[:N]),
        "uniform noise": score(noise),
        "confidence": {"test digits": confidence(x_test), "uniform noise": confidence(noise)},
        "runs": [],
    }
    for k in CODE_SIZES:
        for seed in SEEDS:
            torch.manual_seed(seed)
            plain = DenseAutoencoder(k, hidden=(256, 128))
            torch.manual_seed(seed)
            vae = VAE(k, hidden=(256, 128))
            with torch.enable_grad():
                fit(plain, x_train, reconstruction(), seed=seed, **RECIPE)
                fit(vae, x_train, negative_elbo(), seed=seed, **RECIPE)
            z_plain = plain.encode(x_train)
            torch.manual_seed(seed + 100)
            z_vae = reparameterize(*vae.encode(x_train))
            standard = torch.randn(N, k)
            scale = z_plain.square().mean().sqrt()
            codes = {
                "plain": {
                    "reconstructions": z_plain[:N],
                    "gaussian": gaussian_like(z_plain),
                    "box": box_like(z_plain),
                    "standard normal": standard,
                    "standard normal, scaled": scale * standard,
                },
                "vae": {
                    "reconstructions": z_vae[:N],
                    "gaussian": gaussian_like(z_vae),
                    "box": box_like(z_vae),
                    "standard normal": standard,
                },
            }
            run = {"code_size": k, "seed": seed, "scale": scale.item()}
            for name, model in (("plain", plain), ("vae", vae)):
                pictures = {drawn: model.decode(z) for drawn, z in codes[name].items()}
                run[name] = {drawn: score(x) for drawn, x in pictures.items()}
                run[name]["confidence"] = confidence(pictures["standard normal"])
                run[name]["brightened"] = {drawn: bright_score(x) for drawn, x in pictures.items()}
            numbers["runs"].append(run)
            print(run, flush=True)
    save("generation", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()

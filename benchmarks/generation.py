"""What random codes decode to: plain autoencoder against VAE, dense and convolutional, at three code sizes.

Usage: python benchmarks/generation.py   (the shipped digits; ten minutes on one CPU core)

Every distance is a Frechet distance between 1,000 pictures and the 1,000 test digits, in the 64 features of the classifier
that ships with the package. Whatever is fitted to codes is fitted to the codes of the 4,000 training digits.
A ruler that sees one set brightened and not the other only rewards the set that was too faint, so ink is treated alike
on both sides, in two ways. "brightened": every pixel doubled and clipped at 1, in the pictures and in the test digits.
"inked": the pictures times one factor, clipped at 1, so that their mean pixel is the test digits'.
"variety", 1 - |mean|^2 / E|x|^2, does not see ink: a factor cancels. "precision" is the share of the pictures whose features
lie within reach of a test digit (no further than its third neighbour among the test digits), "recall" the share of the test
digits within reach of a picture (Kynkaanniemi et al., 2019), and "nearest" the mean distance, in pixels, to the nearest
training digit, which is near 0 for a copy: these three with the ink matched.
"""

import time

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from companion import ConvAutoencoder, DenseAutoencoder, digits, fit, reconstruction
from companion.generation import digit_classifier, frechet_distance, inked
from companion.vae import VAE, ConvVAE, negative_elbo, reparameterize
from record import save

CODE_SIZES = (2, 10, 32)
SEEDS = (0, 1, 2)
RECIPE = {"epochs": 60, "batch_size": 100, "device": "cpu"}
CONV_RECIPE = RECIPE | {"epochs": 20}
COMPONENTS = 10
N = 1000


def gaussian_like(z: Tensor) -> Tensor:
    """N codes from the Gaussian with the mean and the covariance of the codes z: (M, k) -> (N, k)."""
    root = torch.linalg.cholesky(torch.cov(z.T))
    return z.mean(0) + torch.randn(N, z.shape[1]) @ root.T


def mixture_like(z: Tensor, seed: int) -> Tensor:
    """N codes from a mixture of Gaussians fitted to the codes z: (M, k) -> (N, k)."""
    mixture = GaussianMixture(COMPONENTS, random_state=seed).fit(z.double().numpy())
    return torch.from_numpy(mixture.sample(N)[0]).float()


def box_like(z: Tensor) -> Tensor:
    """N codes spread evenly over the smallest box that holds the codes z: (M, k) -> (N, k)."""
    low, high = z.aminmax(dim=0)
    return low + (high - low) * torch.rand(N, z.shape[1])


def brightened(x: Tensor) -> Tensor:
    """Every pixel doubled and clipped at 1."""
    return (2 * x).clamp(max=1)


def variety(x: Tensor) -> float:
    """1 - |mean|^2 / E|x|^2 of a set of pictures: 0 if all are alike, whatever their ink."""
    return (1 - x.mean(0).square().sum() / x.square().flatten(1).sum(1).mean()).item()


def within_reach(a: Tensor, b: Tensor) -> float:
    """The share of the features a that lie no further from one of the features b than its third neighbour in b does."""
    reach = torch.cdist(b, b).kthvalue(4, dim=1).values  # each is its own first neighbour
    return (torch.cdist(a, b) <= reach).any(1).float().mean().item()


def precision_and_recall(features: Tensor, real: Tensor) -> dict[str, float]:
    """Which share of the features lies within reach of the real ones, and the other way round."""
    return {"precision": within_reach(features, real), "recall": within_reach(real, features)}


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

    def match_ink(x):
        return inked(x, x_test.mean().item())

    def measures(x):
        features = classifier.features(match_ink(x))
        return {
            "brightened": bright_score(x),
            "inked": frechet_distance(features, real),
            "variety": variety(x),
            **precision_and_recall(features, real),
            "nearest": torch.cdist(match_ink(x).flatten(1), x_train.flatten(1)).amin(1).mean().item(),
        }

    def confidence(x):
        return classifier(x).softmax(1).amax(1).mean().item()

    def trained(models, k, seed):
        recipe = RECIPE if models[0] is DenseAutoencoder else CONV_RECIPE
        settings = {"hidden": (256, 128)} if models[0] is DenseAutoencoder else {}
        found = []
        for model, objective in zip(models, (reconstruction(), negative_elbo()), strict=True):
            torch.manual_seed(seed)
            found.append(model(k, **settings))
            with torch.enable_grad():
                fit(found[-1], x_train, objective, seed=seed, **recipe)
        return found

    def run(kind, models, k, seed):
        plain, vae = trained(models, k, seed)
        z_plain = plain.encode(x_train)
        torch.manual_seed(seed + 100)
        z_vae = reparameterize(*vae.encode(x_train))
        standard = torch.randn(N, k)
        scale = z_plain.square().mean().sqrt()
        drawn = {
            name: {
                "reconstructions": z[:N],
                "gaussian": gaussian_like(z),
                "box": box_like(z),
                "mixture": mixture_like(z, seed),
                "standard normal": standard,
            }
            for name, z in (("plain", z_plain), ("vae", z_vae))
        }
        drawn["plain"]["standard normal, scaled"] = scale * standard
        result = {"kind": kind, "code_size": k, "seed": seed, "scale": scale.item()}
        for name, model in (("plain", plain), ("vae", vae)):
            pictures = {way: model.decode(z) for way, z in drawn[name].items()}
            result[name] = {way: score(x) for way, x in pictures.items()}
            result[name]["confidence"] = confidence(pictures["standard normal"])
            measured = {way: measures(x) for way, x in pictures.items()}
            for measure in measured["box"]:
                result[name][measure] = {way: found[measure] for way, found in measured.items()}
        print(result, flush=True)
        return result

    torch.manual_seed(0)
    noise = torch.rand_like(x_test)
    numbers = {
        "code_sizes": CODE_SIZES,
        "seeds": SEEDS,
        "recipe": RECIPE,
        "convolutional recipe": CONV_RECIPE,
        "components": COMPONENTS,
        "training digits": score(x_train[:N]),
        "training digits, brightened": bright_score(x_train[:N]),
        "training digits, measured": measures(x_train[:N]),
        "test digits, measured": measures(x_test),
        "uniform noise": score(noise),
        "confidence": {"test digits": confidence(x_test), "uniform noise": confidence(noise)},
        "runs": [run("dense", (DenseAutoencoder, VAE), k, seed) for k in CODE_SIZES for seed in SEEDS],
        "convolutional runs": [
            run("convolutional", (ConvAutoencoder, ConvVAE), k, seed) for k in CODE_SIZES[1:] for seed in SEEDS[:2]
        ],
    }
    save("generation", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()

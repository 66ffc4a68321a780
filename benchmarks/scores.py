"""Which score finds anomalies? One digit is normal, nine are not: the AUC of every score, with its interval.

Usage: python benchmarks/scores.py   (needs the full MNIST; about 5 minutes on one CPU core)

"ten digits": three different training sets of 400 digits of the normal class, tested on 300 digits of each class of MNIST's
test set. The intervals are from the bootstrap over test digits, class by class, the same draws for all scores and all ten
problems. "letters": all ten classes are normal (the shipped 4,000 training digits), and capital letters in six typefaces
are not.
"""

import time

import matplotlib.font_manager
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import LocalOutlierFactor
from torch import Tensor

from companion import PCA, DenseAutoencoder, digits, fit, mnist, reconstruction
from companion.anomaly import reconstruction_error, report, rivals
from companion.vae import VAE, importance_weighted_bound, kl_to_standard_normal, negative_elbo, reparameterize
from record import save

CODE_SIZE = 32
DRAWS = 10  # codes for each image, for the bound and for its two terms
RESAMPLES = 500
LETTERS = "AEFHKMNPRTUVWXY"  # those that could pass for no digit
FACES = [
    (family, weight) for family in ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono") for weight in ("normal", "bold")
]


def scores_of(x: Tensor, test: Tensor, seed: int, epochs: int) -> dict[str, Tensor]:
    """Fit everything to normal images x (N, 1, 28, 28): name -> scores (B,) of the test images, high is strange."""
    flat, flat_test = x.flatten(1), test.flatten(1)
    found = {name: score(test) for name, score in rivals(x, CODE_SIZE, seed).items()}

    pca = PCA(x, CODE_SIZE)
    found["PCA, clipped"] = ((pca(test).clamp(0, 1) - test) ** 2).flatten(1).mean(1)
    found["PCA, inside"] = distance(pca.encode(x), pca.encode(test))
    left = (pca(x) - x).flatten(1).square().sum(1).mean() / (784 - CODE_SIZE)  # variance along a direction left out
    found["PCA, both"] = found["PCA, inside"] + 784 * found["PCA"] / left

    torch.manual_seed(seed)
    net = DenseAutoencoder(CODE_SIZE)
    fit(net, x, reconstruction(), seed=seed, epochs=epochs, device="cpu")
    found["autoencoder"] = reconstruction_error(net, test)
    with torch.no_grad():
        found["autoencoder, inside"] = distance(net.encode(x), net.encode(test))
    left = reconstruction_error(net, x).mean() * 784 / (784 - CODE_SIZE)
    found["autoencoder, both"] = found["autoencoder, inside"] + 784 * found["autoencoder"] / left

    torch.manual_seed(seed)
    vae = VAE(CODE_SIZE)
    fit(vae, x, negative_elbo(), seed=seed, epochs=epochs, device="cpu")
    found |= scores_of_vae(vae, test)

    near = torch.cdist(flat_test, flat).topk(5, largest=False).values  # (B, 5)
    found["nearest"], found["5 nearest"] = near[:, 0], near.mean(1)
    lof = LocalOutlierFactor(novelty=True).fit(flat.numpy())
    found["LOF"] = -torch.from_numpy(lof.score_samples(flat_test.numpy()))
    gaussian = LedoitWolf().fit(flat.numpy())
    found["Gaussian"] = torch.from_numpy(gaussian.mahalanobis(flat_test.numpy()))
    found["mean digit"] = (flat_test - flat.mean(0)).square().mean(1)
    return {name: s.double() for name, s in found.items()}


@torch.no_grad()
def scores_of_vae(vae: VAE, x: Tensor) -> dict[str, Tensor]:
    """The bounds on -log p(x), their terms, and the error of the reconstruction: name -> (B,)."""
    torch.manual_seed(0)
    mu, logvar = vae.encode(x)
    drawn = [vae.decode(reparameterize(mu, logvar)) for _ in range(DRAWS)]
    cross_entropy = sum(F.binary_cross_entropy(d, x, reduction="none").flatten(1).sum(1) for d in drawn) / DRAWS
    floor = F.binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1)  # of a perfect reconstruction
    kl = kl_to_standard_normal(mu, logvar).sum(1)
    return {
        "VAE, error": reconstruction_error(vae, x),
        "VAE, ELBO": cross_entropy + kl,
        "VAE, ELBO less floor": cross_entropy - floor + kl,
        "VAE, KL": kl,
        "VAE, tighter bound": -importance_weighted_bound(vae, x, DRAWS),
    }


def distance(z_train: Tensor, z: Tensor) -> Tensor:
    """Squared Mahalanobis distance from the training codes (N, k): (B, k) -> (B,)."""
    away = (z - z_train.mean(0)).double()
    # a unit that no digit uses would make the matrix singular
    covariance = torch.cov(z_train.double().T) + 1e-6 * torch.eye(z.shape[1])
    return (away * torch.linalg.solve(covariance, away.T).T).sum(1)


def compare(data, test: Tensor, y_test: Tensor, runs: int, epochs: int) -> dict:
    """Ten problems: the AUCs (run, digit) of every score, and intervals of their means and of differences."""
    draw = torch.Generator().manual_seed(0)
    each = len(test) // 10
    # how often each resample takes each test digit, (10, RESAMPLES, each)
    rows = torch.randint(each, (10, RESAMPLES, each), generator=draw)
    counts = torch.zeros(10, RESAMPLES, each).scatter_add_(2, rows, torch.ones(10, RESAMPLES, each))
    aucs: dict[str, Tensor] = {}
    resampled: dict[str, Tensor] = {}
    for digit in range(10):
        normal, strange = y_test == digit, y_test != digit
        classes = [c for c in range(10) if c != digit]
        weights = torch.cat([counts[c] for c in classes], 1)  # (RESAMPLES, 9 * each)
        order = torch.cat([(y_test == c).nonzero()[:, 0] for c in classes])
        ordered: dict[str, Tensor] = {}
        own = data.x_train[data.y_train == digit]
        for run in range(runs):
            own_draw = torch.Generator().manual_seed(1000 * digit + run)
            x = own[torch.randperm(len(own), generator=own_draw)[:400]]
            for name, s in scores_of(x, test, run, epochs).items():
                aucs.setdefault(name, torch.zeros(runs, 10))[run, digit] = report(s[normal], s[strange], 0.0).auc
                higher = (s[order] > s[normal][:, None]).float() + (s[order] == s[normal][:, None]).float() / 2
                ordered[name] = ordered.get(name, 0) + higher / runs  # (each, 9 * each), every pair
        for name, pairs in ordered.items():
            found = ((counts[digit] @ pairs) * weights).sum(1) / (9 * each**2)
            resampled.setdefault(name, torch.zeros(RESAMPLES, 10))[:, digit] = found
        print(digit, {n: round(a[:, digit].mean().item(), 3) for n, a in aucs.items()}, flush=True)

    def interval(values: Tensor) -> list[float]:
        return [round(v, 5) for v in values.mean(1).quantile(torch.tensor([0.025, 0.975])).tolist()]

    return {
        "auc": {name: [[round(v, 5) for v in row] for row in a.tolist()] for name, a in aucs.items()},
        "interval": {name: interval(r) for name, r in resampled.items()},
        "less PCA": {name: interval(r - resampled["PCA"]) for name, r in resampled.items()},
        "less autoencoder": {name: interval(r - resampled["autoencoder"]) for name, r in resampled.items()},
    }


def letter(character: str, family: str, weight: str) -> Tensor:
    """A character in white on black, as tall as a digit: -> (1, 28, 28)."""
    fig = Figure(figsize=(1, 1), dpi=28, facecolor="black")
    fig.set_layout_engine("none")
    canvas = FigureCanvasAgg(fig)
    font = {"family": family, "weight": weight, "size": 25 * 72 / 28}  # 25 pixels, in points
    fig.text(0.5, 0.5, character, ha="center", va="center_baseline", color="white", **font)
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[..., 0]  # (28, 28, 4) -> (28, 28)
    return torch.tensor(grey[None] / 255, dtype=torch.float32)


def against_letters(runs: int, epochs: int) -> dict[str, list[float]]:
    """All digits are normal, letters are not: name -> one AUC a run."""
    for family, _ in FACES:
        matplotlib.font_manager.findfont(family, fallback_to_default=False)  # or stop here
    x_train, _, x_test, _ = digits()
    letters = torch.stack([letter(c, *face) for face in FACES for c in LETTERS])
    test, found = torch.cat([x_test, letters]), {}
    for run in range(runs):
        for name, s in scores_of(x_train, test, run, epochs).items():
            normal, strange = s.split((len(x_test), len(letters)))
            found.setdefault(name, []).append(round(report(normal, strange, 0.0).auc, 5))
    print("letters", {name: round(sum(v) / runs, 3) for name, v in found.items()}, flush=True)
    return found


def main():
    started = time.perf_counter()
    data = mnist()
    # 300 of each class, the first in MNIST's order
    kept = torch.cat([(data.y_test == digit).nonzero()[:300, 0] for digit in range(10)])
    test, y_test = data.x_test[kept], data.y_test[kept]
    numbers = {
        "code_size": CODE_SIZE,
        "ten digits": compare(data, test, y_test, runs=3, epochs=60),
        "letters": against_letters(runs=3, epochs=15),
    }
    save("scores", numbers, data="MNIST: the full set, and the shipped digits for letters", started=started)


if __name__ == "__main__":
    main()

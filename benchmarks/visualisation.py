"""Maps of digits: seconds as n grows, and scores over seeds, for PCA, autoencoders, t-SNE and UMAP.

Usage: OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/visualisation.py
(the full MNIST, and the shipped digits; about eleven minutes)

Everything runs on one thread, and "seconds" are those of the CPU, so that another program on the machine disturbs little.
A neighbour method gets the first 50 PCA numbers of its digits, and its seconds hold those of PCA. Every method runs once
before the clock starts (UMAP compiles itself). UMAP gets 200 rounds at every n; t-SNE has scikit-learn's default, 1,000.
UMAP searches for neighbours approximately at every n; by default it does so only from 4,096 points on, and below that
computes each distance by a call of its own, which is slower: "UMAP, default search" stands beside it where they differ.
"""

import time
from pathlib import Path

import torch
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import adjusted_rand_score
from umap import UMAP

from companion import PCA, DenseAutoencoder, digits, fit, mnist, reconstruction
from companion.vae import VAE, negative_elbo
from companion.visualisation import neighbour_accuracy, neighbour_embedding
from record import save

SIZES = (1_875, 7_500, 15_000, 30_000, 60_000)
TSNE_UP_TO = 15_000
STEPS, BATCH = 1_250, 64
HIDDEN = (128, 64, 32)
MAP = 1_000  # shipped digits on the maps of the notebook


def autoencoder(x, code_size=2, seed=0, **recipe):
    torch.manual_seed(seed)
    model = DenseAutoencoder(code_size, hidden=HIDDEN)
    fit(model, x, reconstruction(), batch_size=BATCH, lr=6e-3, seed=seed, device="cpu", **recipe)
    return encoder(model)


def vae(x, code_size=2, seed=0, **recipe):
    torch.manual_seed(seed)
    model = VAE(code_size, hidden=HIDDEN)
    fit(model, x, negative_elbo(), batch_size=BATCH, lr=6e-3, seed=seed, device="cpu", **recipe)
    return encoder(model, lambda code: code[0])


def parametric_tsne(x, seed=0, loss_fn=None):
    """With ``reconstruction`` as the loss: the same network and the same 300 steps as an autoencoder."""
    torch.manual_seed(seed)
    model = DenseAutoencoder(2, hidden=(256, 128))
    fit(model, x, loss_fn or neighbour_embedding(10), epochs=60, batch_size=200, seed=seed, device="cpu")
    return encoder(model)


def encoder(model, pick=lambda code: code):
    @torch.no_grad()
    def encode(x):
        return pick(model.encode(x))

    return encode


def tsne(x, seed=0, init="pca", d=2, **settings):
    return torch.from_numpy(TSNE(d, init=init, random_state=seed, n_jobs=1, **settings).fit_transform(x))


def umap(x, seed=0, **settings):
    """-> the map, and the function that places new points on it."""
    model = UMAP(random_state=seed, n_jobs=1, **settings)
    z = torch.from_numpy(model.fit_transform(x.numpy()))
    return z, lambda x: torch.from_numpy(model.transform(x.numpy()))


def clocked(function, *args, **kwargs):
    """-> the result, and the CPU seconds it took."""
    started = time.process_time()
    result = function(*args, **kwargs)
    return result, round(time.process_time() - started, 4)


def time_against_n():
    data = mnist()
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0))
    x_new, y_new = data.x_test[:2000], data.y_test[:2000]
    numbers = PCA(data.x_train[:5000], 50).encode(data.x_train[:5000])
    for approximate in (False, True):  # compiles both ways of searching
        umap(numbers[:1000], n_epochs=11, force_approximation_algorithm=approximate)[1](numbers[:100])
    tsne(numbers[:200], max_iter=250)
    autoencoder(data.x_train[:640], epochs=1)
    rows = []
    for n in SIZES:
        x, y = data.x_train[order[:n]], data.y_train[order[:n]]
        row: dict[str, dict] = {}

        def keep(name, seconds, z, place=None, x_new=x_new, y=y, row=row):
            row[name] = {"seconds": seconds, "leave one out": neighbour_accuracy(z, y)}
            if place is not None:
                place(x_new[:50])  # what is done once, at the first call
                z_new, row[name]["seconds, 2,000 new"] = clocked(place, x_new)
                row[name]["new"] = neighbour_accuracy(z, y, z_new, y_new)

        pca, pca_seconds = clocked(PCA, x, 50)
        numbers, numbers_new = pca.encode(x), pca.encode(x_new)
        keep("PCA", pca_seconds, numbers[:, :2], lambda x, pca=pca: pca.encode(x)[:, :2])
        again = torch.arange(STEPS * BATCH) % n  # each digit as often as it takes: one epoch of exactly 1,250 steps
        encode, seconds = clocked(autoencoder, x[again], epochs=1)
        keep("autoencoder, 1,250 steps", seconds, encode(x), encode)
        encode, seconds = clocked(autoencoder, x, epochs=20)
        keep("autoencoder, 20 epochs", seconds, encode(x), encode)
        (z, place), seconds = clocked(umap, numbers, n_epochs=200, force_approximation_algorithm=True)
        keep("UMAP", pca_seconds + seconds, z, place, numbers_new)
        if n < 4_096:
            (z, place), seconds = clocked(umap, numbers, n_epochs=200)
            keep("UMAP, default search", pca_seconds + seconds, z, place, numbers_new)
        if n <= TSNE_UP_TO:
            z, seconds = clocked(tsne, numbers)
            keep("t-SNE", pca_seconds + seconds, z)
        rows.append({"n": n, **row})
        print(n, {name: {k: round(v, 3) for k, v in entry.items()} for name, entry in row.items()}, flush=True)
    return rows


def scores_over_seeds(seeds):
    data = digits()
    x, y, x_new, y_new = data.x_train[:MAP], data.y_train[:MAP], data.x_test, data.y_test
    pca = PCA(x, 50)
    numbers, numbers_new = pca.encode(x), pca.encode(x_new)
    found: dict[str, list[dict]] = {}

    def layout(z):
        """Rank correlation of the distances between the kinds' mean places, on the map and in the data."""
        places = [torch.stack([v[y == digit].mean(0) for digit in range(10)]) for v in (numbers, z)]
        return float(spearmanr(*(torch.pdist(p) for p in places)).statistic)

    def keep(name, z, z_new=None):
        scores = {
            "trustworthiness": float(trustworthiness(numbers, z, n_neighbors=10)),
            "continuity": float(trustworthiness(z, numbers, n_neighbors=10)),
            "leave one out": neighbour_accuracy(z, y),
            "adjusted Rand": float(adjusted_rand_score(y, KMeans(10, n_init=5, random_state=0).fit_predict(z))),
            "layout": layout(z),
        }
        if z_new is not None:
            scores["new"] = neighbour_accuracy(z, y, z_new, y_new)
        found.setdefault(name, []).append(scores)
        print(name, {k: round(v, 3) for k, v in scores.items()}, flush=True)

    for d in (2, 3):
        keep(f"PCA, {d}", numbers[:, :d], numbers_new[:, :d])
    for seed in seeds:
        for d in (2, 3):
            for name, train in (("autoencoder", autoencoder), ("VAE", vae)):
                encode = train(x, d, seed, epochs=50)
                keep(f"{name}, {d}", encode(x), encode(x_new))
        # more steps, more digits, both; 800 steps and 1,000 digits above
        for name, digits_seen, epochs in (("3,200 steps", x, 200), ("4,000 digits", data.x_train, 13)):
            encode = autoencoder(digits_seen, 2, seed, epochs=epochs)
            keep(f"autoencoder, 2, {name}", encode(x), encode(x_new))
        encode = autoencoder(data.x_train, 2, seed, epochs=50)
        keep("autoencoder, 2, both", encode(x), encode(x_new))
        encode = parametric_tsne(x, seed)
        keep("parametric t-SNE, 2", encode(x), encode(x_new))
        encode = parametric_tsne(x, seed, reconstruction())
        keep("same network, redrawing, 2", encode(x), encode(x_new))
        keep("t-SNE, 2, random start", tsne(numbers, seed, init="random"))
        torch.manual_seed(seed)
        plane = torch.randn(784, 2)
        keep("random plane, 2", x.flatten(1) @ plane, x_new.flatten(1) @ plane)
        z, place = umap(numbers, seed)
        keep("UMAP, 2", z, place(numbers_new))
    keep("t-SNE, 2", tsne(numbers))  # from PCA's map it has no chance in it: every seed gives the same
    encode = autoencoder(data.x_train, 32, epochs=50)
    keep("autoencoder, 32", encode(x), encode(x_new))
    keep("t-SNE of the autoencoder's 32", tsne(encode(x)))
    z, place = umap(encode(x))
    keep("UMAP of the autoencoder's 32", z, place(encode(x_new)))
    z, place = umap(numbers, n_components=3)
    keep("UMAP, 3", z, place(numbers_new))
    keep("t-SNE, 3", tsne(numbers, d=3))
    return found


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def main():
    torch.set_num_threads(1)
    started = time.perf_counter()
    seeds = list(range(5))
    numbers: dict[str, object] = {"processor": f"{processor()}, CPU seconds of 1 thread", "seeds": seeds}
    numbers["scores"] = scores_over_seeds(seeds)
    numbers["sizes"] = time_against_n()
    save("visualisation", numbers, data="MNIST: the full set, and the shipped digits", started=started)


if __name__ == "__main__":
    main()

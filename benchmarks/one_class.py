"""One digit is normal, nine are not: area under the ROC curve for each digit and four detectors.

Usage: python benchmarks/one_class.py   (the shipped digits, and the full MNIST; about 25 minutes on one shared CPU core)

"shipped": 400 training digits of a class, 1,000 test digits. "full": about 6,000 and 10,000. PCA and the one-class SVM are
deterministic, so they have one number a digit; the autoencoders and the forest have one a seed.
"""

import time

import torch
from sklearn.ensemble import IsolationForest

from companion import PCA, ConvAutoencoder, DenseAutoencoder, digits, fit, mnist, pytorch_default_, reconstruction
from companion.anomaly import reconstruction_error, report, rivals
from record import save

CODE_SIZE = 32
# Name -> how to build it, how to train it on 400 digits (420 steps), and on 6,000 (1,900).
STEADY = {"lr": 1e-3, "decay": False}
NETWORKS = {
    "autoencoder": (lambda: DenseAutoencoder(CODE_SIZE), {"epochs": 60}, {"epochs": 20}),
    "convolutional": (lambda: ConvAutoencoder(CODE_SIZE), {"epochs": 60}, None),
    # As many steps as on 6,000 digits, to tell more data from longer training.
    "longer": (lambda: DenseAutoencoder(CODE_SIZE), {"epochs": 270}, None),
    "badly trained": (
        lambda: pytorch_default_(DenseAutoencoder(CODE_SIZE)),
        {"epochs": 20, **STEADY},
        {"epochs": 2, **STEADY},
    ),
}
FEWER = {"convolutional": 2, "longer": 1}  # seeds for the slow ones


def auc_of_digit(digit, data, recipe_of, seeds):
    """name of the detector -> one AUC a seed, with the digit as the normal class."""
    x = data.x_train[data.y_train == digit]
    normal, strange = data.x_test[data.y_test == digit], data.x_test[data.y_test != digit]

    def auc(score):
        return report(score(normal), score(strange), 0.0).auc

    row = {}
    for seed in seeds:
        for name, (build, *recipes) in NETWORKS.items():
            recipe = recipes[recipe_of]
            if recipe is not None and seed in seeds[: FEWER.get(name)]:
                torch.manual_seed(seed)
                model = build()
                fit(model, x, reconstruction(), seed=seed, device="cpu", **recipe)
                scores = {name: lambda x, model=model: reconstruction_error(model, x)}
                scores[f"{name}, relative"] = relative(scores[name])
                for key, score in scores.items():
                    row.setdefault(key, []).append(auc(score))
    for name, score in rivals(x, CODE_SIZE, seeds[0]).items():
        row[name] = [auc(score)]
    row["PCA, relative"] = [auc(relative(reconstruction_score(x)))]
    if recipe_of == 0:
        row["nearest"] = [auc(nearest(x))]
    row["forest"] += [auc(forest(x, seed)) for seed in seeds[1:]]
    return row


def relative(score):
    """A reconstruction error as a share of the image's own mean square."""
    return lambda x: score(x) / x.square().flatten(1).mean(1)


def reconstruction_score(x):
    """The reconstruction error of PCA alone."""
    pca = PCA(x, CODE_SIZE)
    return lambda x: reconstruction_error(pca, x)


def forest(x, seed):
    """The forest alone, for the further seeds."""
    fitted = IsolationForest(random_state=seed).fit(x.flatten(1).numpy())
    return lambda x: -torch.from_numpy(fitted.score_samples(x.flatten(1).numpy()))


def nearest(x):
    """The distance to the nearest training image."""
    return lambda images: torch.cdist(images.flatten(1), x.flatten(1)).amin(1)  # (B, N) -> (B,)


def main():
    started = time.perf_counter()
    numbers = {"code_size": CODE_SIZE}
    for name, data, recipe_of, seeds in (("shipped", digits(), 0, range(5)), ("full", mnist(), 1, range(2))):
        numbers[name] = {"seeds": list(seeds), "digits": []}
        for digit in range(10):
            row = auc_of_digit(digit, data, recipe_of, seeds)
            numbers[name]["digits"].append(row)
            print(name, digit, {k: [round(v, 3) for v in values] for k, values in row.items()}, flush=True)
    save("one_class", numbers, data="MNIST: the shipped digits, and the full set", started=started)


if __name__ == "__main__":
    main()

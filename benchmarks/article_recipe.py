"""The article's denoising recipe on the full MNIST: what it claims, what it gives, and what a better start gives.

Usage: python benchmarks/article_recipe.py   (needs the full MNIST; about 6 minutes on 2 CPU cores)

Every number is a mean squared error per pixel. "Test" is the MSE against the clean image over MNIST's 10,000 test
images, with Gaussian noise of standard deviation 0.2 that is the same for every network.
"""

import time

import torch
from torch import nn
from torch.utils.data import DataLoader

from companion import (
    PCA,
    DenseAutoencoder,
    answer_grey_,
    evaluate,
    fit,
    gaussian_noise,
    mnist,
    orthogonal_,
    pytorch_default_,
)
from companion._support.torchvision import import_torchvision
from companion.datasets import data_root
from companion.denoising import article_network, denoising
from record import save

SEEDS = (0, 1, 2)
EPOCHS = 5
CLAIMED = [0.0245, 0.0182, 0.0141, 0.0118, 0.0102]  # the article's printed loss after each epoch


def article_loop(seed: int, test_mse) -> dict:
    """The article's recipe as it stands: default weights, a DataLoader that converts image by image, Adam at 1e-3."""
    torch.manual_seed(seed)
    torchvision = import_torchvision()
    images = torchvision.datasets.MNIST(data_root(), train=True, transform=torchvision.transforms.ToTensor())
    batches = DataLoader(images, batch_size=64, shuffle=True)
    model = pytorch_default_(article_network())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    last_batch, test, train_seconds = [], [], 0.0
    for _ in range(EPOCHS):
        start = time.perf_counter()
        for x, _ in batches:
            x_hat = model(gaussian_noise(x, 0.2))
            loss = nn.functional.mse_loss(x_hat, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        train_seconds += time.perf_counter() - start
        last_batch.append(loss.item())
        test.append(test_mse(model))
    return {"last_batch": last_batch, "test": test, "seconds": train_seconds}


def start_default(model: DenseAutoencoder) -> nn.Module:
    return pytorch_default_(model)


def start_orthogonal(model: DenseAutoencoder) -> nn.Module:
    return orthogonal_(model)  # this also undoes the grey answer: every bias becomes 0


def start_orthogonal_grey(model: DenseAutoencoder) -> nn.Module:
    answer_grey_(orthogonal_(model).decoder[-1], 0.13)
    return model


# Each rung changes one thing: the weights at the start, then the answer at the start, then the learning rate.
LADDER = {
    "default start, lr 1e-3": (start_default, {"lr": 1e-3, "decay": False}),
    "orthogonal start": (start_orthogonal, {"lr": 1e-3, "decay": False}),
    "+ grey answer": (start_orthogonal_grey, {"lr": 1e-3, "decay": False}),
    "+ lr up to 3e-3, then down to 0": (start_orthogonal_grey, {"lr": 3e-3, "decay": True}),
}


def main():
    started = time.perf_counter()
    data = mnist()

    def test_mse(model):
        return evaluate(model, data.x_test, denoising())["loss"]

    loop = [article_loop(seed, test_mse) for seed in SEEDS]
    print("the article's loop:", [f"{run['test'][-1]:.4f}" for run in loop], flush=True)

    ladder = {}
    for name, (start, recipe) in LADDER.items():
        runs = []
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = start(article_network())
            history = fit(model, data.x_train, denoising(), epochs=EPOCHS, seed=seed, **recipe)
            runs.append({"test": test_mse(model), "seconds": history["seconds"][-1]})
        ladder[name] = runs
        print(f"{name}:", [f"{run['test']:.4f}" for run in runs], flush=True)

    baselines = {
        "noisy input": test_mse(nn.Identity()),
        "noisy input, clipped to [0, 1]": test_mse(nn.Hardtanh(0, 1)),
        "PCA-32": test_mse(PCA(data.x_train, 32)),
    }
    print(baselines)
    numbers = {
        "epochs": EPOCHS,
        "seeds": SEEDS,
        "claimed_last_batch": CLAIMED,
        "article_loop": loop,
        "ladder": ladder,
        "baselines": baselines,
    }
    save("article_recipe", numbers, data="MNIST, 60,000 training and 10,000 test images", started=started)


if __name__ == "__main__":
    main()

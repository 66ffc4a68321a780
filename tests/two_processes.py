"""What the tests of distributed training run, in each process of a gloo group and in a single process without one.

As a program: ``python two_processes.py RANK FOLDER`` is one of two processes, and saves its results in FOLDER.
"""

import sys
import warnings

import torch
import torch.distributed as dist

from companion import DenseAutoencoder, TrainingWarning, fit, mse, reconstruction

# Last batches of 5 images, of 1 (fewer than there are processes), and a whole one.
SIZES = (37, 33, 32)


def build():
    return DenseAutoencoder(3, hidden=(8,), image_shape=(1, 4, 4))


def images(n):
    return torch.rand(n, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def trained(n, seed):
    """-> the history of six epochs on n images, and the weights; ``seed`` is that of the starting weights."""
    torch.manual_seed(seed)
    x, model = images(n), build()
    history = fit(model, x, reconstruction(), epochs=6, batch_size=8, x_test=x[:5], device="cpu")
    return history, torch.cat([p.detach().flatten() for p in model.parameters()])


def spied():
    """-> the first pixels of the images of every batch, and the first noise drawn for each, over three epochs."""
    seen, drawn = [], []

    def loss_fn(model, x):
        noise = torch.randn_like(x)
        if model.training:  # not where fit compares with one answer for every image
            seen.append(x[:, 0, 0, 0].tolist())
            drawn.append(noise[0])
        return {"loss": mse(model(x + 0.1 * noise), x)}

    fit(build(), images(21), loss_fn, epochs=3, batch_size=8, device="cpu")
    return seen, drawn


def failed(is_bad):
    """-> the message of a run whose loss is no number in some of the processes only."""
    try:
        fit(build(), images(8), lambda m, x: {"loss": mse(m(x), x) * (float("nan") if is_bad else 1)}, device="cpu")
    except ValueError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    rank, folder = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", TrainingWarning)  # there is nothing to learn of noise
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    results = {n: trained(n, seed=rank) for n in SIZES}  # each starts from other weights; the first one's count
    torch.save((results, spied(), failed(is_bad=rank == 0)), f"{folder}/{rank}.pt")
    dist.destroy_process_group()

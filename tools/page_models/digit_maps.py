"""Four maps of lesson 9's 1,000 digits: PCA, an autoencoder, t-SNE and UMAP, by the lesson's own settings."""

import torch
from torch import nn

from companion import PCA, DenseAutoencoder, digits, fit, reconstruction, redraw
from companion.elements.linked_maps import maps_export


def module() -> nn.Module:
    """The figure shows places; no network runs in it."""
    return nn.Module()


def programs(model: nn.Module) -> dict:
    return {}


def make() -> dict:
    import os

    os.environ.setdefault("NUMBA_OPT", "1")
    from sklearn.manifold import TSNE
    from umap import UMAP

    data = digits()
    x, y = data.x_train[:1000], data.y_train[:1000]
    numbers = PCA(x, 50).encode(x)  # (1000, 50)
    torch.manual_seed(0)
    net = DenseAutoencoder(2, hidden=(128, 64, 32))
    fit(net, x, reconstruction(), epochs=40, batch_size=64, lr=6e-3, device="cpu")
    tsne = TSNE(2, init="pca", max_iter=500, random_state=0, n_jobs=1).fit_transform(numbers.numpy())
    umap = UMAP(n_epochs=200, random_state=0, n_jobs=1).fit_transform(numbers.numpy())
    maps = {"PCA": numbers[:, :2], "autoencoder": redraw(net.encode, x)}
    maps |= {"t-SNE": torch.from_numpy(tsne), "UMAP": torch.from_numpy(umap)}
    return maps_export(maps, x, y)

"""Principal component analysis with the interface of the autoencoders, and the linear autoencoder that finds its subspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from companion._support.checks import (
    check_code,
    check_image_shape,
    check_images,
    check_model_input,
    check_not_negative,
    check_positive,
    check_sizes,
)


class PCA(nn.Module):
    """The best linear code of a given size, by singular value decomposition: (B, C, H, W) -> (B, k) -> (B, C, H, W).

    Nothing is trained: the constructor does all the work. The reconstruction is linear, so it may leave [0, 1].

    Args:
        x: training images (N, C, H, W).
        code_size: numbers in the code, at most min(N, C*H*W).

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or ``code_size`` is not a whole number from 1 to
            min(N, C*H*W).

    Source: Pearson, On lines and planes of closest fit to systems of points in space, 1901.
    """

    mean: Tensor
    components: Tensor

    def __init__(self, x: Tensor, code_size: int = 32):
        super().__init__()
        check_images(x, unit_range=False)
        check_positive(code_size, "code_size", whole=True)
        flat = x.flatten(1)  # (N, C*H*W)
        if code_size > min(flat.shape):
            raise ValueError(
                f"code_size is {code_size}; expected at most {min(flat.shape)}, the smaller of the "
                f"number of images ({flat.shape[0]}) and of pixels ({flat.shape[1]})."
            )
        self.image_shape = tuple(x.shape[1:])
        mean = flat.mean(0)
        # The right singular vectors of the centred data, the most important first.
        components = torch.linalg.svd(flat - mean, full_matrices=False).Vh[:code_size]
        self.register_buffer("mean", mean)  # (C*H*W,)
        self.register_buffer("components", components.clone())  # (k, C*H*W), orthonormal rows

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, k)."""
        check_model_input(x, self.image_shape)
        return (x.flatten(1) - self.mean) @ self.components.T

    def decode(self, z: Tensor) -> Tensor:
        """(B, k) -> (B, C, H, W)."""
        check_code(z, len(self.components))
        return (self.mean + z @ self.components).unflatten(1, self.image_shape)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the projection onto the k components."""
        return self.decode(self.encode(x))


class LinearAutoencoder(nn.Module):
    """An autoencoder without activations: (B, C, H, W) -> code (B, code_size) -> (B, C, H, W), not kept in [0, 1].

    Args:
        code_size: numbers in the code.
        hidden: widths of further linear layers between image and code; the decoder mirrors them.
        image_shape: (C, H, W) of one image.
        bias: False leaves out every bias.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` has another shape than the model's.

    Source: Baldi and Hornik, Neural networks and principal component analysis: learning from examples without
    local minima, 1989.
    """

    def __init__(self, code_size=32, hidden=(), image_shape=(1, 28, 28), bias=True):
        super().__init__()
        check_image_shape(image_shape)
        check_sizes(code_size, hidden)
        self.image_shape, self.code_size = tuple(image_shape), code_size
        widths = (prod(image_shape), *hidden, code_size)
        self.encoder = nn.Sequential(*(nn.Linear(a, b, bias) for a, b in pairwise(widths)))
        self.decoder = nn.Sequential(*(nn.Linear(a, b, bias) for a, b in pairwise(widths[::-1])))
        for layer in (*self.encoder, *self.decoder):
            # A small start: every half of the network shrinks its input to a tenth.
            nn.init.orthogonal_(layer.weight, gain=0.1 ** (1 / len(self.encoder)))
            if bias:
                nn.init.zeros_(layer.bias)

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, code_size)."""
        check_model_input(x, self.image_shape)
        return self.encoder(x.flatten(1))  # (B, C, H, W) -> (B, C*H*W) -> (B, code_size)

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, C, H, W)."""
        check_code(z, self.code_size)
        return self.decoder(z).unflatten(1, self.image_shape)  # (B, C*H*W) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the reconstruction."""
        return self.decode(self.encode(x))

    def directions(self) -> Tensor:
        """What each number of the code adds to the picture when it grows by 1: -> (code_size, C*H*W)."""
        return as_one_matrix(self.decoder).T.detach()


def fit_on_covariance(
    model: LinearAutoencoder, x: Tensor, *, steps: int = 300, weight_decay: float = 0.0
) -> float:  # fmt: skip
    """Train a linear autoencoder in place on all images at once: (N, C, H, W) -> the squared error it ends with.

    With E and D the products of the encoder's and the decoder's weights, the squared error of a centred image,
    averaged over the images, needs nothing of them but their covariance C:
    tr C - 2 tr(E C D) + tr(D'D E C E'). So a step costs the same for four thousand images as for four million. The
    biases need no search: they subtract the mean before the encoder and add it after the decoder.

    Args:
        model: must have biases.
        x: training images.
        steps: of LBFGS with a line search, in double precision.
        weight_decay: times the sum of all squared weights, added to the error.

    Runs where ``x`` and the model are, which must know double precision (Apple's MPS does not). The model is left in
    float32, also after an error or Ctrl-C, with the weights that it had then.

    Returns:
        The squared error on ``x``. Reduction: sum over pixels, mean over images; without the weight decay.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, has another shape than the model's or an argument is
            out of range; or the model has no biases.

    Source: Baldi and Hornik, 1989 (the error as a function of the covariance); Kunin, Bloom, Goeva and Seed, Loss
    landscapes of regularized linear autoencoders, 2019 (the weight decay).
    """
    check_images(x, unit_range=False)
    check_model_input(x, model.image_shape)
    check_positive(steps, "steps", whole=True)
    check_not_negative(weight_decay, "weight_decay")
    if model.encoder[-1].bias is None:
        raise ValueError("the model has no biases; expected LinearAutoencoder(bias=True), or use fit.")
    with in_double_precision(model):
        flat = x.flatten(1).double()  # (N, C*H*W)
        mean = flat.mean(0)
        covariance = (flat - mean).T @ (flat - mean) / len(flat)  # (C*H*W, C*H*W)
        weights = [layer.weight for layer in (*model.encoder, *model.decoder)]
        optimizer = torch.optim.LBFGS(
            weights, max_iter=steps, max_eval=2 * steps, history_size=20, line_search_fn="strong_wolfe",
            tolerance_grad=0, tolerance_change=0,
        )  # fmt: skip

        def error_of_weights() -> Tensor:
            e, d = as_one_matrix(model.encoder), as_one_matrix(model.decoder)  # (k, 784), (784, k)
            ec = e @ covariance
            return covariance.trace() - 2 * (ec * d.T).sum() + ((d.T @ d) * (ec @ e.T)).sum()

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = error_of_weights() + weight_decay * sum(w.square().sum() for w in weights)
            loss.backward()
            return loss

        optimizer.step(closure)
        with torch.no_grad():
            error = error_of_weights().item()
            for layer in (*model.encoder, *model.decoder):
                layer.bias.zero_()
            model.encoder[-1].bias -= as_one_matrix(model.encoder) @ mean
            model.decoder[-1].bias += mean
    return error


@contextmanager
def in_double_precision(model: nn.Module) -> Iterator[None]:
    """Within, the model computes in float64; afterwards, whatever happened, in float32."""
    try:
        model.double()
        yield
    finally:
        model.float()


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """The angles between two subspaces, each spanned by rows: (k, D), (m, D) -> (min(k, m),) degrees, largest first.

    Computed on the CPU in double precision, wherever the rows are.

    Raises:
        ValueError: the rows of ``a`` and ``b`` have different lengths, or are not independent.

    Source: Bjorck and Golub, Numerical methods for computing angles between linear subspaces, 1973.
    """
    _check_directions(a, b)
    basis_a, basis_b = (torch.linalg.qr(rows.cpu().double().T).Q for rows in (a, b))  # (D, k), orthonormal columns
    cosines = torch.linalg.svdvals(basis_a.T @ basis_b).clamp(max=1)
    return torch.rad2deg(torch.acos(cosines)).flip(0)


def principal_axes(directions: Tensor, x: Tensor) -> Tensor:
    """PCA inside the subspace that some directions span: (k, C*H*W), images (N, C, H, W) -> (k, C*H*W), orthonormal rows.

    Where the subspace is that of PCA, these are PCA's own components, the most important first, up to their sign.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images, or the directions have another length than an image.
    """
    check_images(x, unit_range=False)
    flat = x.flatten(1)  # (N, C*H*W)
    if directions.ndim != 2 or directions.shape[1] != flat.shape[1]:
        shape = tuple(directions.shape)
        raise ValueError(f"directions has shape {shape}; expected (k, {flat.shape[1]}), as images have.")
    basis = torch.linalg.qr(directions.T).Q  # (C*H*W, k)
    inside = (flat - flat.mean(0)) @ basis  # (N, k): the images, seen in the subspace
    return torch.linalg.svd(inside, full_matrices=False).Vh @ basis.T


def _check_directions(a: Tensor, b: Tensor) -> None:
    """Raise unless both are independent rows (k, D), (m, D) of one length."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        shapes = f"a has shape {tuple(a.shape)} and b {tuple(b.shape)}"
        raise ValueError(f"{shapes}; expected (k, D) and (m, D), directions of one length.")
    for name, rows in (("a", a), ("b", b)):
        rounding = max(rows.shape) * torch.finfo(rows.dtype).eps  # of the numbers as they were given
        if torch.linalg.matrix_rank(rows.cpu().double(), rtol=rounding) < len(rows):
            raise ValueError(f"the rows of {name} are not independent; expected {len(rows)} directions. Drop some.")


def as_one_matrix(layers: nn.Sequential) -> Tensor:
    """The one matrix that a stack of linear layers amounts to, biases left out: -> (out, in)."""
    matrices: list[Tensor] = [p for p in layers.parameters() if p.ndim == 2]  # not the biases
    return reduce(lambda product, matrix: matrix @ product, matrices)

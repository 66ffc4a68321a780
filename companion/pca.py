"""Principal component analysis with the interface of the autoencoders: the baseline beside each of them."""

import torch
from torch import Tensor, nn

from companion._check import check_code, check_images, check_model_input, check_positive


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
                f"code_size is {code_size}; expected at most {min(flat.shape)}, the smaller of the number of "
                f"images ({flat.shape[0]}) and of pixels ({flat.shape[1]})."
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

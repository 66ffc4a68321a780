"""A tensor as on Apple's GPU: it refuses float64 until it is brought to the CPU."""

import torch
from torch import Tensor


class NoDoubles(Tensor):
    """``x.as_subclass(NoDoubles)``: what is computed from it refuses too, ``.cpu()`` gives an ordinary tensor."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        given = [*args, *(kwargs or {}).values()]
        if func is Tensor.double or torch.float64 in [value for value in given if isinstance(value, torch.dtype)]:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        if func is Tensor.numpy:
            raise TypeError("can't convert mps:0 device type tensor to numpy.")
        result = super().__torch_function__(func, types, args, kwargs)
        return result.as_subclass(Tensor) if func is Tensor.cpu else result

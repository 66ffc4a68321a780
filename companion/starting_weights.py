"""Starting weights. PyTorch's own default leaves a deep, narrow autoencoder in grey blobs for thousands of steps."""

from math import log

from torch import nn

from companion._support.checks import check_fraction

# The mean pixel of the digits, from which every model of the course starts unless told otherwise.
MEAN_PIXEL = 0.13

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def orthogonal_(model: nn.Module) -> nn.Module:
    """Give every linear and convolutional layer an orthogonal weight and a zero bias, in place: -> the model.

    An orthogonal matrix keeps the lengths of, and the angles between, the vectors it maps, so the differences
    between two images still reach the last layer of an untrained network. The factor sqrt(2) makes up for the
    half of the signal that a ReLU drops. A convolution's kernel (out, in, h, w) is treated as a matrix
    (out, in * h * w).

    Source: Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks, 2014.
    """
    for layer in model.modules():
        if isinstance(layer, _WEIGHTED):
            nn.init.orthogonal_(layer.weight, gain=nn.init.calculate_gain("relu"))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


def answer_grey_(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, mean_pixel: float) -> nn.Module:
    """Set the bias of a last layer, in place, so that a sigmoid after it answers ``mean_pixel``: -> the layer.

    Digits are mostly background: their mean pixel is 0.13. A sigmoid's untrained answer is 0.5, and a network
    that starts there spends its first epochs on nothing but turning the page black.

    Raises:
        ValueError: ``mean_pixel`` is not between 0 and 1, both excluded, or the layer has no bias.
    """
    check_fraction(mean_pixel, "mean_pixel")
    if layer.bias is None:
        raise ValueError("the layer has no bias; expected a last layer with one. Build it with bias=True.")
    nn.init.constant_(layer.bias, log(mean_pixel / (1 - mean_pixel)))
    return layer


def pytorch_default_(model: nn.Module) -> nn.Module:
    """Draw every linear and convolutional layer anew from PyTorch's own default, in place: -> the model.

    For comparison with :func:`orthogonal_`: weights and biases uniform in +-1/sqrt(fan-in).
    """
    for layer in model.modules():
        if isinstance(layer, _WEIGHTED):
            layer.reset_parameters()
    return model

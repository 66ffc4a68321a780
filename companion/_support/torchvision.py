"""Import torchvision, also beside a torch build it was not compiled against."""

import sys

import torch

# The compiled operators that torchvision's Python code refers to while it is imported.
_MISSING = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
            "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # fmt: skip
_library = None


def import_torchvision():
    """Return the torchvision module, declaring its compiled operators first if they are missing.

    torchvision's wheels carry operators compiled for one build of torch. Beside another build (most
    often a CPU torch), they do not load and ``import torchvision`` stops with ``RuntimeError: operator
    torchvision::nms does not exist``. The data sets need none of these operators, so declaring them,
    without an implementation, is enough. Where they do load, nothing is changed.

    Raises:
        ImportError: torchvision is not installed.
    """
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        # Forget the half-finished import, or the second try would find its fragments.
        for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _library = torch.library.Library("torchvision", "DEF")
        for schema in _MISSING:
            _library.define(schema)
        import torchvision
    return torchvision

"""A trained network as data for the page's engine (web/engine.js): the steps of its forward pass, and its weights.

The steps are recorded while PyTorch computes them once, so any model of the package can be exported as it is, and a learner's own.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

# One number in, one out, without settings: the engine knows them by these names.
_POINTWISE = {
    getattr(aten, name).default: name
    for name in ("relu", "sigmoid", "silu", "tanh", "exp", "sin", "cos", "sqrt", "neg")
}
_SUMS = {aten.add.Tensor: "add", aten.sub.Tensor: "sub", aten.mul.Tensor: "mul", aten.div.Tensor: "div"}
# The same numbers in another shape, or handed on: with one image at a time, their order stays.
_RESHAPED = {
    op.default
    for op in (aten.view, aten._unsafe_view, aten.unsqueeze, aten.detach, aten.clone, aten.alias, aten.expand)
} | {aten.squeeze.dim}

Programs = Mapping[str, tuple[Callable, tuple[Tensor, ...]]]


class _Recorder(TorchDispatchMode):
    """Notes what every operation was given and what came out."""

    def __init__(self):
        super().__init__()
        self.made: list[tuple[Any, tuple, dict, list[Tensor]]] = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        result = op(*args, **(kwargs or {}))
        tensors = [t for t in (result if isinstance(result, tuple | list) else [result]) if isinstance(t, Tensor)]
        self.made.append((op, args, kwargs or {}, tensors))
        return result


class _Exporter:
    """Collects the tensors that several programs share."""

    def __init__(self, named: Mapping[str, Tensor]):
        # where a parameter's memory begins -> its name and how it lies there
        self.names = {t.data_ptr(): (name, (t.shape, t.stride())) for name, t in named.items()}
        self.tensors: dict[str, Tensor] = {}

    def constant(self, tensor: Tensor) -> str:
        """The name under which a tensor is stored: a parameter's own, or a number's."""
        name, lies = self.names.get(tensor.data_ptr(), ("", ()))
        if lies != (tensor.shape, tensor.stride()):
            same = [n for n, t in self.tensors.items() if n.startswith("_") and torch.equal(t, tensor)]
            name = same[0] if same else f"_{len(self.tensors)}"
        self.tensors[name] = tensor.detach()
        return name

    def program(self, function: Callable, inputs: tuple[Tensor, ...]) -> dict:
        """The steps from ``inputs`` to the result; what the result does not depend on, such as checks, is left out."""
        with torch.no_grad(), _Recorder() as recorder:
            result = function(*inputs)
        outputs = list(result) if isinstance(result, tuple | list) else [result]
        places = {
            id(t): i for i, t in enumerate(inputs)
        }  # what is computed from the inputs: its place in the engine's list
        sources: dict[int, tuple] = {}
        for op, args, kwargs, made in recorder.made:
            given = [t for a in args for t in (a if isinstance(a, tuple | list) else [a]) if isinstance(t, Tensor)]
            if any(id(t) in places for t in given):
                if op._schema.is_mutable:
                    raise ValueError(f"{op} changes a tensor in place; expected steps that each give a new one.")
                for i, tensor in enumerate(made):
                    places.setdefault(id(tensor), len(places))
                    sources.setdefault(places[id(tensor)], (op, args, kwargs, i, tensor))
        if lost := [i for i, t in enumerate(outputs) if id(t) not in places]:
            raise ValueError(
                f"output {lost[0]} does not depend on the inputs; expected what the model computes from them."
            )
        steps: dict[int, dict] = {}

        def need(place: int) -> int:
            if place in sources and place not in steps:
                op, args, kwargs, i, tensor = sources[place]
                step = self.step(
                    op, args, kwargs, i, lambda t: need(places[id(t)]) if id(t) in places else self.constant(t)
                )
                steps[place] = step | {"out": place, "shape": list(tensor.shape)}
            return place

        wanted = [need(places[id(t)]) for t in outputs]
        return {"inputs": [list(t.shape) for t in inputs], "steps": list(steps.values()), "outputs": wanted}

    def step(self, op, args, kwargs, which: int, of: Callable[[Tensor], int | str]) -> dict:
        """One operation in the engine's words; ``of`` gives a tensor's place or name."""
        if op in _POINTWISE:
            return {"op": _POINTWISE[op], "of": [of(args[0])]}
        if op in _SUMS and kwargs.get("alpha", 1) == 1:
            # a number that is no tensor becomes one
            return {"op": _SUMS[op], "of": [of(a if isinstance(a, Tensor) else torch.tensor(float(a))) for a in args]}
        if op is aten.rsub.Scalar and args[2:] in ((), (1,)):
            return {"op": "sub", "of": [of(torch.tensor(float(args[1]))), of(args[0])]}
        if op in _RESHAPED and prod(args[0].shape) == prod(self_shape(op, args)):
            return {"op": "view", "of": [of(args[0])]}
        if op is aten.pow.Tensor_Scalar and args[1] == 2:
            return {"op": "mul", "of": [of(args[0]), of(args[0])]}
        if op in (aten.addmm.default, aten.mm.default):
            *bias, x, weight = args  # (1, in) @ (in, out)
            if self.names.get(weight.data_ptr(), ("", ()))[1] == (weight.shape, weight.stride()):
                return {"op": "product", "of": [of(x), of(weight), *map(of, bias)]}
            return {"op": "linear", "of": [of(x), of(weight.t()), *map(of, bias)]}  # as nn.Linear keeps it, (out, in)
        if op is aten.convolution.default:
            x, weight, bias, stride, padding, dilation, transposed, extra, groups = args
            if set(dilation) == {1} and not any(extra) and groups == 1 and len(set(stride)) == len(set(padding)) == 1:
                name = "deconv" if transposed else "conv"
                return {
                    "op": name,
                    "of": [of(x), of(weight), *([] if bias is None else [of(bias)])],
                    "stride": stride[0],
                    "pad": padding[0],
                }
        if op is aten.cat.default and (args[1] if len(args) > 1 else 0) == 1:
            return {"op": "cat", "of": [of(t) for t in args[0]]}
        if op is aten.split.Tensor and args[2] == 1:
            return {"op": "slice", "of": [of(args[0])], "from": args[1] * which}
        if op is aten.slice.Tensor and args[1] == 1 and len(args) < 5:
            return {"op": "slice", "of": [of(args[0])], "from": args[2]}
        if op is aten.native_group_norm.default:
            x, weight, bias, *_, groups, epsilon = args
            return {"op": "norm", "of": [of(x), of(weight), of(bias)], "groups": groups, "epsilon": epsilon}
        if op is aten.embedding.default:
            return {"op": "row", "of": [of(args[1]), of(args[0])]}
        raise ValueError(
            f"the engine has no operation {op} with these arguments; add it to companion/elements/export.py and web/engine.js."
        )


def self_shape(op, args) -> tuple:
    """The shape that a reshaping operation gives its input."""
    return tuple(op(*args).shape)


def stored(tensor: Tensor, name: str, bits: int) -> tuple[str, bytes, Tensor]:
    """How a tensor is kept in ``bits`` per number: -> kind, bytes (little-endian), and the tensor that these bytes mean."""
    if tensor.dtype == torch.uint8:  # pictures: 0 to 255
        return "uint8", tensor.contiguous().numpy().tobytes(), tensor.float() / 255
    values = tensor.detach().cpu().float().contiguous()
    if name.startswith("_") or values.ndim < 2 or values.numel() < 64:
        return "float32", values.numpy().astype("<f4").tobytes(), values
    if bits == 16:
        return "float16", values.half().numpy().astype("<f2").tobytes(), values.half().float()
    rows = values.flatten(1)
    scale = (rows.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)  # (rows, 1), one for each row
    whole = (rows / scale).round().to(torch.int8)
    content = scale.numpy().astype("<f4").tobytes() + whole.numpy().tobytes()
    return "int8", content, (whole.float() * scale).reshape(values.shape)


@torch.no_grad()
def round_weights(model: nn.Module, bits: int = 8) -> nn.Module:
    """Round a model's weights, in place, to what an export in ``bits`` keeps: -> the model, which then is what the page runs."""
    for name, tensor in model.state_dict(keep_vars=True).items():
        if tensor.is_floating_point():
            tensor.copy_(stored(tensor, name, bits)[2])
    return model


def export(
    model: nn.Module, programs: Programs, arrays: Mapping[str, Tensor] | None = None, facts: Any = None, bits: int = 8
) -> dict:
    """A model for the engine: its programs, its weights and what is shown beside it -> a dictionary that JSON can hold.

    Args:
        model: whose parameters and buffers keep their names.
        programs: name -> (function, example inputs), such as ``{"encode": (model.encode, (x[:1],))}``; each input is
            one item, (1, ...).
        arrays: further tensors by name: uint8 pictures, or numbers.
        facts: anything else that JSON can hold.
        bits: 8 or 16 for each weight; biases and small tensors are kept whole.

    Raises:
        ValueError: ``bits`` is neither, a program uses an operation that the engine has not, or a result does not
            depend on the inputs.
    """
    if bits not in (8, 16):
        raise ValueError(f"bits is {bits!r}; expected 8 or 16.")
    exporter, was_training = _Exporter(model.state_dict(keep_vars=True)), model.training
    model.eval()
    made = {name: exporter.program(function, inputs) for name, (function, inputs) in programs.items()}
    model.train(was_training)
    content, tensors = b"", {}
    for name, tensor in {**exporter.tensors, **(arrays or {})}.items():
        kind, own_bytes, _ = stored(tensor, name, bits)
        content += bytes(-len(content) % 4)  # numbers of four bytes begin at multiples of four
        tensors[name] = {"shape": list(tensor.shape), "kind": kind, "at": len(content)}
        content += own_bytes
    return {
        "programs": made,
        "tensors": tensors,
        "facts": facts,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }


def tensors_of(exported: Mapping) -> dict[str, Tensor]:
    """The tensors in an export: name -> tensor, in single precision.

    Raises:
        ValueError: the content is not the one that was exported (its SHA-256 differs).
    """
    content = base64.b64decode(exported["content"])
    found = hashlib.sha256(content).hexdigest()
    if found != exported["sha256"]:
        raise ValueError(
            f"the content is damaged: its SHA-256 is {found[:12]}..., expected {exported['sha256'][:12]}...."
        )
    return {name: _restored(content, **entry) for name, entry in exported["tensors"].items()}


def _restored(content: bytes, shape: list[int], kind: str, at: int) -> Tensor:
    count = prod(shape)
    if kind == "int8":
        scale = torch.frombuffer(bytearray(content[at : at + 4 * shape[0]]), dtype=torch.float32)
        whole = torch.frombuffer(bytearray(content[at + 4 * shape[0] :]), dtype=torch.int8, count=count)
        return (whole.reshape(shape[0], -1).float() * scale[:, None]).reshape(shape)
    dtype = getattr(torch, kind)
    values = torch.frombuffer(bytearray(content[at:]), dtype=dtype, count=count).reshape(shape)
    return values.float() / 255 if kind == "uint8" else values.float()


def as_script(name: str, exported: Mapping) -> str:
    """A file that hands an export to the page: a script, since a page from disk can fetch nothing."""
    return f"companionFigures.add({json.dumps(name)}, {json.dumps(exported, separators=(',', ':'))});\n"


def from_script(text: str) -> dict:
    """What :func:`as_script` wrote -> the export."""
    return json.loads(text[text.index("{") : text.rindex("}") + 1])

"""One training loop for every model: fit(model, x, loss_fn) -> history, and evaluate(model, x, loss_fn) -> terms."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from companion._check import check_images, check_positive

# Added to the seeds of fit and evaluate. A model built with seed 0 and noise drawn with seed 0 would share their random
# numbers, first layer and first batches of noise, and training would measurably suffer.
_FIT_STREAM, _EVALUATE_STREAM = 1_000_000, 2_000_000

LossFn = Callable[[nn.Module, Tensor], dict[str, Tensor]]


class Step(nn.Module):
    """A model and its objective as one module whose forward is the loss: x (B, C, H, W) -> {"loss": scalar, ...}.

    ``torch.compile`` and ``DistributedDataParallel`` wrap a module's ``forward``; wrapped around this one, they
    see the whole training step, whatever the model's own methods are called.
    """

    def __init__(self, model: nn.Module, loss_fn: LossFn):
        super().__init__()
        self.model = model
        self.loss_fn = loss_fn

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.loss_fn(self.model, x)


def fit(
    model: nn.Module,
    x: Tensor,
    loss_fn: LossFn,
    *,
    epochs: int = 50,
    batch_size: int = 64,
    lr: float = 3e-3,
    decay: bool = True,
    x_test: Tensor | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    compile: bool = False,
) -> dict[str, list[float]]:
    """Train ``model`` in place with Adam: images x (N, C, H, W) -> history, one entry per epoch.

    The defaults are a recipe that turns 4,000 digits into crisp reconstructions in seconds: Adam, batches of
    64, a learning rate that rises to ``lr`` over the first 5 % of the steps (Adam's first steps are its least
    informed) and then falls in a straight line to 0.

    Args:
        model: any module. Trained on ``device``, then returned to the device it came from, in eval mode.
        x: training images, float32 in [0, 1]. Held on the device as one tensor.
        loss_fn: ``loss_fn(model, x) -> {"loss": scalar, **terms}``, such as :func:`companion.reconstruction`.
        epochs: passes over ``x``.
        batch_size: images per step; under ``torchrun``, per step of all processes together.
        lr: Adam's learning rate at its highest.
        decay: False keeps the learning rate constant.
        x_test: if given, evaluated after each epoch, into ``"test_loss"`` and ``"test_<term>"``.
        seed: of the shuffling and of whatever ``loss_fn`` draws. The caller's random state is left as it was.
        device: such as "cuda" or "cpu". Default: CUDA, then MPS, then CPU.
        compile: compile the training step with ``torch.compile``.

    Returns:
        ``{"loss": [...], "seconds": [...], ...}``: for each epoch the mean of every term over its images, the
        seconds since the start, and the test terms if asked for.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1], an argument is out of range, or the
            loss became NaN or infinite (the model then keeps its last weights).
        RuntimeError: there is no such device.

    Under ``torchrun`` (an initialised ``torch.distributed`` process group) every process takes its share of
    each batch. Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015.
    """
    check_images(x)
    if x_test is not None:
        check_images(x_test, "x_test")
    for name, value, whole in (("epochs", epochs, True), ("batch_size", batch_size, True), ("lr", lr, False)):
        check_positive(value, name, whole=whole)
    device = pick_device(device)
    x = x.to(device)
    home = _device_of(model)
    model.to(device).train()

    step: nn.Module = Step(model, loss_fn)
    rank, world = 0, 1
    if dist.is_available() and dist.is_initialized():
        rank, world = dist.get_rank(), dist.get_world_size()
        step = DistributedDataParallel(step)
    if compile:
        step.compile()

    steps = epochs * -(-len(x) // batch_size)  # batches per epoch, rounded up
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    warmup = 0.05 * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min(1, (n + 1) / warmup) * (1 - n / steps) if decay else 1.0
    )
    history: dict[str, list[float]] = {}
    start = time.perf_counter()

    with _seeded(_FIT_STREAM + 1_000 * rank + seed, device):
        # On the CPU and apart from what loss_fn draws: the order is the same on every device, in every process.
        shuffle = torch.Generator().manual_seed(seed)
        for _ in _progress(range(epochs)):
            totals: dict[str, Tensor] = {}
            for batch in torch.randperm(len(x), generator=shuffle).split(batch_size):
                # One process takes the whole batch; several take every world-th image of it. In a last batch with
                # fewer images than processes, those left over compute one with them, at weight 0.
                share = batch[rank::world]
                terms = step(x[(share if len(share) else batch[:1]).to(device)])
                optimizer.zero_grad()
                # The gradient becomes the mean over processes, so each weighs by its part of the batch.
                (terms["loss"] * (len(share) * world / len(batch))).backward()
                optimizer.step()
                schedule.step()
                for name, value in terms.items():
                    totals[name] = totals.get(name, 0) + value.detach() * len(share)
            if world > 1:
                for total in totals.values():
                    dist.all_reduce(total)
            epoch = {name: (total / len(x)).item() for name, total in totals.items()}
            if not abs(epoch["loss"]) < float("inf"):
                model.to(home)
                raise ValueError(
                    f"the loss became {epoch['loss']} in epoch {len(history.get('loss', [])) + 1}; expected a finite "
                    f"number. Lower the learning rate (lr={lr:g}), or look for a log or a division in the loss."
                )
            epoch["seconds"] = time.perf_counter() - start
            if x_test is not None:
                epoch |= {f"test_{k}": v for k, v in evaluate(model, x_test, loss_fn, seed=seed, device=device).items()}
                model.train()
            for name, value in epoch.items():
                history.setdefault(name, []).append(value)
    model.to(home).eval()
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module,
    x: Tensor,
    loss_fn: LossFn,
    *,
    batch_size: int = 1000,
    seed: int = 0,
    device: str | torch.device | None = None,
) -> dict[str, float]:
    """The mean of every term of ``loss_fn`` over the images x (N, C, H, W): -> {"loss": ..., **terms}.

    Without gradients, in eval mode. ``seed`` fixes whatever ``loss_fn`` draws (noise, say), so that two models
    are measured on the same noisy images. The model ends on the device it came from. Arguments and errors as for :func:`fit`.
    """
    check_images(x)
    check_positive(batch_size, "batch_size", whole=True)
    device = pick_device(device)
    home = _device_of(model)
    model.to(device).eval()
    totals: dict[str, float] = {}
    with _seeded(_EVALUATE_STREAM + seed, device):
        for batch in x.split(batch_size):
            for name, value in loss_fn(model, batch.to(device)).items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(batch)
    model.to(home)
    return {name: total / len(x) for name, total in totals.items()}


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the best there is: CUDA, then MPS, then CPU.

    Raises:
        RuntimeError: the device's name is unknown, or this machine has no such device.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        torch.zeros(1, device=device).item()  # reading it back refuses "meta", which holds no numbers
    # torch raises AssertionError where it was built without CUDA, and NotImplementedError for other accelerators.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise RuntimeError(
            f"device is {str(device)!r}, which this machine or this build of torch does not have; expected 'cpu', "
            f"'cuda' or 'mps'. Leave it out to use the best there is ({pick_device()})."
        ) from error
    return torch.device(device)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Within, the CPU and ``device`` draw from ``seed``; afterwards every random state is as it was."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type=device.type if others else "cuda"):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed, and leave seeded, every GPU
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield


def _device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter or buffer lives; the CPU for a model that has none."""
    return next((t.device for t in (*model.parameters(), *model.buffers())), torch.device("cpu"))


def _progress(epochs):
    """A progress bar once a run takes over two seconds; off where COMPANION_PROGRESS=off (stored outputs)."""
    return tqdm(epochs, unit="epoch", delay=2, leave=False, disable=os.environ.get("COMPANION_PROGRESS") == "off")

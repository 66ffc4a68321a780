"""One training loop for every model: fit(model, x, loss_fn) -> history, and evaluate(model, x, loss_fn) -> terms."""

import os
import warnings
from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from companion._support.checks import check_images, check_positive
from companion._support.device import at_work, pick_device, seeded
from companion._support.distributed import joined, rank
from companion._support.objective import (
    check_module,
    check_objective,
    check_run,
    check_seed,
)
from companion._support.watch import TrainingWarning, Watch, mean_terms, not_finite

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
    64, a learning rate that rises over the first 5 % of the steps (Adam's first steps are its least informed) to a
    line that falls from ``lr`` at the start to 0 at the end.

    Args:
        model: any module with weights to train. Trained on ``device``, and left on the device it came from, in eval
            mode, however the run ends: also by an error or by Ctrl-C, with the weights that it had then.
        x: training images, float32 in [0, 1]. Held on the device as one tensor.
        loss_fn: ``loss_fn(model, x) -> {"loss": scalar, **terms}``, such as :func:`companion.reconstruction`.
        epochs: passes over ``x``.
        batch_size: images per step; under ``torchrun``, per step of all processes together.
        lr: Adam's learning rate where the falling line starts; the rate itself peaks at 95 % of it.
        decay: False keeps the learning rate at ``lr``, with neither rise nor fall.
        x_test: if given, evaluated after each epoch, into ``"test_loss"`` and ``"test_<term>"``.
        seed: of the shuffling and of whatever ``loss_fn`` draws. The caller's random state is left as it was.
        device: such as "cuda" or "cpu". Default: CUDA, then MPS, then CPU.
        compile: compile the training step with ``torch.compile``.

    Returns:
        ``{"loss": [...], "seconds": [...], ...}``: for each epoch the mean of every term over its images, the
        seconds since the start, and the test terms if asked for.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1], an argument is out of range, the model has
            no weights to train, ``loss_fn`` is no objective or its loss does not depend on the weights, the last
            batch is too small for batch normalisation, or the loss (also on ``x_test``) or the weights became NaN
            or infinite.
        RuntimeError: there is no such device, or gradients are switched off (``torch.no_grad()``).

    Warns:
        TrainingWarning: before, if the untrained model answers with a grey far from that of ``x``; afterwards, if the
            loss stands still at what one and the same answer for every image costs, or a term is NaN or infinite.

    Under ``torchrun`` (an initialised ``torch.distributed`` process group) every process takes its share of
    each batch. Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015.
    """
    check_run(model, x, loss_fn, x_test=x_test, epochs=epochs, batch_size=batch_size, lr=lr, decay=decay, seed=seed)
    epochs, batch_size, seed = int(epochs), int(batch_size), int(seed)  # NumPy's numbers count, too
    device = pick_device(device)
    x = x.to(device)
    with at_work(model, device), seeded(stream(seed), device):
        watch = Watch(model, x, loss_fn, batch_size, lr, seed, x_test)
        step = joined(Step(model, loss_fn), compile)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        steps = epochs * ceil(len(x) / batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: rise_and_fall(n, steps) if decay else 1.0)
        # On the CPU and apart from what loss_fn draws: the order is the same on every device, in every process.
        shuffle = torch.Generator().manual_seed(seed)
        for number in progress(range(1, epochs + 1)):
            watch.begin(number)
            order = torch.randperm(len(x), generator=shuffle)
            for batch in order.split(batch_size):
                loss = watch.loss(step, batch)  # loss_fn(model, x[batch])["loss"], once its terms are noted
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
            watch.end()
        watch.finish()
    return watch.history


def rise_and_fall(n: int, steps: int) -> float:
    """The share of the learning rate in step ``n``, from 0: it rises over the first 5 % of the steps, and falls to 0."""
    return min(1, (n + 1) / (0.05 * steps)) * (1 - n / steps)


def stream(seed: int) -> int:
    """The seed of what ``fit`` draws, another one in each process.

    A model built with seed 0 and noise drawn with seed 0 would share their random numbers, first layer and first batches
    of noise, and training would measurably suffer.
    """
    return 1_000_000 + 1_000 * rank() + seed


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
    are measured on the same noisy images. The model ends on the device it came from, in eval mode, also after an
    error. Arguments and errors as for :func:`fit`; a model without weights, such as PCA, is welcome.

    Warns:
        TrainingWarning: a term besides the loss is NaN or infinite.
    """
    check_images(x)
    check_positive(batch_size, "batch_size", whole=True)
    check_seed(seed)
    check_module(model)
    check_objective(loss_fn)
    device = pick_device(device)
    with at_work(model, device):
        terms = mean_terms(model, x, loss_fn, int(batch_size), int(seed), device)
    if not abs(terms["loss"]) < float("inf"):
        raise ValueError(
            f"the loss is {terms['loss']}; expected a finite number. Train the model anew with a lower learning rate, or "
            "look for a log or a division in the loss."
        )
    if message := not_finite({name: [value] for name, value in terms.items()}):
        warnings.warn(message, TrainingWarning, stacklevel=2)
    return terms


@torch.no_grad()
def redraw(model: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a model answers, in the mode and on the device where it is, without gradients: (B, C, H, W) -> (B, C, H, W)."""
    return model(x)


def progress(epochs):
    """A progress bar once a run takes over two seconds; off where COMPANION_PROGRESS=off (stored outputs)."""
    return tqdm(epochs, unit="epoch", delay=2, leave=False, disable=os.environ.get("COMPANION_PROGRESS") == "off")

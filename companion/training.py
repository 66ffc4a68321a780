"""One training loop for every model: fit(model, x, loss_fn) -> history, and evaluate(model, x, loss_fn) -> terms."""

import os
import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from companion._support.checks import check_images, check_positive
from companion._support.device import at_work, pick_device, seeded
from companion._support.distributed import average, joined, rank, share
from companion._support.objective import (
    check_module,
    check_objective,
    check_run,
    check_same_terms,
    check_seed,
    check_terms,
    explain_misfit,
)
from companion._support.watch import TrainingWarning, Watch, not_finite

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

    def measure(model: nn.Module, x: Tensor, batch_size: int) -> dict[str, float]:
        return _mean_terms(model, x, loss_fn, batch_size, seed, device)

    history: dict[str, list[float]] = {}
    watch = Watch(model, x, loss_fn, batch_size, lr, seed, measure)
    with at_work(model, device), seeded(_FIT_STREAM + 1_000 * rank() + seed, device):
        watch.start()
        step = joined(Step(model, loss_fn))
        if compile:
            step.compile()
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        steps = epochs * -(-len(x) // batch_size)  # batches per epoch, rounded up
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda n: min(1, (n + 1) / (0.05 * steps)) * (1 - n / steps) if decay else 1.0
        )
        # On the CPU and apart from what loss_fn draws: the order is the same on every device, in every process.
        shuffle = torch.Generator().manual_seed(seed)
        start = time.perf_counter()
        for number in _progress(range(1, epochs + 1)):
            watch.begin(number)
            model.train()
            totals: dict[str, Tensor] = {}
            for batch in torch.randperm(len(x), generator=shuffle).split(batch_size):
                mine, weight = share(batch)  # all of it, with weight 1, unless several processes train together
                terms = watch.terms(step, x[mine.to(device)])
                optimizer.zero_grad()
                (terms["loss"] * weight).backward()
                optimizer.step()
                schedule.step()
                for name, value in terms.items():
                    totals[name] = totals.get(name, 0) + value.detach() * (weight * len(batch))
            epoch = {name: (total / len(x)).item() for name, total in average(totals).items()}
            watch.end(epoch["loss"])
            epoch["seconds"] = time.perf_counter() - start
            if x_test is not None:
                epoch |= {f"test_{name}": value for name, value in watch.test(x_test).items()}
            for name, mean in epoch.items():
                history.setdefault(name, []).append(mean)
        watch.finish(history)
    return history


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
        terms = _mean_terms(model, x, loss_fn, int(batch_size), int(seed), device)
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


@torch.no_grad()
def _mean_terms(model, x, loss_fn, batch_size, seed, device) -> dict[str, float]:
    """What ``evaluate`` returns, of a model that is already on its device; it ends in eval mode."""
    model.eval()
    totals: dict[str, float] = {}
    with seeded(_EVALUATE_STREAM + seed, device):
        for batch in x.split(batch_size):
            try:
                terms = loss_fn(model, batch.to(device))
            except Exception as error:
                if not totals:
                    explain_misfit(error, model, loss_fn, batch)
                raise
            if not totals:
                check_terms(terms, loss_fn, trained=False)
            else:
                check_same_terms(terms, totals)
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(batch)
    return {name: total / len(x) for name, total in totals.items()}


def _progress(epochs):
    """A progress bar once a run takes over two seconds; off where COMPANION_PROGRESS=off (stored outputs)."""
    return tqdm(epochs, unit="epoch", delay=2, leave=False, disable=os.environ.get("COMPANION_PROGRESS") == "off")

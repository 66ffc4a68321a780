"""One training loop for every model: fit(model, x, loss_fn) -> history, and evaluate(model, x, loss_fn) -> terms."""

import inspect
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from numbers import Integral

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from companion._check import check_images, check_positive

# Added to the seeds of fit and evaluate. A model built with seed 0 and noise drawn with seed 0 would share their random
# numbers, first layer and first batches of noise, and training would measurably suffer.
_FIT_STREAM, _EVALUATE_STREAM = 1_000_000, 2_000_000

_NAN = "x_hat contains NaN"  # what the package's own losses say of a model that has diverged

LossFn = Callable[[nn.Module, Tensor], dict[str, Tensor]]


class TrainingWarning(UserWarning):
    """Training went through and probably not as intended; the message says why, and what to do.

    A lesson that shows such a run on purpose silences it: ``warnings.simplefilter("ignore", TrainingWarning)``.
    """


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
        model: any module with weights to train. Trained on ``device``, and left on the device it came from, in eval
            mode, however the run ends: also by an error or by Ctrl-C, with the weights that it had then.
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
    check_images(x)
    if x_test is not None:
        check_images(x_test, "x_test")
    for name, value, whole in (("epochs", epochs, True), ("batch_size", batch_size, True), ("lr", lr, False)):
        check_positive(value, name, whole=whole)
    if type(decay).__name__ not in ("bool", "bool_"):
        raise TypeError(f"decay is {decay!r}; expected True or False.")
    epochs, batch_size, seed = int(epochs), int(batch_size), checked_seed(seed)
    check_trainable(model)
    _check_objective(loss_fn)
    device = pick_device(device)
    x = x.to(device)

    steps = epochs * -(-len(x) // batch_size)  # batches per epoch, rounded up
    history: dict[str, list[float]] = {}
    with _at_work(model, device):
        if message := _far_answer(model, x, seed, device):
            warnings.warn(message, TrainingWarning, stacklevel=2)
        model.train()
        step: nn.Module = Step(model, loss_fn)
        rank, world = 0, 1
        if dist.is_available() and dist.is_initialized():
            rank, world = dist.get_rank(), dist.get_world_size()
            step = DistributedDataParallel(step)
        if compile:
            step.compile()
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        warmup = 0.05 * steps
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda n: min(1, (n + 1) / warmup) * (1 - n / steps) if decay else 1.0
        )
        start = time.perf_counter()
        with _seeded(_FIT_STREAM + 1_000 * rank + seed, device):
            # On the CPU and apart from what loss_fn draws: the order is the same on every device, in every process.
            shuffle = torch.Generator().manual_seed(seed)
            for number in _progress(range(1, epochs + 1)):
                totals: dict[str, Tensor] = {}
                for batch in torch.randperm(len(x), generator=shuffle).split(batch_size):
                    # One process takes the whole batch; several take every world-th image of it. In a last batch with
                    # fewer images than processes, those left over compute one with them, at weight 0.
                    share = batch[rank::world]
                    images = x[(share if len(share) else batch[:1]).to(device)]
                    try:
                        terms = step(images)
                    except Exception as error:
                        if number == 1 and not totals:
                            _explain_misfit(error, model, loss_fn, images)
                        _explain(error, Step(model, loss_fn), images, totals, len(x), batch_size, number, lr)
                        raise
                    if not totals:  # once an epoch
                        _check_terms(terms, loss_fn, trained=True)
                    elif terms.keys() != totals.keys():
                        raise ValueError(
                            f"loss_fn returned the terms {list(terms)} after {list(totals)}; expected the same for every "
                            "batch. Return all of them every time."
                        )
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
                    raise ValueError(_diverged(f"the loss became {epoch['loss']}", number, lr))
                if not _weights_are_finite(model):
                    raise ValueError(_diverged("the weights became NaN or infinite", number, lr))
                epoch["seconds"] = time.perf_counter() - start
                if x_test is not None:
                    try:
                        of_test = _evaluate(model, x_test, loss_fn, 1000, seed, device)
                    except ValueError as error:
                        if _NAN in str(error):
                            raise ValueError(_diverged("the loss on x_test became nan", number, lr)) from error
                        raise
                    if not abs(of_test["loss"]) < float("inf"):
                        raise ValueError(_diverged(f"the loss on x_test became {of_test['loss']}", number, lr))
                    epoch |= {f"test_{name}": value for name, value in of_test.items()}
                    model.train()
                for name, value in epoch.items():
                    history.setdefault(name, []).append(value)
        still = "" if rank else _standing_still(history["loss"], model, x, loss_fn, batch_size, seed)
        for message in (_not_finite(history), still):
            if message:
                warnings.warn(message, TrainingWarning, stacklevel=2)
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
    seed = checked_seed(seed)
    _check_module(model)
    _check_objective(loss_fn)
    device = pick_device(device)
    with _at_work(model, device):
        terms = _evaluate(model, x, loss_fn, int(batch_size), seed, device)
    if not abs(terms["loss"]) < float("inf"):
        raise ValueError(
            f"the loss is {terms['loss']}; expected a finite number. Train the model anew with a lower learning rate, or "
            "look for a log or a division in the loss."
        )
    if message := _not_finite({name: [value] for name, value in terms.items()}):
        warnings.warn(message, TrainingWarning, stacklevel=2)
    return terms


@torch.no_grad()
def _evaluate(model, x, loss_fn, batch_size, seed, device) -> dict[str, float]:
    """What ``evaluate`` returns, of a model that is where it shall be; it ends in eval mode."""
    model.eval()
    totals: dict[str, float] = {}
    with _seeded(_EVALUATE_STREAM + seed, device):
        for batch in x.split(batch_size):
            try:
                terms = loss_fn(model, batch.to(device))
            except Exception as error:
                if not totals:
                    _explain_misfit(error, model, loss_fn, batch)
                raise
            if not totals:
                _check_terms(terms, loss_fn, trained=False)
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(batch)
    return {name: total / len(x) for name, total in totals.items()}


# --- what fit and evaluate refuse -------------------------------------------------------------------------------------


def checked_seed(seed) -> int:
    """The seed as an int, if it is a whole number from 0 to 2**32 - 1."""
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) < 2**32:
        raise ValueError(f"seed is {seed!r}; expected a whole number from 0 to 2**32 - 1.")
    return int(seed)


def _check_module(model) -> None:
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; expected a model made of it: {model.__name__}().")
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is a {type(model).__name__}; expected a torch.nn.Module, such as DenseAutoencoder(). The model comes "
            "first, then the images."
        )


def check_trainable(model) -> None:
    """Raise unless ``model`` is a module with weights to train, and gradients are switched on."""
    _check_module(model)
    if not any(True for _ in model.parameters()):
        raise ValueError(
            f"the {type(model).__name__} has no weights; expected a model with weights to train. One that needs no "
            "training, such as PCA, goes straight to evaluate."
        )
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"all weights of the {type(model).__name__} are frozen; expected some to train. "
            "Thaw them with model.requires_grad_(True)."
        )
    if not torch.is_grad_enabled():
        raise RuntimeError("gradients are switched off, and training needs them. Call fit outside torch.no_grad().")


def _check_objective(loss_fn) -> None:
    """Raise a TypeError unless ``loss_fn`` can be called as ``loss_fn(model, x)``."""
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    expected = 'expected a function loss_fn(model, x) -> {"loss": scalar, ...}'
    if (getattr(loss_fn, "__module__", None) or "").startswith("torch.nn"):
        raise TypeError(
            f"loss_fn is {name}, which compares two tensors; {expected}. Use reconstruction, or write "
            'def objective(model, x): return {"loss": F.mse_loss(model(x), x)} with the loss of your choice.'
        )
    if not callable(loss_fn):
        raise TypeError(f"loss_fn is a {name}; {expected}. Use reconstruction, for example.")
    try:
        signature = inspect.signature(loss_fn)
    except (TypeError, ValueError):  # functions written in C need not tell
        return
    try:
        signature.bind(None, None)
    except TypeError:
        needed = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
        raise TypeError(
            f"loss_fn is {name}{signature}, which does not take (model, x); {expected}. If it makes an objective, call "
            f"it first: {name}({', '.join(needed)})."
        ) from None


def _check_terms(terms, loss_fn, *, trained: bool) -> None:
    """Raise unless ``terms`` is what an objective returns, and in training depends on the weights."""
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    if not isinstance(terms, dict):
        hint = 'Return {"loss": loss}.'
        if terms is None:
            hint = "Its last line needs a return."
        elif callable(terms) and not isinstance(terms, Tensor):
            hint = f"It makes an objective: pass what it returns, {name}(...)."
        raise TypeError(f'loss_fn returned a {type(terms).__name__}; expected a dict {{"loss": scalar, ...}}. {hint}')
    if "loss" not in terms:
        raise ValueError(
            f'loss_fn returned the entries {list(terms)}; expected one named "loss". Rename the one to train.'
        )
    for key, value in terms.items():
        if key == "seconds" or str(key).startswith("test_"):
            raise ValueError(f"loss_fn returned a term named {key!r}, a name that fit uses itself. Rename it.")
        if not isinstance(value, Tensor):
            raise TypeError(
                f"loss_fn returned a {type(value).__name__} as {key!r}; expected a tensor with one number. Leave out "
                ".item() and float()."
            )
        if value.numel() != 1:
            raise ValueError(
                f"loss_fn returned {key!r} of shape {tuple(value.shape)}; expected one number. Take its mean over images."
            )
    if trained and not terms["loss"].requires_grad:
        raise ValueError(
            "the loss does not depend on the weights, so nothing can be learnt; expected a loss with a gradient. Look for "
            ".detach(), .data, .item() or torch.no_grad() between the model and the loss."
        )


# --- what can go wrong in between -------------------------------------------------------------------------------------


def _diverged(what: str, epoch: int, lr: float) -> str:
    return (
        f"{what} in epoch {epoch}; expected a finite number. Lower the learning rate (lr={lr:g}) and build the model "
        "anew, or look for a log or a division in the loss."
    )


@torch.no_grad()
def _explain(error, step, images, totals, n, batch_size, epoch, lr) -> None:
    """Raise a clearer error in place of the one that ended a step, where the cause is known."""
    if "Expected more than 1 value per channel" in str(error) and len(images) == 1:
        wider = next((b for b in range(batch_size + 1, n + 1) if n % b != 1), None)
        remedy = (
            f"Choose another batch_size, such as {wider}, or drop an image: x[:-1]." if wider else "Give more images."
        )
        raise ValueError(
            f"a batch has one image ({n} images in batches of {batch_size}); the model's batch normalisation expects at "
            f"least two. {remedy}"
        ) from error
    # A check inside the objective may meet the NaN first, and know nothing of learning rates.
    if (
        _NAN in str(error)
        or not _weights_are_finite(step)
        or not _is_finite(totals.values())
        or not _answers_are_finite(step, images)
    ):
        raise ValueError(_diverged("the loss became nan", epoch, lr)) from error


def _explain_misfit(error: Exception, model: nn.Module, loss_fn, images: Tensor) -> None:
    """Raise a clearer error if one of the package's objectives met a model it is not made for; else add a note."""
    maker = getattr(loss_fn, "__qualname__", "").partition(".")[0]  # negative_elbo.<locals>.loss_fn
    ours = (getattr(loss_fn, "__module__", None) or "").startswith("companion.")
    if ours and (isinstance(error, AttributeError) or "values to unpack" in str(error)):
        raise TypeError(
            f"{maker} does not fit a {type(model).__name__} ({error}); expected another kind of model. negative_elbo needs "
            "a VAE, whose encode returns mu and logvar; l1_sparse and kl_sparse need a ShallowAutoencoder; for other "
            "autoencoders use reconstruction or denoising()."
        ) from error
    error.add_note(f"Raised by the first call of loss_fn(model, x), with x of shape {tuple(images.shape)}.")


def _weights_are_finite(model: nn.Module) -> bool:
    return _is_finite(p.detach() for p in model.parameters())


def _answers_are_finite(step: nn.Module, images: Tensor) -> bool:
    """Whether every layer's are, in the step that has just failed, done once more."""
    finite = True

    def look(layer, given, answer):
        nonlocal finite
        finite = finite and (not isinstance(answer, Tensor) or bool(answer.isfinite().all()))

    hooks = [layer.register_forward_hook(look) for layer in step.modules()]
    with suppress(Exception):  # it fails again
        step(images)
    for hook in hooks:
        hook.remove()
    return finite


def _is_finite(tensors) -> bool:
    """Whether all of them are; one answer is fetched from the device, not one a tensor."""
    sums = [t.sum() for t in tensors]
    return not sums or bool(torch.stack([s.float() for s in sums]).isfinite().all())


def _not_finite(history: dict[str, list[float]]) -> str:
    """A message if a term other than the losses, on which a run ends, is NaN or infinite somewhere."""
    for name, values in history.items():
        bad = [i for i, value in enumerate(values, 1) if not abs(value) < float("inf")]
        if bad:
            when = f" from epoch {bad[0]} on" if len(values) > 1 else ""
            return (
                f"the term {name!r} is {values[bad[0] - 1]}{when}; expected a finite number. It is not trained on. Look for "
                "a log, a division, or a deviation of a single image."
            )
    return ""


@torch.no_grad()
def _far_answer(model, x, seed, device) -> str:
    """A message if a model that answers within [0, 1], as a sigmoid does, starts with a grey far from that of ``x``.

    All its last layer's inputs are then pushed in one direction for many steps, and the units before it can die.
    """
    some = x[:: -(-len(x) // 64)]
    try:
        with _seeded(seed, device):
            model.eval()
            answer = model(some)
        if answer.shape != some.shape or not (answer.min() >= 0 and answer.max() <= 1):
            return ""
    except Exception:  # not every model is called with images alone
        return ""
    grey, given = float(answer.mean()), float(some.mean())
    if abs(grey - given) <= 0.5:
        return ""
    name = type(model).__name__
    if "mean_pixel" in inspect.signature(type(model)).parameters:
        remedy = f"Build the model with mean_pixel={given:.2f}: {name}(..., mean_pixel={given:.2f})"
    else:
        remedy = f"Call answer_grey_(layer, {given:.2f}) on the last layer before the sigmoid"
    return (
        f"the untrained {name} answers with a mean pixel of {grey:.2f}, and the images' is {given:.2f}; expected the two "
        f"to be less than 0.5 apart, or training can end at one page for every image. {remedy}, or train on 1 - x."
    )


class _OneAnswer(nn.Module):
    """Stands in for a model: the same page (C, H, W) for every image, and a code that tells nothing, zeros."""

    def __init__(self, model: nn.Module, page: Tensor):
        super().__init__()
        self.model, self.page = model, page

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:  # what else an objective asks of the model, such as its sigma
            return getattr(super().__getattr__("model"), name)

    def encode(self, *args):
        z = self.model.encode(*args)
        return torch.zeros_like(z) if isinstance(z, Tensor) else tuple(torch.zeros_like(part) for part in z)

    def decode(self, *args):
        return self._in_place_of(self.model.decode(*args))

    def forward(self, *args):
        return self._in_place_of(self.model(*args))

    def _in_place_of(self, x_hat: Tensor) -> Tensor:
        if x_hat.shape[1:] != self.page.shape:
            raise TypeError("the model answers with something else than images like x")
        return self.page.expand_as(x_hat)


@torch.no_grad()
def _standing_still(losses: list[float], model, x, loss_fn, batch_size, seed) -> str:
    """A message if the loss has stopped falling no lower than what the mean image costs as the answer to every image."""
    middle = losses[(len(losses) - 1) // 2]
    if len(losses) < 3 or abs(middle - losses[-1]) > 0.02 * abs(losses[-1]):  # the second half of the run moved it
        return ""
    stand_in = _OneAnswer(model, x.mean(0)).eval()

    def cost(images: int) -> float:
        some = x[:: -(-len(x) // images)]
        return _evaluate(stand_in, some, loss_fn, batch_size, seed, x.device)["loss"]

    try:
        # A single batch tells whether the loss is anywhere near; most runs are far below, and it costs them nothing.
        for images, margin in ((batch_size, 0.2), (1000, 0.02)):
            one_answer = cost(images)
            if not losses[-1] > one_answer - margin * abs(one_answer):
                return ""
    except Exception:  # the objective asks for more than images and codes: then nothing is known
        return ""
    return (
        f"the loss stands still at {losses[-1]:.4g}, and one answer for every image, the mean image, costs "
        f"{one_answer:.4g}: the model tells hardly anything about its input. Expected a lower loss. Lower lr, train for "
        "more epochs or start from other weights (orthogonal_); in a VAE the KL divergence may weigh too much: lower beta."
    )


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


@contextmanager
def _at_work(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Within, the model is on ``device``; afterwards, whatever happened, where it came from, in eval mode."""
    home = _device_of(model)
    try:
        model.to(device)
        yield
    finally:
        model.to(home).eval()


@contextmanager
def in_train_mode(*models: nn.Module) -> Iterator[None]:
    """Within, the models are in train mode; afterwards, whatever happened, in eval mode."""
    try:
        for model in models:
            model.train()
        yield
    finally:
        for model in models:
            model.eval()


def _device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter or buffer lives; the CPU for a model that has none."""
    return next((t.device for t in (*model.parameters(), *model.buffers())), torch.device("cpu"))


def _progress(epochs):
    """A progress bar once a run takes over two seconds; off where COMPANION_PROGRESS=off (stored outputs)."""
    return tqdm(epochs, unit="epoch", delay=2, leave=False, disable=os.environ.get("COMPANION_PROGRESS") == "off")

"""An eye on a training run: errors that say what happened, and warnings where it went through and taught nothing."""

import inspect
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from companion._support.device import seeded
from companion._support.distributed import average, rank, share
from companion._support.objective import check_same_terms, check_terms, explain_misfit

_NAN = "x_hat contains NaN"  # what the package's own losses say of a model that has diverged


class TrainingWarning(UserWarning):
    """Training went through and probably not as intended; the message says why, and what to do.

    A lesson that shows such a run on purpose silences it: ``warnings.simplefilter("ignore", TrainingWarning)``.
    """


class Watch:
    """Follows one call of ``fit``, and keeps its books: ``begin`` and ``end`` of each epoch, ``loss`` of each step, ``finish``.

    Made where the run begins, it warns if the untrained model answers with a grey far from that of the images.

    Args:
        model, x, loss_fn, batch_size, lr, seed, x_test: as given to ``fit``, with model and ``x`` on their device.

    Attributes:
        history: what ``fit`` returns.
    """

    def __init__(self, model, x, loss_fn, batch_size, lr, seed, x_test) -> None:
        self.model, self.x, self.loss_fn, self.batch_size, self.lr, self.seed = model, x, loss_fn, batch_size, lr, seed
        self.x_test = x_test
        self.history: dict[str, list[float]] = {}
        self.number = 0  # of the epoch
        self.last: dict[str, Tensor] = {}  # the terms of its last step
        self.totals: dict[str, Tensor] = {}  # and their sums over its images
        if message := _far_answer(model, x, seed):
            warnings.warn(message, TrainingWarning, stacklevel=3)  # at the call of fit
        self.start = time.perf_counter()

    def begin(self, number: int) -> None:
        """An epoch begins, the first one with number 1."""
        self.number, self.last, self.totals = number, {}, {}
        self.model.train()

    def loss(self, step: nn.Module, batch: Tensor) -> Tensor:
        """The loss of the images with these indices (B,), or of this process's share of them; its terms are added up."""
        mine, weight = share(batch)
        terms = self.terms(step, self.x[mine.to(self.x.device)])
        for name, value in terms.items():
            self.totals[name] = self.totals.get(name, 0) + value.detach() * (weight * len(batch))
        return terms["loss"] * weight

    def terms(self, step: nn.Module, images: Tensor) -> dict[str, Tensor]:
        """The terms of one step, checked; an error of the step becomes a clearer one where the cause is known."""
        try:
            terms = step(images)
        except Exception as error:
            if self.number == 1 and not self.last:
                explain_misfit(error, self.model, self.loss_fn, images)
            self._explain(error, images)
            raise
        if not self.last:  # once an epoch
            check_terms(terms, self.loss_fn, trained=True)
        else:
            check_same_terms(terms, self.last)
        self.last = {name: value.detach() for name, value in terms.items()}
        return terms

    def end(self) -> None:
        """Enter the epoch in the history; raise unless its loss, and the weights it ends with, are finite."""
        epoch = {name: (total / len(self.x)).item() for name, total in average(self.totals).items()}
        if not abs(epoch["loss"]) < float("inf"):
            raise ValueError(self._diverged(f"the loss became {epoch['loss']}"))
        if not _weights_are_finite(self.model):
            raise ValueError(self._diverged("the weights became NaN or infinite"))
        epoch["seconds"] = time.perf_counter() - self.start
        if self.x_test is not None:
            epoch |= {f"test_{name}": value for name, value in self.test(self.x_test).items()}
        for name, mean in epoch.items():
            self.history.setdefault(name, []).append(mean)

    def test(self, x_test: Tensor) -> dict[str, float]:
        """The mean of every term over the test images; raises unless the loss is finite."""
        try:
            terms = self._measure(self.model, x_test, 1000)
        except ValueError as error:
            if _NAN in str(error):
                raise ValueError(self._diverged("the loss on x_test became nan")) from error
            raise
        if not abs(terms["loss"]) < float("inf"):
            raise ValueError(self._diverged(f"the loss on x_test became {terms['loss']}"))
        return terms

    def finish(self) -> None:
        """Warn if a term is not finite, or the loss stands still at what one answer for every image costs."""
        for message in (not_finite(self.history), "" if rank() else self._standing_still(self.history["loss"])):
            if message:
                warnings.warn(message, TrainingWarning, stacklevel=3)

    def _measure(self, model: nn.Module, x: Tensor, batch_size: int) -> dict[str, float]:
        return mean_terms(model, x, self.loss_fn, batch_size, self.seed, self.x.device)

    def _diverged(self, what: str) -> str:
        return (
            f"{what} in epoch {self.number}; expected a finite number. Lower the learning rate (lr={self.lr:g}) and build "
            "the model anew, or look for a log or a division in the loss."
        )

    @torch.no_grad()
    def _explain(self, error: Exception, images: Tensor) -> None:
        """Raise a clearer error in place of the one that ended a step, where the cause is known."""
        n, batch_size = len(self.x), self.batch_size
        if "Expected more than 1 value per channel" in str(error) and len(images) == 1:
            wider = next((b for b in range(batch_size + 1, n + 1) if n % b != 1), None)
            remedy = (
                f"Choose another batch_size, such as {wider}, or drop an image: x[:-1]."
                if wider
                else "Give more images."
            )
            raise ValueError(
                f"a batch has one image ({n} images in batches of {batch_size}); the model's batch normalisation expects at "
                f"least two. {remedy}"
            ) from error
        # A check inside the objective may meet the NaN first, and know nothing of learning rates.
        if (
            _NAN in str(error)
            or not _weights_are_finite(self.model)
            or not _is_finite(self.last.values())
            or not self._answers_are_finite(images)
        ):
            raise ValueError(self._diverged("the loss became nan")) from error

    def _answers_are_finite(self, images: Tensor) -> bool:
        """Whether the output of every layer is finite when the step that failed is run again."""
        finite = True

        def look(layer, given, answer):
            nonlocal finite
            finite = finite and (not isinstance(answer, Tensor) or bool(answer.isfinite().all()))

        hooks = [layer.register_forward_hook(look) for layer in self.model.modules()]
        with suppress(Exception):  # it fails again
            self.loss_fn(self.model, images)
        for hook in hooks:
            hook.remove()
        return finite

    @torch.no_grad()
    def _standing_still(self, losses: list[float]) -> str:
        """A message if the loss has stopped falling at or above the cost of answering every image with the mean image."""
        middle = losses[(len(losses) - 1) // 2]
        if len(losses) < 3 or abs(middle - losses[-1]) > 0.02 * abs(losses[-1]):  # the second half of the run moved it
            return ""
        stand_in = _OneAnswer(self.model, self.x.mean(0)).eval()
        try:
            # A single batch tells whether the loss is anywhere near; most runs are far below, and it costs them nothing.
            for images, margin in ((self.batch_size, 0.2), (1000, 0.02)):
                some = self.x[:: -(-len(self.x) // images)]
                one_answer = self._measure(stand_in, some, self.batch_size)["loss"]
                if not losses[-1] > one_answer - margin * abs(one_answer):
                    return ""
        except Exception:  # the objective asks for more than images and codes: then nothing is known
            return ""
        return (
            f"the loss stands still at {losses[-1]:.4g}, and one answer for every image, the mean image, costs "
            f"{one_answer:.4g}: the model tells hardly anything about its input. Expected a lower loss. Lower lr, train for "
            "more epochs or start from other weights (orthogonal_); in a VAE the KL divergence may weigh too much: lower beta."
        )


@torch.no_grad()
def mean_terms(
    model: nn.Module, x: Tensor, loss_fn: Callable, batch_size: int, seed: int, device: torch.device
) -> dict[str, float]:
    """What ``evaluate`` returns, of a model that is already on its device; it ends in eval mode."""
    model.eval()
    totals: dict[str, float] = {}
    with seeded(2_000_000 + seed, device):  # other random numbers than those that built or trained it
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


def _weights_are_finite(model: nn.Module) -> bool:
    return _is_finite(p.detach() for p in model.parameters())


def _is_finite(tensors) -> bool:
    """Whether all of them are; one answer is fetched from the device, not one a tensor."""
    sums = [t.sum() for t in tensors]
    return not sums or bool(torch.stack([s.float() for s in sums]).isfinite().all())


def not_finite(history: dict[str, list[float]]) -> str:
    """A message if a term other than the loss (a bad loss ends the run) is NaN or infinite somewhere."""
    for name, values in history.items():
        bad = [i for i, value in enumerate(values, 1) if not abs(value) < float("inf")]
        if bad:
            when = f" in epoch {bad[0]}" if len(values) > 1 else ""
            return (
                f"the term {name!r} is {values[bad[0] - 1]}{when}; expected a finite number. It is not trained on. Look for "
                "a log, a division, or a deviation of a single image."
            )
    return ""


@torch.no_grad()
def _far_answer(model, x, seed) -> str:
    """A message if a model that answers within [0, 1], as a sigmoid does, starts with a grey far from that of ``x``.

    All its last layer's inputs are then pushed in one direction for many steps, and the units before it can die.
    """
    some = x[:: -(-len(x) // 64)]
    try:
        with seeded(seed, x.device):
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
        f"the untrained {name} answers with a mean pixel of {grey:.2f}, and the images have one of {given:.2f}; expected the two "
        f"to be less than 0.5 apart, or training can end with the same picture for every image. {remedy}, or train on 1 - x."
    )


class _OneAnswer(nn.Module):
    """Stands in for a model: the same picture (C, H, W) for every image, and a code that tells nothing, zeros."""

    def __init__(self, model: nn.Module, picture: Tensor):
        super().__init__()
        self.model, self.picture = model, picture

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
        if x_hat.shape[1:] != self.picture.shape:
            raise TypeError("the model answers with something other than images like x")
        return self.picture.expand_as(x_hat)

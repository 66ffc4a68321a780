"""The one gate of the checks: which forms an answer may have, how it is compared, and what a check answers.

A whole check, to copy::

    @check
    def check_areas(areas) -> Verdict:
        '''Exercise 0.6: sides of rectangles (N, 2) -> their areas (N,).'''
        sides = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
        found = call(areas, sides)
        if found.shape != (2,):
            raise Wrong(f"For 2 rectangles you return the shape {tuple(found.shape)}; expected (2,).")
        return judge(
            found,
            right=(sides.prod(1), "Length times width, one number a rectangle."),
            wrong=[(sides.sum(1), "You added the sides. Multiply them.")],
            otherwise=f"For the sides 3 and 5 you return {found[1]:g}; expected 15.",
        )

For a number that the learner types, give ``judge`` a number, and for a choice a letter. What is wrong ends a check:
``call`` and ``judge`` raise :class:`Wrong`, as you may, and the learner reads the hint.
"""

import dis
import functools
import inspect
import random
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import inf
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Verdict(NamedTuple):
    """Whether an answer holds, and a sentence for the learner: what is right, or what to look at again.

    Shown as the last expression of a cell, it prints itself, wrapped for a phone.
    """

    ok: bool
    message: str

    def __repr__(self) -> str:
        return textwrap.fill(f"{'Correct.' if self.ok else 'Not yet.'} {self.message}", width=75)


def right(message: str) -> Verdict:
    """The answer holds."""
    return Verdict(True, message)


class Wrong(Exception):  # noqa: N818 - checks read "raise Wrong"
    """Ends a check: the answer does not hold. The message is a hint, not the solution."""


NO_ANSWER = Verdict(False, "Replace the ... with your answer and run the cell again.")
NO_RETURN = Verdict(False, "Your function returned nothing: end it with return and what it has computed.")


def check(function: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check safe to call: an open answer is told so, no answer raises, and no random state moves."""

    @functools.wraps(function)
    def safe(*answers, **named) -> Verdict:
        if any(answer is ... for answer in (*answers, *named.values())):
            return NO_ANSWER
        try:
            with _as_usual():
                return function(*answers, **named)
        except Wrong as hint:
            return Verdict(False, str(hint))
        except Exception as error:  # the last resort: whatever an answer can be, a learner should read a sentence
            return Verdict(False, f"This answer cannot be judged: it led to {_told(error)}")

    return safe


@contextmanager
def _as_usual() -> Iterator[None]:
    """Gradients on, tensors made on the CPU in float32, and random numbers that are the check's own."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002 - a learner may draw from NumPy's own state
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    try:
        torch.set_default_dtype(torch.float32)
        if device.type != "cpu":
            torch.set_default_device("cpu")
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            torch.default_generator.manual_seed(0)
            np.random.seed(0)  # noqa: NPY002
            random.seed(0)
            yield
    finally:
        torch.set_default_dtype(dtype)
        if device.type != "cpu":
            torch.set_default_device(device)
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])


def shown(answer) -> str:
    """What was given, in at most a line, whatever it is."""
    if isinstance(answer, Tensor | np.ndarray) and answer.ndim:
        return f"a {type(answer).__name__} of the shape {tuple(answer.shape)}"
    try:
        text = repr(answer)
    except Exception:  # not every object can print itself, nor can a very large int
        return f"something of the type {type(answer).__name__}"
    return text if len(text) <= 100 else text[:90] + " (and so on)"


def _told(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text[:500]}"


# Numbers


def number(answer) -> float | None:
    """The real number that was given, as Python's, as NumPy's, or as a tensor or an array that holds one; or None.

    True and False are none, and neither are complex numbers, strings and lists.
    """
    try:
        if isinstance(answer, Tensor):
            real = answer.numel() == 1 and answer.dtype != torch.bool and not answer.is_complex()
            return float(answer.detach()) if real else None
        if isinstance(answer, np.ndarray):
            answer = answer.reshape(-1)[0] if answer.size == 1 else None
        if isinstance(answer, bool) or not isinstance(answer, Real | Decimal):
            return None
        return float(answer)
    except OverflowError:
        return inf if answer > 0 else -inf
    except (ValueError, TypeError, ArithmeticError, RuntimeError, NotImplementedError):  # a tensor without data, ...
        return None


# The comparison

# A letter, a number, all numbers from one to another, a tensor, or a list of several of these.
Target = str | float | tuple[float, float] | Tensor | list


def about(value: float, tolerance: float) -> tuple[float, float]:
    """The target of all numbers within a tolerance of its own."""
    return value - tolerance, value + tolerance


def judge(
    answer,
    right: tuple[Target, str],
    wrong: Sequence[tuple[Target, str]] = (),
    otherwise: str = "",
    *,
    tol: float = 1e-3,
    expected: str = "a number",
) -> Verdict:
    """The verdict on an answer that is right; else the first mistake that it equals ends the check, or ``otherwise``.

    The answer is what the learner typed, a letter or a number in any form, or a tensor from :func:`call` where the
    right one is a tensor. How near is near enough is said at :func:`near`.
    """
    truth, praise = right
    found: Any = answer
    if isinstance(truth, str):  # "c", "C: yellow", "C." and "C)" count as C
        letters = sorted([truth, *(str(letter) for letter, _ in wrong)])
        *most, last = (f'"{letter}"' for letter in letters)
        expected = f"one of the letters {', '.join(most)} and {last}, with quotes"
        given = re.split(r"[:.)]", answer.upper())[0].strip() if isinstance(answer, str) else ""
        found = given if given in letters else None
    elif not isinstance(truth, Tensor):
        found = number(answer)
    if found is None:
        raise Wrong(f"You answered {shown(answer)}; expected {expected}.")
    if near(found, truth, tol):
        return Verdict(True, praise)
    for mistake, hint in wrong:
        if near(found, mistake, tol):
            raise Wrong(hint)
    raise Wrong(f"You answered {found:g}. {otherwise}" if isinstance(found, float) else otherwise)


def near(found: Any, target: Any, tol: float = 1e-3) -> bool:
    """Whether an answer meets a target: a number within ``tol``, a tensor as :func:`same` says."""
    if isinstance(target, list):
        return any(near(found, one, tol) for one in target)
    if isinstance(found, Tensor):
        return same(found, target, tol)
    if isinstance(target, tuple):
        return target[0] <= found <= target[1]
    return found == target if isinstance(target, str) else abs(found - target) <= tol


def same(found: Tensor, expected: Tensor | float, tol: float = 1e-3) -> bool:
    """Whether two tensors have one shape and the same numbers, up to ``tol`` of each and a tenth of ``tol``.

    One number has no shape to speak of, and NaN is like nothing.
    """
    found, expected = found.detach().double(), torch.as_tensor(expected).detach().double()
    if found.numel() == expected.numel() == 1:
        found, expected = found.reshape(()), expected.reshape(())
    return found.shape == expected.shape and torch.allclose(found, expected, rtol=tol, atol=tol / 10)


# What a learner's function returns


def run(function: Callable, *args, may_change: bool = False) -> Any:
    """Call the learner's function: -> its result, whatever it is.

    A tensor among the arguments is handed over as a copy, unless a gradient has to reach it, and the function must
    leave it as it was, unless it may change it.
    """
    if not callable(function):
        raise Wrong(f"You passed {shown(function)}; expected your function, without parentheses after its name.")
    given = [a.clone() if isinstance(a, Tensor) and not a.requires_grad else a for a in args]
    before = [a.detach().clone() if isinstance(a, Tensor) else None for a in args]
    try:
        result = function(*given)
    except (Exception, SystemExit) as error:
        raise Wrong(f"Your function stopped with {_told(error)}") from error
    if result is ... or (result is None and _is_open(function)):
        raise Wrong(NO_ANSWER.message)
    if result is None:
        raise Wrong(NO_RETURN.message)
    if not may_change and any(
        b is not None and not torch.equal(a.detach(), b) for a, b in zip(given, before, strict=True)
    ):
        raise Wrong("Your function changes a tensor that it was given. Work on a copy, or build a new one.")
    if isinstance(result, Verdict):  # else a function could hand in its own verdict
        raise Wrong("Your function returned a verdict; expected what the exercise asks for.")
    return result


def _is_open(function: Callable) -> bool:
    """Whether the body of a function does nothing: only ``...``, a comment, or a constant that is returned."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return False
    idle = ("LOAD_", "RETURN_", "RESUME", "NOP", "COPY_FREE_VARS", "POP_TOP", "CACHE")
    return all(step.opname.startswith(idle) for step in dis.get_instructions(code))


def call(function: Callable, *args, may_change: bool = False) -> Tensor:
    """As :func:`run`, for a function that returns a tensor; a number, an array or a list becomes one."""
    result = run(function, *args, may_change=may_change)
    found = as_tensor(result)
    if found is None:
        raise Wrong(f"Your function returned a {type(result).__name__}; expected a tensor.")
    if found.is_complex():
        raise Wrong(f"Your function returned numbers of type {found.dtype}; expected real numbers.")
    return found


def must_be_one_number(found: Tensor, what: str = "") -> None:
    """End the check unless a learner's function returned one number; ``what`` says which, such as ", the threshold"."""
    if found.numel() != 1:
        raise Wrong(f"You return the shape {tuple(found.shape)}; expected one number{what}.")


def as_tensor(value) -> Tensor | None:
    """A tensor, array, number or list of them as a tensor on the CPU, with its gradient; None if it is nothing of that."""
    try:
        if isinstance(value, Tensor):
            return value.to_dense().cpu() if value.layout != torch.strided else value.cpu()
        if isinstance(value, np.ndarray | np.generic):
            return torch.from_numpy(np.array(value))
        if isinstance(value, list | tuple):
            if any(isinstance(part, Tensor | np.ndarray | list | tuple) for part in value):
                parts = [as_tensor(part) for part in value]
                return None if any(part is None for part in parts) else torch.stack(parts)  # type: ignore[arg-type]
            return torch.tensor(value)
        single = number(value)
        return None if single is None else torch.tensor(single)
    except (ValueError, TypeError, RuntimeError, OverflowError, NotImplementedError, RecursionError):
        return None


def terms_of(function: Callable, *args, names: Sequence[str] = ("loss",)) -> dict[str, Tensor]:
    """As :func:`run`, for an objective: each named term is a tensor of one number; all but the loss may be plain numbers."""
    result = run(function, *args)
    expected = "{" + ", ".join(f'"{name}": tensor' for name in names) + "}"
    if not isinstance(result, Mapping):
        raise Wrong(f"Your function returned a {type(result).__name__}; expected {expected}.")
    terms = {}
    for name in names:
        value = result.get(name)
        term = as_tensor(value) if isinstance(value, Tensor) or (name != "loss" and number(value) is not None) else None
        if term is None:
            raise Wrong(f'The dict holds {shown(value)} under "{name}"; expected {expected}.')
        if term.numel() != 1 or term.is_complex():
            of_type = f" and the type {term.dtype}" if term.is_complex() else ""
            raise Wrong(
                f'"{name}" has the shape {tuple(term.shape)}{of_type}; expected one number, a mean over images.'
            )
        terms[name] = term.reshape(())
    return terms


def slopes(loss: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradient of a loss at each leaf, None where none arrives. The graph is kept."""
    if not loss.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(loss.sum(), leaves, allow_unused=True, retain_graph=True))


def judge_gradient(
    loss: Tensor,
    truth: Tensor,
    model: nn.Module,
    wrong: Sequence[tuple[Tensor, str]] = (),
    otherwise: str = "The loss has the right value, but not its gradient: something cuts a part of the graph.",
) -> None:
    """End the check unless a loss of the right value pulls at the model as the true loss does.

    A mistake is a loss too, such as one with a part detached.
    """
    if not loss.requires_grad:
        raise Wrong("No gradient reaches the model: something cuts the graph, such as detach() or no_grad().")
    weights = list(model.parameters())
    found = slopes(loss, weights)

    def pulls_as(other: Tensor) -> bool:
        """At each weight within a hundredth of the gradient's length; none at all is a gradient of 0."""
        pairs = zip(weights, found, slopes(other, weights), strict=True)
        filled = ([torch.zeros_like(w) if g is None else g for g in both] for w, *both in pairs)
        return all(bool((f - e).norm() <= 1e-2 * e.norm() + 1e-6) for f, e in filled)

    if pulls_as(truth):
        return
    raise Wrong(next((hint for mistake, hint in wrong if pulls_as(mistake)), otherwise))


class Probe(nn.Module):
    """A small autoencoder for images (B, 1, 28, 28) that remembers what it is given.

    Its code of 4 numbers is, in a variational one, a mean and a log-variance each. ``images`` holds what the model was
    called with, ``codes`` what ``decode`` was; ``answer`` decodes without a trace.
    """

    def __init__(self, *, variational: bool = False) -> None:
        super().__init__()
        self.variational = variational
        # The codes' standard deviations are well below 1 in two units and well above in the others.
        self.bias = nn.Parameter(torch.tensor([0.3, -0.5, 0.8, 0.0, -2.0, -1.5, 1.2, 1.6]))
        self.encoder = nn.Parameter(0.1 * torch.randn(784, 8))
        self.decoder = nn.Parameter(0.1 * torch.randn(4, 784))
        self.images: list[Tensor] = []
        self.codes: list[Tensor] = []

    def encode(self, x: Tensor) -> Any:
        h = x.flatten(1) @ self.encoder
        mu, logvar = 3 * h[:, :4] + self.bias[:4], 0.3 * h[:, 4:] + self.bias[4:]
        return (mu, logvar) if self.variational else mu

    def answer(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z @ self.decoder - 1).unflatten(1, (1, 28, 28))

    def decode(self, z: Tensor) -> Tensor:
        self.codes.append(z.detach().clone())
        return self.answer(z)

    def forward(self, x: Tensor) -> Tensor:
        self.images.append(x.detach().clone())
        code = self.encode(x)
        return self.decode(code[0] if self.variational else code)


def variational_probe() -> tuple[Probe, Tensor, tuple[Tensor, Tensor], Tensor]:
    """A variational Probe, images (B, 1, 28, 28) for it, their code (mu, logvar), and the KL of each unit (B, 4)."""
    torch.default_generator.manual_seed(0)
    # Images of very different brightness, so that their KL divergences differ.
    x = torch.rand(1024, 1, 28, 28) * torch.rand(1024, 1, 1, 1)
    model = Probe(variational=True)
    mu, logvar = model.encode(x)
    return model, x, (mu, logvar), (mu.square() + logvar.exp() - 1 - logvar) / 2


# What a learner's function draws


def noise_of_two_calls(model: Probe, mu: Tensor, logvar: Tensor) -> list[Tensor]:
    """What was drawn, (z - mu) / sigma (B, 4), in two calls of an objective; ends the check unless each drew one code an image."""
    if len(model.codes) != 2:
        raise Wrong(f"Your function calls decode {len(model.codes) / 2:g} times; expected once, on one draw of z.")
    if any(z.shape != mu.shape for z in model.codes):
        raise Wrong(f"decode gets a shape {tuple(model.codes[0].shape)}; expected one z an image, {tuple(mu.shape)}.")
    noise = [(z - mu.detach()) / (logvar.detach() / 2).exp() for z in model.codes]
    if any(eps.abs().max() < 1e-4 for eps in noise):
        raise Wrong("You decode the mean mu. Draw z around it.")
    return noise


def refuse_shared(draws: Sequence[Tensor]) -> None:
    """End the check if calls, images or numbers share draws that should be their own, one tensor (B, n) for each call."""
    eps = torch.stack([d.double() for d in draws])  # (calls, B, n)
    if torch.allclose(eps[0], eps[1], atol=1e-4):
        raise Wrong("Two calls use the same noise. Draw it anew each time, without a fixed seed.")
    if torch.allclose(eps, eps[:, :, :1].expand_as(eps), atol=1e-3):
        raise Wrong("All numbers of an image get the same noise. Draw one for each.")
    if torch.allclose(eps, eps[:, :1].expand_as(eps), atol=1e-3):
        raise Wrong("All images get the same noise. Draw it for each image.")
    # Sorted by their first number, images that share a draw stand side by side: their second number agrees as well.
    rows = eps[0][eps[0][:, 0].argsort()]
    if ((rows[1:, :2] - rows[:-1, :2]).abs().amax(1) < 1e-3).double().mean() > 0.1:
        raise Wrong("Some images get the same noise. Draw it for each image.")


def refuse_other_laws(draws: Sequence[Tensor], unit: float = 1.0) -> None:
    """End the check unless these can be independent draws from N(0, unit^2), one tensor (B, n) for each call.

    The bounds stand seven standard errors or more from what right draws give, so that none is refused by chance.
    Of n draws the mean has the standard error n^(-1/2), the standard deviation 1/sqrt(2) of that, the neighbours'
    product the same, the third moment sqrt(6) and the fourth sqrt(24) times that.
    """
    eps = torch.stack([d.double() for d in draws])  # (calls, B, n)
    mean, std, error = eps.mean(), eps.std(), eps.numel() ** -0.5
    if mean.abs() > 7 * error * std:
        raise Wrong(f"The noise has the mean {mean:.2g}; expected 0. Look up what rand and randn draw.")
    if abs(std - unit) > 5 * error * unit:
        raise Wrong(f"The noise has the standard deviation {std:.3g}; expected {unit:g}.")
    z = (eps - mean) / std
    tails = z.pow(4).mean()
    if tails < 3 - 40 * error:
        raise Wrong(
            "Mean and standard deviation fit, but your noise has no tails. It is no bell curve: draw it with randn."
        )
    if tails > 3 + 60 * error or z.pow(3).mean().abs() > 20 * error:
        raise Wrong("Mean and standard deviation fit, but the noise is no bell curve. Draw it with torch.randn_like.")
    for dim in range(3):
        count = z.shape[dim]
        pairs = z.narrow(dim, 1, count - 1) * z.narrow(dim, 0, count - 1)
        if pairs.mean().abs() > 7 * pairs.numel() ** -0.5:
            between = ("two calls", "two images", "neighbouring numbers")[dim]
            raise Wrong(f"The noise of {between} is related. Draw every number on its own.")

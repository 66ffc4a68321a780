"""The one gate of the checks: which forms an answer may have, how it is compared, and what a check answers.

Shown as the last expression of a cell, a verdict prints itself, wrapped for a phone.
"""

import dis
import functools
import inspect
import random
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import inf
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Verdict(NamedTuple):
    """Whether an answer holds, and a sentence for the learner: what is right, or what to look at again."""

    ok: bool
    message: str

    def __repr__(self) -> str:
        return textwrap.fill(f"{'Correct.' if self.ok else 'Not yet.'} {self.message}", width=75)


def right(message: str) -> Verdict:
    """The answer holds."""
    return Verdict(True, message)


def wrong(message: str) -> Verdict:
    """The answer does not hold; the message is a hint, not the solution."""
    return Verdict(False, message)


NO_ANSWER = wrong("Replace the ... with your answer and run the cell again.")
NO_RETURN = wrong("Your function returned nothing: end it with return and what it has computed.")
CHANGED = wrong("Your function changes a tensor that it was given. Work on a copy, or build a new one.")


def check(function: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check safe to call: an open answer is told so, no answer raises, and no random state moves."""

    @functools.wraps(function)
    def safe(*answers, **named) -> Verdict:
        if any(answer is ... for answer in (*answers, *named.values())):
            return NO_ANSWER
        try:
            with _as_usual():
                return function(*answers, **named)
        except Exception as error:  # the last resort: whatever an answer can be, a learner should read a sentence
            return wrong(f"This answer cannot be judged: it led to {_told(error)}")

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


Span = float | tuple[float, float]  # a number, or all from one to another
Target = Span | list[Span]  # any of several


def about(value: float, tolerance: float) -> tuple[float, float]:
    """The target of all numbers within a tolerance of its own."""
    return value - tolerance, value + tolerance


def near(answer: float, target: Target, tolerance: float = 0.001) -> bool:
    """Whether a number meets a target; single numbers within the tolerance."""
    if isinstance(target, list):
        return any(near(answer, value, tolerance) for value in target)
    if isinstance(target, tuple):
        return target[0] <= answer <= target[1]
    return abs(answer - target) <= tolerance


def judge(
    answer,
    truth: tuple[Target, str],
    mistakes: Sequence[tuple[Target, str]],
    otherwise: str,
    *,
    tolerance: float = 0.001,
    expected: str = "a number",
) -> Verdict:
    """The verdict on one number: right, or the hint of the first mistake that it matches, or ``otherwise``."""
    value = number(answer)
    if value is None:
        return wrong(f"You answered {shown(answer)}; expected {expected}.")
    if near(value, truth[0], tolerance):
        return right(truth[1])
    for target, hint in mistakes:
        if near(value, target, tolerance):
            return wrong(hint)
    return wrong(f"You answered {value:g}. {otherwise}")


def letter(answer, verdicts: dict[str, Verdict]) -> Verdict:
    """The verdict on one of several letters; "c", "C: yellow", "C." and "C)" count as C."""
    given = re.split(r"[:.)]", answer.upper())[0].strip() if isinstance(answer, str) else ""
    if given not in verdicts:
        *most, last = (f'"{name}"' for name in verdicts)
        return wrong(
            f"You answered {shown(answer)}; expected one of the letters {', '.join(most)} and {last}, with quotes."
        )
    return verdicts[given]


# What a learner's function returns


def run(function: Callable, *args, may_change: bool = False) -> Any:
    """Call the learner's function: -> its result, whatever it is, or the verdict on what went wrong.

    A tensor among the arguments is handed over as a copy, unless a gradient has to reach it, and the function must
    leave it as it was, unless it may change it.
    """
    if not callable(function):
        return wrong(f"You passed {shown(function)}; expected your function, without parentheses after its name.")
    given = [a.clone() if isinstance(a, Tensor) and not a.requires_grad else a for a in args]
    before = [a.detach().clone() if isinstance(a, Tensor) else None for a in args]
    try:
        result = function(*given)
    except (Exception, SystemExit) as error:
        return wrong(f"Your function stopped with {_told(error)}")
    if result is ...:
        return NO_ANSWER
    if result is None:
        return NO_ANSWER if _is_open(function) else NO_RETURN
    if not may_change and any(
        b is not None and not torch.equal(a.detach(), b) for a, b in zip(given, before, strict=True)
    ):
        return CHANGED
    if isinstance(result, Verdict):  # else a function could hand in its own verdict
        return wrong("Your function returned a verdict; expected what the exercise asks for.")
    return result


def _is_open(function: Callable) -> bool:
    """Whether the body of a function does nothing: only ``...``, a comment, or a constant that is returned."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return False
    idle = ("LOAD_", "RETURN_", "RESUME", "NOP", "COPY_FREE_VARS", "POP_TOP", "CACHE")
    return all(step.opname.startswith(idle) for step in dis.get_instructions(code))


def call(function: Callable, *args, may_change: bool = False) -> Tensor | Verdict:
    """As :func:`run`, for a function that returns a tensor; a number, an array or a list becomes one."""
    result = run(function, *args, may_change=may_change)
    if isinstance(result, Verdict):
        return result
    found = as_tensor(result)
    if found is None:
        return wrong(f"Your function returned a {type(result).__name__}; expected a tensor.")
    if found.is_complex():
        return wrong(f"Your function returned numbers of type {found.dtype}; expected real numbers.")
    return found


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


def terms_of(result, names: Sequence[str]) -> dict[str, Tensor] | Verdict:
    """The named entries of an objective's result, each a tensor of one number; all but the loss may be plain numbers."""
    expected = "{" + ", ".join(f'"{name}": tensor' for name in names) + "}"
    if isinstance(result, Verdict):
        return result
    if not isinstance(result, Mapping):
        return wrong(f"Your function returned a {type(result).__name__}; expected {expected}.")
    terms = {}
    for name in names:
        value = result.get(name)
        term = as_tensor(value) if isinstance(value, Tensor) or (name != "loss" and number(value) is not None) else None
        if term is None:
            return wrong(f'The dict holds {shown(value)} under "{name}"; expected {expected}.')
        if term.numel() != 1 or term.is_complex():
            of_type = f" and the type {term.dtype}" if term.is_complex() else ""
            return wrong(
                f'"{name}" has the shape {tuple(term.shape)}{of_type}; expected one number, a mean over images.'
            )
        terms[name] = term.reshape(())
    return terms


def same(found: Tensor, expected: Tensor, *, rtol: float = 1e-3, atol: float = 1e-4) -> bool:
    """Whether two tensors have one shape and, within the tolerance, the same numbers; NaN is like nothing."""
    found, expected = found.detach().double(), expected.detach().double()
    return found.shape == expected.shape and torch.allclose(found, expected, rtol=rtol, atol=atol)


def hint_for(found: Tensor, mistakes: Iterable[tuple[Tensor, str]], *, rtol: float = 1e-3, atol: float = 1e-4) -> str:
    """The hint of the first mistake that the learner's tensor equals, or nothing."""
    return next((hint for value, hint in mistakes if same(found, value, rtol=rtol, atol=atol)), "")


def slopes(loss: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradient of a loss at each leaf, None where none arrives. The graph is kept."""
    if not loss.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(loss.sum(), leaves, allow_unused=True, retain_graph=True))


def same_slopes(found: Sequence[Tensor | None], expected: Sequence[Tensor | None], tolerance: float = 1e-2) -> bool:
    """Whether two gradients agree, each leaf's within a share of its length."""

    def off(f: Tensor | None, e: Tensor | None) -> bool:
        if f is None or e is None:
            return not (f is None and e is None)
        return not bool((f - e).norm() <= tolerance * e.norm() + 1e-6)

    return not any(off(f, e) for f, e in zip(found, expected, strict=True))


# What a learner's function draws


def sharing_hint(draws: Sequence[Tensor]) -> str:
    """Whether calls, images or numbers share draws that should be their own, one tensor (B, n) for each call."""
    eps = torch.stack([d.double() for d in draws])  # (calls, B, n)
    if torch.allclose(eps[0], eps[1], atol=1e-4):
        return "Two calls use the same noise. Draw it anew each time, without a fixed seed."
    if torch.allclose(eps, eps[:, :, :1].expand_as(eps), atol=1e-3):
        return "All numbers of an image get the same noise. Draw one for each."
    if torch.allclose(eps, eps[:, :1].expand_as(eps), atol=1e-3):
        return "All images get the same noise. Draw it for each image."
    # Sorted by their first number, images that share a draw stand side by side: their second number agrees as well.
    rows = eps[0][eps[0][:, 0].argsort()]
    if ((rows[1:, :2] - rows[:-1, :2]).abs().amax(1) < 1e-3).double().mean() > 0.1:
        return "Some images get the same noise. Draw it for each image."
    return ""


def bell_hint(draws: Sequence[Tensor], unit: float = 1.0) -> str:
    """Why what should be independent draws from N(0, unit^2), one tensor (B, n) for each call, are none; or nothing.

    The bounds stand seven standard errors or more from what right draws give, so that none is refused by chance.
    Of n draws the mean has the standard error n^(-1/2), the standard deviation 1/sqrt(2) of that, the neighbours'
    product the same, the third moment sqrt(6) and the fourth sqrt(24) times that.
    """
    eps = torch.stack([d.double() for d in draws])  # (calls, B, n)
    mean, std, error = eps.mean(), eps.std(), eps.numel() ** -0.5
    if mean.abs() > 7 * error * std:
        return f"The noise has the mean {mean:.2g}; expected 0. Look up what rand and randn draw."
    if abs(std - unit) > 5 * error * unit:
        return f"The noise has the standard deviation {std:.3g}; expected {unit:g}."
    z = (eps - mean) / std
    tails = z.pow(4).mean()
    if tails < 3 - 40 * error:
        return "Mean and standard deviation fit, but your noise has no tails. It is no bell curve: draw it with randn."
    if tails > 3 + 60 * error or z.pow(3).mean().abs() > 20 * error:
        return "Mean and standard deviation fit, but the noise is no bell curve. Draw it with torch.randn_like."
    for dim in range(3):
        count = z.shape[dim]
        pairs = z.narrow(dim, 1, count - 1) * z.narrow(dim, 0, count - 1)
        if pairs.mean().abs() > 7 * pairs.numel() ** -0.5:
            between = ("two calls", "two images", "neighbouring numbers")[dim]
            return f"The noise of {between} is related. Draw every number on its own."
    return ""

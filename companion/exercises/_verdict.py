"""What a check answers. Shown as the last expression of a cell, a verdict prints itself, wrapped for a phone."""

import re
import textwrap
from collections.abc import Callable
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


def run(function: Callable, *args) -> Any:
    """Call the learner's function: -> its result, whatever it is, or the verdict on what went wrong."""
    if not callable(function):
        return wrong(f"You passed {function!r}; expected your function, without parentheses after its name.")
    try:
        result = function(*args)
    except Exception as error:
        return wrong(f"Your function stopped with {type(error).__name__}: {error}")
    return NO_ANSWER if result is None or result is ... else result


def call(function: Callable, *args) -> Tensor | Verdict:
    """As :func:`run`, for a function that returns a tensor; a plain number becomes one."""
    result = run(function, *args)
    if isinstance(result, Verdict):
        return result
    if isinstance(result, int | float):
        result = torch.tensor(float(result))
    if not isinstance(result, Tensor):
        return wrong(f"Your function returned a {type(result).__name__}; expected a tensor.")
    return result


def is_number(answer) -> bool:
    """Whether the learner gave a real number, also as numpy's or as a tensor without dimensions; True is none."""
    if type(answer) is Tensor:
        return answer.ndim == 0 and answer.dtype != torch.bool and not answer.is_complex()
    return isinstance(answer, int | float | np.integer | np.floating) and not isinstance(answer, bool)


def near(answer, value: float, tolerance: float = 0.001) -> bool:
    """Whether a number is within the tolerance of a value."""
    return abs(float(answer) - value) <= tolerance


def letter(answer, verdicts: dict[str, Verdict]) -> Verdict:
    """The verdict on one of several letters; "c", "C: yellow", "C." and "C)" count as C."""
    if answer is ...:
        return NO_ANSWER
    given = re.split(r"[:.)\s]", answer.strip().upper())[0] if isinstance(answer, str) else ""
    if given not in verdicts:
        *most, last = (f'"{name}"' for name in verdicts)
        return wrong(f"You answered {answer!r}; expected one of the letters {', '.join(most)} and {last}, with quotes.")
    return verdicts[given]

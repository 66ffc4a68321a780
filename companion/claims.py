"""Conclusions as code: claim("the network beats PCA", ratio, at_most=0.9) says whether one holds, and what was found."""

import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from torch import Tensor

_MADE: dict[str, "Claim"] = {}  # by statement: a cell that runs again replaces what it claimed before


class ClaimError(AssertionError):
    """A conclusion of the book does not hold. Raised only where ``COMPANION_CLAIMS=strict``."""


@dataclass(frozen=True)
class Claim:
    """One conclusion: what was claimed, the value that decides, what was expected of it, and by how much it holds.

    ``margin`` is the distance from the value to the bound, as a share of the larger of the two: negative where the
    claim does not hold, NaN where the value is, None where the claim is an equality.
    """

    statement: str
    value: Any
    expected: str
    holds: bool
    margin: float | None

    def __str__(self) -> str:
        head = f"{'Holds' if self.holds else 'Does not hold here'}: {self.statement}"
        value = f"{self.value:.3g}" if isinstance(self.value, float) else str(self.value)
        # On a line of its own, so that two runs can be compared without their digits.
        return f"{textwrap.fill(head, 75, subsequent_indent='  ')}\n  found {value}, expected {self.expected}"


class Claims(list):
    """The claims of a notebook in order; shown as the last expression of a cell, they print themselves."""

    def __repr__(self) -> str:
        count = f"{sum(claim.holds for claim in self)} of {len(self)} claims hold."
        return "\n".join([count, *(str(claim) for claim in self)])


def claim(
    statement: str,
    value: Any,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    between: tuple[float, float] | None = None,
    equals: Any = None,
) -> None:
    """Print whether a conclusion holds: the value, or each of several values, is within the bound.

    Say it so that the bound carries a margin: not "a < b" but their ratio with room to spare, so that another
    seed or another processor finds the same. In a learner's hands (own data, another seed, a GPU) a claim that does
    not hold says so and the notebook goes on; where the environment has ``COMPANION_CLAIMS=strict``, as in the
    tests and in the build of the book, it is an error.

    Args:
        statement: the conclusion as a sentence.
        value: a number, or several (a list, an array, a tensor): then the one that is worst for the claim counts.
        at_most, at_least, between, equals: exactly one of them. ``equals`` is for what is exact: counts, names.

    Raises:
        ClaimError: the claim does not hold and ``COMPANION_CLAIMS`` is "strict".
        TypeError, ValueError: not exactly one bound, or a value that is no number.
    """
    bounds = {"at_most": at_most, "at_least": at_least, "between": between, "equals": equals}
    given = [name for name, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        raise ValueError(f"the bounds are {given}; expected exactly one of at_most, at_least, between and equals.")
    made = _equality(statement, value, equals) if equals is not None else _inequality(statement, value, bounds)
    _MADE[statement] = made
    print(made)
    if not made.holds and os.environ.get("COMPANION_CLAIMS") == "strict":
        raise ClaimError(str(made))


def claims_made() -> Claims:
    """All claims since the notebook's kernel started, in order: -> a list that prints itself."""
    return Claims(_MADE.values())


def _equality(statement: str, value: Any, expected: Any) -> Claim:
    value, expected = (v.tolist() if isinstance(v, Tensor | np.ndarray | np.generic) else v for v in (value, expected))
    return Claim(statement, value, str(expected), bool(value == expected), None)


def _inequality(statement: str, value: Any, bounds: dict[str, Any]) -> Claim:
    low, high, expected = -np.inf, np.inf, ""
    if bounds["between"] is not None:
        low, high = bounds["between"]
        expected = f"between {low:g} and {high:g}"
    elif bounds["at_most"] is not None:
        high = bounds["at_most"]
        expected = f"at most {high:g}"
    else:
        low = bounds["at_least"]
        expected = f"at least {low:g}"

    def margin(v: float) -> float:
        slack, bound = min((v - low, low), (high - v, high), key=lambda pair: pair[0])
        return slack / (max(abs(bound), abs(v)) or 1.0)

    values = _numbers(value)
    worst = next((v for v in values if np.isnan(v)), None)  # min() would pass over a NaN
    worst = min(values, key=margin) if worst is None else worst
    return Claim(statement, worst, expected, low <= worst <= high, margin(worst))


def _numbers(value: Any) -> list[float]:
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | np.ndarray):
        value = list(value)
    is_numbers = isinstance(value, Real | np.ndarray) or (
        isinstance(value, list) and all(isinstance(v, Real) or (isinstance(v, Tensor) and v.ndim == 0) for v in value)
    )
    if not is_numbers:
        numbers = []
    elif isinstance(value, list):  # each by itself: numpy would refuse tensors that require a gradient
        numbers = [float(v.detach() if isinstance(v, Tensor) else v) for v in value]
    else:
        numbers = np.ravel(value).astype(float).tolist()
    if not numbers:
        raise TypeError(f"the value is {value!r}; expected a number, or at least one, such as a list or a tensor.")
    return numbers

"""claim(): says what holds and what does not, with which margin, and stops the tests and the build where one fails."""

import math

import numpy as np
import pytest
import torch

from companion import claim, claims_made
from companion.claims import _MADE, ClaimError
from tools.notebooks import claims_in


@pytest.fixture(autouse=True)
def no_claims_yet(monkeypatch):
    monkeypatch.delenv("COMPANION_CLAIMS", raising=False)
    _MADE.clear()


@pytest.mark.parametrize(
    ("value", "bound", "holds", "margin"),
    [
        (0.75, {"at_most": 1.0}, True, 0.25),
        (1.25, {"at_most": 1.0}, False, -0.2),
        (1.0, {"at_most": 1.0}, True, 0.0),
        (4, {"at_least": 2}, True, 0.5),
        (1, {"at_least": 2}, False, -0.5),
        (-3.0, {"at_least": -2.0}, False, -1 / 3),
        (3.0, {"between": (2.0, 5.0)}, True, 1 / 3),
        (6.0, {"between": (2.0, 5.0)}, False, -1 / 6),
        (0.0, {"at_most": 0.0}, True, 0.0),
        ([0.1, 0.9, 0.5], {"at_most": 1.0}, True, 0.1),  # the worst of several
        ([0.1, 1.9, 0.5], {"at_most": 1.0}, False, -0.9 / 1.9),
        (np.float32(0.5), {"at_most": 1.0}, True, 0.5),
        (np.array([[3.0, 2.0]]), {"at_least": 1.0}, True, 0.5),
        (torch.tensor([0.5, 0.25], requires_grad=True), {"at_most": 1.0}, True, 0.5),
        ([torch.tensor(2.0), 4.0], {"at_least": 1.0}, True, 0.5),
        ([torch.tensor(2.0, requires_grad=True), 4.0], {"at_least": 1.0}, True, 0.5),
        ({"a": 2.0, "b": 4.0}.values(), {"at_least": 1.0}, True, 0.5),
    ],
)
def test_a_bound(value, bound, holds, margin):
    claim("it is so", value, **bound)
    (made,) = claims_made()
    assert made.holds is holds
    assert made.margin == pytest.approx(margin)


@pytest.mark.parametrize("bound", [{"at_most": 1.0}, {"at_least": 1.0}, {"between": (0.0, 1.0)}])
@pytest.mark.parametrize("value", [math.nan, [0.5, math.nan, 2.0]])
def test_nan_holds_nowhere(value, bound):
    claim("it is so", value, **bound)
    assert not claims_made()[0].holds


@pytest.mark.parametrize(
    ("value", "expected", "holds"),
    [
        (3, 3, True),
        (torch.tensor(3), 3, True),
        (3, 4, False),
        ("PCA", "PCA", True),
        (["a", "b"], ["b", "a"], False),
        (np.array([1, 2]), [1, 2], True),
        (0, 0, True),
        (False, True, False),
    ],
)
def test_an_equality(value, expected, holds):
    claim("it is so", value, equals=expected)
    (made,) = claims_made()
    assert (made.holds, made.margin) == (holds, None)


def test_what_is_printed(capsys):
    claim(
        "with 32 numbers, the network leaves three quarters of the error that PCA leaves, or less", 0.7123, at_most=0.75
    )
    claim("it is half", 0.3, between=(0.4, 0.6))
    assert capsys.readouterr().out == (
        "Holds: with 32 numbers, the network leaves three quarters of the error that\n"
        "  PCA leaves, or less\n"
        "  found 0.712, expected at most 0.75\n"
        "Does not hold here: it is half\n"
        "  found 0.3, expected between 0.4 and 0.6\n"
    )
    assert repr(claims_made()).startswith("1 of 2 claims hold.\nHolds: with 32")


def test_a_cell_that_runs_again_replaces_its_claim():
    claim("first", 1, at_most=2)
    claim("second", 1, at_most=2)
    claim("first", 3, at_most=2)
    assert [(made.statement, made.holds) for made in claims_made()] == [("first", False), ("second", True)]


def test_strict_stops_where_a_claim_does_not_hold(monkeypatch):
    monkeypatch.setenv("COMPANION_CLAIMS", "strict")
    claim("it is so", 1.0, at_most=2.0)
    with pytest.raises(ClaimError, match=r"it is so\n  found 3, expected at most 2"):
        claim("it is so", 3.0, at_most=2.0)


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (1.0, {}, r"the bounds are \[\]; expected exactly one"),
        (1.0, {"at_most": 1, "at_least": 0}, r"the bounds are \['at_most', 'at_least'\]"),
        ("much", {"at_most": 1}, "the value is 'much'; expected a number"),
        (None, {"at_most": 1}, "the value is None"),
        ([], {"at_most": 1}, r"the value is \[\]"),
        (["a"], {"at_most": 1}, r"the value is \['a'\]"),
    ],
)
def test_what_is_no_claim_is_refused(value, bounds, said):
    with pytest.raises((TypeError, ValueError), match=said):
        claim("it is so", value, **bounds)
    assert claims_made() == []


def test_a_printed_statement_is_read_as_it_was_made(capsys):
    """The printed one is wrapped, at blanks and after hyphens."""
    statement = "for each of the digits that stand in the test set, it is the cross-entropy - as said - that falls"
    claim(statement, 1, at_most=2)
    printed = capsys.readouterr().out
    assert "cross-\n" in printed
    assert claims_in(printed) == [(statement, "found 1, expected at most 2")]

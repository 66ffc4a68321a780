"""Every check of every chapter: right answers pass in any form, mistakes get their hints, nothing else passes or raises.

Each chapter's own test file has an entry for each check, ``EXERCISES["check_..."]``:

- ``right``: the right answer, or a tuple of them where the check takes several; ``says``: part of what it is told;
- ``other ways``: name -> another way of writing it; ``mutants``: name -> an answer that is nearly right;
- ``hints``: typical mistakes, each with a part of its hint;
- ``strict``: True if the function must return a certain type, several tensors, or one with a gradient.
"""

import importlib
import inspect
import math
import pkgutil
import random
import re
import textwrap
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from companion import exercises as package
from companion.exercises import _verdict
from companion.exercises._verdict import (
    NO_ANSWER,
    NO_RETURN,
    Verdict,
    Wrong,
    as_tensor,
    call,
    check,
    judge,
    number,
    refuse_other_laws,
    refuse_shared,
    right,
    shown,
    terms_of,
)

MODULES = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
CHECKS = {
    f"{module}.{name}": function
    for module in MODULES
    for name, function in inspect.getmembers(importlib.import_module(f"companion.exercises.{module}"))
    if name.startswith("check_")
}

# What the chapters' own test files say of them.
EXERCISES = {
    f"{module}.{name}": entry
    for module in MODULES
    for name, entry in importlib.import_module(f"test_exercises_{module}").EXERCISES.items()
}
RIGHT = {name: entry["right"] for name, entry in EXERCISES.items()}
NUMBERS = {name: answer for name, answer in RIGHT.items() if isinstance(answer, int | float)}
WORDS = {name: answer for name, answer in RIGHT.items() if isinstance(answer, str)}
FUNCTIONS = {name: answer for name, answer in RIGHT.items() if callable(answer)}
LOOSE = {name: answer for name, answer in FUNCTIONS.items() if not EXERCISES[name].get("strict")}


class NoEquality:
    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    __hash__ = None


class NoRepr:
    def __repr__(self):
        raise RuntimeError("not to be printed")


class Surly:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise KeyError(name)


class Mute(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError("says nothing")


def generator():
    yield 1.0


def stops(*args):
    raise Mute


def leaves(*args):
    raise SystemExit("gone")


def endless(*args):
    return endless(*args)


def nested():
    inside = []
    inside.append(inside)
    return inside


JUNK = {
    "None": None,
    "bool": True,
    "string": "several words",
    "empty string": "",
    "bytes": b"3",
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "huge int": 10**5000,
    "huge negative int": -(10**400),
    "complex": 3 + 1j,
    "NumPy complex": np.complex64(1j),
    "NaN of Decimal": Decimal("sNaN"),
    "images": torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)),
    "array": np.arange(12.0).reshape(3, 4),
    "array with a gradient": torch.ones(3, requires_grad=True) * 2,
    "empty tensor": torch.zeros(0),
    "tensor of bool": torch.tensor(True),
    "complex tensor": torch.tensor([1j, 2]),
    "half precision": torch.full((3,), 6e4, dtype=torch.float16),
    "bytes in a tensor": torch.full((2, 2), 255, dtype=torch.uint8),
    "sparse tensor": torch.eye(3).to_sparse(),
    "tensor without data": torch.zeros(2, device="meta"),
    "number without data": torch.zeros((), device="meta"),
    "array of objects": np.array([None, "a"], dtype=object),
    "array of strings": np.array(["x", "y"]),
    "array of bool": np.array([True, False]),
    "object array of one": np.array([NoRepr()], dtype=object),
    "list": [1, "2", None],
    "ragged list": [[1.0], [2.0, 3.0]],
    "nested list": nested(),
    "dict": {"loss": 1.0},
    "dict of nothing": {"loss": None, "error": None, "penalty": None},
    "dict of images": dict.fromkeys(("loss", "error", "penalty", "reconstruction", "kl"), torch.ones(2, 2)),
    "set": {1, 2},
    "range": range(3),
    "generator": generator(),
    "class": NoEquality,
    "type": dict,
    "module": math,
    "model": nn.Linear(2, 2),
    "not to be compared": NoEquality(),
    "not to be printed": NoRepr(),
    "surly": Surly(),
    "exception": Mute(),
    "verdict": right("I say so."),
    "function that stops": stops,
    "function that leaves": leaves,
    "function without an end": endless,
}


def arguments(function):
    return len(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.filterwarnings("ignore")
def test_no_junk_passes_and_none_raises(name):
    check_it = CHECKS[name]
    for kind, junk in JUNK.items():
        for answer in (junk, lambda *args, junk=junk: junk, lambda *args, junk=junk: (junk, junk)):
            verdict = check_it(*[answer] * arguments(check_it))
            assert type(verdict) is Verdict, kind
            assert not verdict.ok, kind
            assert repr(verdict).startswith("Not yet. "), kind
            assert len(verdict.message) < 1000, kind
            assert "cannot be judged" not in verdict.message, (kind, verdict)


@pytest.mark.parametrize("name", CHECKS)
def test_an_open_answer_is_told_so(name):
    check_it = CHECKS[name]
    assert check_it(*[...] * arguments(check_it)) == NO_ANSWER


def answered(name, answer):
    """The verdict of a check on an answer, or on several."""
    return CHECKS[name](*answer) if arguments(CHECKS[name]) > 1 else CHECKS[name](answer)


def cases(key):
    """Every answer that stands under a key of an entry: -> (check, answer, hint), named."""
    found = []
    for name, entry in EXERCISES.items():
        rows = entry.get(key, [])
        if isinstance(rows, dict):
            found += [pytest.param(name, answer, "", id=f"{name}-{kind}") for kind, answer in rows.items()]
        else:
            found += [pytest.param(name, answer, hint, id=f"{name}-{hint}") for answer, hint in rows]
    return found


def test_every_check_has_an_entry():
    assert sorted(EXERCISES) == sorted(CHECKS)
    for entry in EXERCISES.values():
        assert {"right", "says"} <= entry.keys() <= {"right", "says", "other ways", "mutants", "hints", "strict"}


@pytest.mark.parametrize("name", CHECKS)
def test_the_right_answer_passes(name):
    verdict = answered(name, EXERCISES[name]["right"])
    assert verdict.ok, verdict
    assert EXERCISES[name]["says"] in verdict.message


@pytest.mark.parametrize(("name", "answer", "hint"), cases("other ways"))
def test_other_ways_of_writing_the_right_answer_pass(name, answer, hint):
    verdict = answered(name, answer)
    assert verdict.ok, verdict


@pytest.mark.parametrize(("name", "answer", "hint"), cases("hints"))
def test_a_typical_mistake_gets_its_hint(name, answer, hint):
    verdict = answered(name, answer)
    assert not verdict.ok
    assert hint in verdict.message


@pytest.mark.parametrize(("name", "mutant", "hint"), cases("mutants"))
def test_no_mutant_of_the_right_answer_passes(name, mutant, hint):
    assert not answered(name, mutant).ok


FORMS = {
    "float": float,
    "np.float64": np.float64,
    "np.float32": np.float32,
    "array": np.array,
    "array of one": lambda v: np.array([v]),
    "array of one by one": lambda v: np.array([[v]]),
    "object array": lambda v: np.array([v], dtype=object),
    "Fraction": Fraction,
    "Decimal": Decimal,
    "float32 tensor": lambda v: torch.tensor(v, dtype=torch.float32),
    "float64 tensor": lambda v: torch.tensor(v, dtype=torch.float64),
    "tensor of one": lambda v: torch.tensor([v]),
    "tensor of one by one": lambda v: torch.tensor([[v]]),
    "tensor with a gradient": lambda v: torch.tensor(float(v), requires_grad=True),
    "parameter": lambda v: nn.Parameter(torch.tensor(float(v))),
}
WHOLE = {"int": int, "np.int64": np.int64, "int tensor": torch.tensor, "int array": np.array}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_passes_in_any_form(name):
    answer = NUMBERS[name]
    for kind, form in (FORMS | WHOLE if isinstance(answer, int) else FORMS).items():
        verdict = CHECKS[name](form(answer))
        assert verdict.ok, (kind, verdict)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_several_numbers_pass_in_any_form(form):
    assert CHECKS["losses.check_doubt"](*map(form, RIGHT["losses.check_doubt"])).ok


@pytest.mark.parametrize("name", NUMBERS)
def test_no_other_number_passes(name):
    right_one = NUMBERS[name]
    for other in (
        -right_one,
        2 * right_one,
        right_one / 2,
        1 / right_one,
        right_one**2,
        right_one**0.5,
        0,
        math.nan,
        math.inf,
    ):
        assert not CHECKS[name](other).ok, other


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "intuition.check_matching_pca"])
def test_one_more_or_less_does_not_pass(name):
    """Exercise 1.3 asks for a reading from a figure; every other answer has a place of its own."""
    for step in (1, -1):
        assert not CHECKS[name](NUMBERS[name] + step).ok
        assert not CHECKS[name](NUMBERS[name] * (1 + step * 0.05)).ok


@pytest.mark.parametrize("name", [name for name, answer in WORDS.items() if len(answer) == 1])
def test_a_letter_alone_passes(name):
    chosen = WORDS[name]
    for form in (chosen.lower(), f" {chosen} ", f"{chosen}: because", f"{chosen}.", f"{chosen})", np.str_(chosen)):
        assert CHECKS[name](form).ok
    others = set("ABCD") - {chosen}
    for answer in (*others, "ABCD", f"{chosen} or A", f"{chosen} {min(others)}", f"{chosen}{chosen}", [chosen]):
        assert not CHECKS[name](answer).ok


def rebuilt(form):
    """A function with its result in another form."""

    def of(function):
        return lambda *args: form(function(*args))

    return of


def plain(found):
    return found.detach().tolist() if isinstance(found, torch.Tensor) else found


def by_numpy(function):
    """A function whose tensors are arrays on the way in, too, where it draws on NumPy alone."""
    return rebuilt(lambda found: np.asarray(found.detach() if isinstance(found, torch.Tensor) else found))(function)


RESULTS = {
    "float64": rebuilt(lambda found: torch.as_tensor(found).double()),
    "array": by_numpy,
    "array of float64": rebuilt(lambda found: np.asarray(torch.as_tensor(found).detach(), dtype=np.float64)),
    "list": rebuilt(plain),
    "list of tensors": rebuilt(lambda found: list(found) if isinstance(found, torch.Tensor) and found.ndim else found),
    "list of arrays": rebuilt(
        lambda found: list(found.detach().numpy()) if isinstance(found, torch.Tensor) and found.ndim else found
    ),
    "tuple": rebuilt(
        lambda found: tuple(found.tolist()) if isinstance(found, torch.Tensor) and found.ndim == 1 else found
    ),
    "gradient": rebuilt(lambda found: torch.as_tensor(found) * torch.ones((), requires_grad=True)),
    "parameter": rebuilt(lambda found: nn.Parameter(torch.as_tensor(found).detach().float())),
    "sparse": rebuilt(lambda found: torch.as_tensor(found).detach().to_sparse()),
    "not contiguous": rebuilt(lambda found: torch.as_tensor(found)[..., None].repeat_interleave(2, -1)[..., 0]),
    "reversed array": rebuilt(
        lambda found: (
            np.asarray(torch.as_tensor(found).detach().flip(0))[::-1]
            if isinstance(found, torch.Tensor) and found.ndim
            else found
        )
    ),
}


@pytest.mark.parametrize("name", LOOSE)
def test_a_result_passes_in_any_form(name):
    for kind, form in RESULTS.items():
        verdict = CHECKS[name](form(FUNCTIONS[name]))
        assert verdict.ok, (kind, verdict)


def test_results_that_have_to_be_tensors_pass_in_what_forms_they_can_have():
    scale = FUNCTIONS["welcome.check_scale_pixels"]
    assert CHECKS["welcome.check_scale_pixels"](lambda p: scale(p).numpy()).ok
    assert CHECKS["welcome.check_scale_pixels"](lambda p: p.numpy()[:, None].astype("float32") / np.float32(255)).ok
    for form in (
        np.array,
        list,
        torch.stack,
        lambda pair: [p.tolist() for p in pair],
        lambda pair: [p.numpy() for p in pair],
    ):
        pair = rebuilt(lambda both, form=form: form([p.double() for p in both]))(
            FUNCTIONS["what_came_next.check_amounts"]
        )
        assert CHECKS["what_came_next.check_amounts"](pair).ok
    for name in ("losses.check_stable_bce", "sparse_units.check_lifetime_top", "vq.check_round_through"):
        assert CHECKS[name](rebuilt(torch.Tensor.double)(FUNCTIONS[name])).ok
    for name in (
        "losses.check_objective",
        "collapse.check_kl_target",
        "pca.check_ordered_loss",
        "denoising.check_repaired_loss",
    ):
        double = rebuilt(lambda terms: {key: value.double().reshape(1) for key, value in terms.items()})
        report = rebuilt(lambda terms: {k: v if k == "loss" else np.float64(v.item()) for k, v in terms.items()})
        assert CHECKS[name](double(FUNCTIONS[name])).ok
        assert CHECKS[name](report(FUNCTIONS[name])).ok


# Whether a function is finished


def untouched(*args): ...


def with_a_comment(*args):
    # your code here
    ...


def with_a_docstring(*args):
    """What it should do."""


def passes(*args):
    pass


def returns_dots(*args):
    return ...


def closure(result=None):
    return lambda *args: result


def half_done(*args):
    total = sum(arg for arg in args if isinstance(arg, float))  # noqa: F841
    ...


def prints(*args):
    print("0.25")


class Silent(nn.Module):
    def forward(self, *args):
        pass


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_untouched_function_is_open_and_a_finished_one_without_return_is_not(name):
    for function in (
        untouched,
        with_a_comment,
        with_a_docstring,
        passes,
        returns_dots,
        closure(),
        torch.no_grad()(passes),
    ):
        assert CHECKS[name](function) == NO_ANSWER
    for function in (half_done, prints, print, Silent()):
        assert CHECKS[name](function) == NO_RETURN
    assert "returned nothing" in NO_RETURN.message


# What is handed over


@pytest.mark.parametrize("name", [name for name in LOOSE if name != "welcome.check_descend"])
def test_a_function_that_changes_what_it_was_given_is_refused(name):
    def changing(*args):
        result = FUNCTIONS[name](*args)
        next(arg for arg in args if isinstance(arg, torch.Tensor)).mul_(0)
        return result

    verdict = CHECKS[name](changing)
    assert not verdict.ok
    assert "changes a tensor" in verdict.message


def test_a_model_that_changes_its_images_is_refused():
    def changing(model, x, *args):
        x += 0.2 * torch.randn_like(x)
        return {"loss": (model(x) - x).square().mean()}

    for name in (
        "losses.check_objective",
        "collapse.check_kl_target",
        "pca.check_ordered_loss",
        "denoising.check_repaired_loss",
    ):
        assert "changes a tensor" in CHECKS[name](changing).message


def test_gradient_descent_may_change_the_weight_itself():
    def descend(w, x, t, lr):
        optimizer = torch.optim.SGD([w], lr=lr)
        ((w * x - t) ** 2).backward()
        optimizer.step()
        return w

    assert CHECKS["welcome.check_descend"](descend).ok


# What a check leaves as it was


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_check_moves_a_random_state_or_a_setting(name):
    def seeding(*args):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        return FUNCTIONS[name](*args)

    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    CHECKS[name](seeding)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert states[2] == np.random.get_state()[1].tolist()  # noqa: NPY002


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_callers_settings_do_not_matter(name):
    function, dtype = FUNCTIONS[name], torch.get_default_dtype()
    with torch.inference_mode():
        assert CHECKS[name](function).ok
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        verdict = CHECKS[name](function)
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_dtype(dtype)
        torch.set_default_device(None)
    assert verdict.ok, verdict


@pytest.mark.parametrize(
    "name", ["bottleneck.check_shuffled", "collapse.check_kl_target", "denoising.check_repaired_loss"]
)
def test_a_right_answer_that_draws_passes_with_every_seed(name):
    """What is drawn with 10 seeds stays well within bounds that stand seven standard errors away."""
    function = FUNCTIONS[name]
    for seed in range(10):
        draws = iter(range(seed * 1000, seed * 1000 + 1000))

        def drawn(*args, draws=draws):
            torch.manual_seed(next(draws))
            return function(*args)

        verdict = CHECKS[name](drawn)
        assert verdict.ok, (seed, verdict)


# The parts of the gate


@pytest.mark.parametrize("form", (FORMS | WHOLE).values(), ids=(FORMS | WHOLE).keys())
def test_numbers(form):
    assert number(form(3)) == 3
    assert type(number(form(3))) is float


@pytest.mark.parametrize(
    "answer",
    [
        *(
            True,
            np.True_,
            torch.tensor(True),
            None,
            ...,
            "1",
            1j,
            [1.0],
            (1.0,),
            {1.0},
            b"1",
            NoRepr(),
            nn.Linear(1, 1),
        ),
        *(torch.tensor(1j), np.array(1j), np.array([True]), np.array(["1"]), torch.ones(2), np.ones(2), np.ones(0)),
        *(torch.zeros((), device="meta"), Decimal("sNaN")),
    ],
)
def test_no_numbers(answer):
    assert number(answer) is None


def test_a_number_too_large_is_infinite():
    assert number(10**400) == math.inf
    assert number(-(10**400)) == -math.inf
    assert number(Fraction(10**400)) == math.inf


PAIR = torch.tensor([1.0, 2.0])
RULES = {
    "number": {
        "right": (1, "yes"),
        "wrong": [((2, 3), "between"), ([5, (7, 8)], "one of these"), (3, "too late")],
        "otherwise": "Look again.",
    },
    "letter": {"right": ("B", "yes"), "wrong": [("C", "third"), ("A", "first")]},
    "tensor": {
        "right": (PAIR, "yes"),
        "wrong": [(2 * PAIR, "twice"), ([PAIR + 1, PAIR[:1]], "one of these"), (7, "seven")],
        "otherwise": "Look again.",
    },
}


@pytest.mark.parametrize(
    ("rules", "answer", "message"),
    [
        ("number", 1, "yes"),
        ("number", 1.0005, "yes"),
        ("number", 1.002, "You answered 1.002. Look again."),
        ("number", 3, "between"),
        ("number", 5, "one of these"),
        ("number", 7.5, "one of these"),
        ("number", 4, "You answered 4. Look again."),
        ("number", math.nan, "You answered nan. Look again."),
        ("number", "1", "You answered '1'; expected a number."),
        ("number", True, "You answered True; expected a number."),
        ("number", None, "You answered None; expected a number."),
        ("number", [1], "You answered [1]; expected a number."),
        ("number", torch.zeros(2), "You answered a Tensor of the shape (2,); expected a number."),
        ("letter", "B", "yes"),
        ("letter", "A: the first", "first"),
        ("letter", "c.", "third"),
        ("letter", "E", 'You answered \'E\'; expected one of the letters "A", "B" and "C", with quotes.'),
        ("letter", 2, 'You answered 2; expected one of the letters "A", "B" and "C", with quotes.'),
        ("letter", None, 'You answered None; expected one of the letters "A", "B" and "C", with quotes.'),
        ("tensor", PAIR, "yes"),
        ("tensor", PAIR.double() * 1.0005, "yes"),
        ("tensor", PAIR * 1.002, "Look again."),
        ("tensor", 2 * PAIR, "twice"),
        ("tensor", PAIR + 1, "one of these"),
        ("tensor", torch.tensor([[1]]), "one of these"),
        ("tensor", torch.tensor(7), "seven"),
        ("tensor", PAIR[:, None], "Look again."),
        ("tensor", PAIR * math.nan, "Look again."),
        ("tensor", PAIR > 1.5, "Look again."),
    ],
)
def test_judge_says_what_is_right_or_the_hint_of_the_first_mistake(rules, answer, message):
    verdict = check(lambda given: judge(given, **RULES[rules]))(answer)
    assert verdict == Verdict(message == "yes", message)


def test_the_example_at_the_head_of_the_gate_is_a_whole_check():
    code = textwrap.dedent(_verdict.__doc__.split("::\n")[1].split("\nFor a number")[0])
    space = {name: getattr(_verdict, name) for name in ("check", "call", "judge", "Verdict", "Wrong", "torch")}
    exec(code, space)
    assert space["check_areas"](lambda sides: sides.prod(1)).ok
    assert "Multiply them" in space["check_areas"](lambda sides: sides.sum(1)).message
    assert "shape (2, 2)" in space["check_areas"](lambda sides: sides).message
    assert "expected 15" in space["check_areas"](lambda sides: sides[:, 0]).message


def test_a_check_that_fails_on_an_answer_says_so():
    @check
    def check_it(answer):
        return answer + 1

    assert check_it("1").message.startswith("This answer cannot be judged: it led to TypeError: ")
    assert check_it(answer=...) == NO_ANSWER


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (3, "You passed 3; expected your function"),
        (None, "You passed None; expected your function"),
        (stops, "stopped with Mute"),
        (leaves, "stopped with SystemExit: gone"),
        (lambda: 1 / 0, "stopped with ZeroDivisionError: division by zero"),
        (lambda x: x, "stopped with TypeError"),
        (lambda: "1", "returned a str; expected a tensor"),
        (lambda: [1, "2"], "returned a list; expected a tensor"),
        (lambda: torch.ones(2) * 1j, "type torch.complex64; expected real numbers"),
        (lambda: ..., "Replace the ..."),
        (lambda: right("I say so."), "returned a verdict"),
    ],
)
def test_call_says_what_is_wrong_with_a_function(function, message):
    with pytest.raises(Wrong, match=re.escape(message)):
        call(function)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (torch.ones(()), 'returned a Tensor; expected {"loss": tensor, "kl": tensor}.'),
        ({"kl": torch.ones(())}, 'The dict holds None under "loss"; expected {"loss"'),
        ({"loss": 3.0, "kl": torch.ones(())}, 'The dict holds 3.0 under "loss"'),
        ({"loss": torch.ones(()), "kl": "1"}, """The dict holds '1' under "kl\""""),
        ({"loss": torch.ones(2), "kl": 1.0}, '"loss" has the shape (2,); expected one number, a mean over images.'),
        ({"loss": torch.ones(()), "kl": torch.ones(1) * 1j}, "(1,) and the type torch.complex64; expected one number"),
    ],
)
def test_terms_of_says_what_is_wrong_with_an_objective(result, message):
    with pytest.raises(Wrong, match=re.escape(message)):
        terms_of(lambda: result, names=("loss", "kl"))


@pytest.mark.parametrize("name", LOOSE)
def test_a_result_of_nan_does_not_pass(name):
    assert not CHECKS[name](rebuilt(lambda found: torch.as_tensor(found) * math.nan)(LOOSE[name])).ok


def test_what_was_given_is_shown_in_a_line():
    assert shown("x") == "'x'"
    assert shown(torch.zeros(3, 2)) == "a Tensor of the shape (3, 2)"
    assert shown(np.zeros(3)) == "a ndarray of the shape (3,)"
    assert shown(NoRepr()) == "something of the type NoRepr"
    assert shown(10**5000) == "something of the type int"
    assert len(shown("x" * 1000)) < 110


def test_what_is_no_tensor():
    for value in (
        None,
        "1",
        [1, "2"],
        [[1.0], [2.0, 3.0]],
        {"a": 1},
        nested(),
        torch.zeros(1, device="meta"),
        1j,
        True,
    ):
        assert as_tensor(value) is None


# Draws


def draws(function, count=2, shape=(64, 784)):
    torch.manual_seed(0)
    return [function(torch.randn(shape)) for _ in range(count)]


def laplace(z):
    return torch.distributions.Laplace(0.0, 0.5**0.5).sample(z.shape)


def walk(z):
    return (z[:, 1:] + z[:, :-1]) / 2**0.5


NOISES = {
    "Laplace": (laplace, "no bell curve"),
    "uniform": (lambda z: (torch.rand_like(z) - 0.5) * 12**0.5, "no tails"),
    "signs": (lambda z: z.sign(), "no tails"),
    "exponential": (lambda z: torch.empty_like(z).exponential_() - 1, "no bell curve"),
    "logistic": (lambda z: (torch.rand_like(z).clamp(1e-6, 1 - 1e-6).logit()) * 3**0.5 / math.pi, "no bell curve"),
    "Student": (lambda z: torch.distributions.StudentT(8.0).sample(z.shape) * (6 / 8) ** 0.5, "no bell curve"),
    "levels differ": (lambda z: z * (0.5 + torch.rand(len(z), 1)) / (13 / 12) ** 0.5, "no bell curve"),
    "mean": (lambda z: z + 0.05, "the mean 0.0"),
    "minus mean": (lambda z: z - 0.05, "the mean -0.05"),
    "wide": (lambda z: 1.05 * z, "standard deviation 1.05"),
    "narrow": (lambda z: 0.95 * z, "standard deviation 0.95"),
    "blurred": (walk, "neighbouring numbers"),
    "neighbouring images": (lambda z: (z + z.roll(1, 0)) / 2**0.5, "two images"),
    "half of the calls": (
        lambda z, kept=[]: kept.append(z) or (z + kept[0]) / (2 if z is kept[0] else 2**0.5),
        "two calls",
    ),
}


@pytest.mark.parametrize(("noise", "hint"), NOISES.values(), ids=NOISES.keys())
def test_noise_of_another_law_is_named(noise, hint):
    with pytest.raises(Wrong, match=hint):
        refuse_other_laws(draws(noise))


SHARED = {
    "calls": (lambda z: torch.ones_like(z).cumsum(1), "Two calls"),
    "images": (lambda z: z[:1].expand_as(z), "All images"),
    "numbers": (lambda z: z[:, :1].expand_as(z), "All numbers"),
    "halves": (lambda z: z[:32].repeat(2, 1), "Some images"),
    "pairs": (lambda z: z[:32].repeat_interleave(2, 0), "Some images"),
}


@pytest.mark.parametrize(("noise", "hint"), SHARED.values(), ids=SHARED.keys())
def test_shared_noise_is_named(noise, hint):
    with pytest.raises(Wrong, match=hint):
        refuse_shared(draws(noise))


@pytest.mark.parametrize("shape", [(64, 784), (1024, 4)])
def test_right_draws_are_never_refused(shape):
    torch.manual_seed(0)
    for _ in range(100):
        pair = [0.2 * torch.randn(shape) for _ in range(2)]
        refuse_shared(pair)
        refuse_other_laws(pair, unit=0.2)


def test_every_public_check_is_made_safe():
    for name, function in CHECKS.items():
        assert hasattr(function, "__wrapped__"), name
        assert function.__module__ != _verdict.__name__, name

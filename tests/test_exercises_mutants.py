"""No mutant of a right answer passes its exercise's check, and every other way of writing the right answer does.

The tables MUTANTS and OTHER_WAYS, check -> {name: answer}, stand in each chapter's own test file.
"""

import importlib
import pkgutil

import pytest

from companion import exercises as package

CHAPTERS = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]


def cases(table: str) -> list:
    """Every entry of one table of all chapters: -> (check, answer), named."""
    found = []
    for chapter in CHAPTERS:
        checks = importlib.import_module(f"companion.exercises.{chapter}")
        for check, answers in getattr(importlib.import_module(f"test_exercises_{chapter}"), table).items():
            found += [
                pytest.param(getattr(checks, check), answer, id=f"{chapter}-{check}-{name}")
                for name, answer in answers.items()
            ]
    return found


@pytest.mark.parametrize(("check", "mutant"), cases("MUTANTS"))
def test_no_mutant_of_the_right_answer_passes(check, mutant):
    assert not check(mutant).ok


@pytest.mark.parametrize(("check", "way"), cases("OTHER_WAYS"))
def test_other_ways_of_writing_the_right_answer_pass(check, way):
    verdict = check(way)
    assert verdict.ok, verdict

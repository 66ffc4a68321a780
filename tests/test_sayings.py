"""What people say, tested: each verdict rests on a claim that a notebook makes, and the page shows what it found."""

import json

import pytest

from notebook_checks import BOOK, extension
from tools.notebooks import stored_claims

sayings = extension("sayings")

TOPICS = json.loads((BOOK / "sayings.json").read_text())
SAID = [saying for topic in TOPICS.values() for saying in topic]


def test_there_are_enough_and_no_two_are_the_same():
    assert len({saying["said"] for saying in SAID}) == len(SAID) >= 20
    assert {saying["verdict"] for saying in SAID} == {"holds", "holds if", "does not hold"}


@pytest.mark.parametrize("saying", SAID, ids=lambda saying: saying["said"][:40])
def test_a_claim_decides_and_it_holds(saying):
    assert set(saying) == {"said", "verdict", "why", "notebook", "claim"}
    assert saying["claim"] in stored_claims(BOOK / saying["notebook"]), "reworded or removed: mend book/sayings.json"


def test_a_row_shows_verdict_reason_number_and_page():
    saying = {"said": "It is so.", "why": "it is.", "claim": "so it is", "notebook": "studies/08-collapse.ipynb"}
    found = {"so it is": "found 2, expected at least 1"}
    for verdict, shown in {"holds": "**Holds.** it is.", "holds if": "**Holds if** it is."}.items():
        row = sayings.row({**saying, "verdict": verdict}, found)
        assert row.startswith(f"| It is so. | {shown}<br>*so it is*: found 2, expected at least 1 (")
        assert "{doc}`study 8 </studies/08-collapse>`" in row

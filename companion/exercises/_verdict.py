"""What a check answers. Shown as the last expression of a cell, a verdict prints itself as one sentence."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """Whether an answer holds, and a sentence for the learner: what is right, or what to look at again."""

    ok: bool
    message: str

    def __repr__(self) -> str:
        return f"{'Correct.' if self.ok else 'Not yet.'} {self.message}"


def right(message: str) -> Verdict:
    """The answer holds."""
    return Verdict(True, message)


def wrong(message: str) -> Verdict:
    """The answer does not hold; the message is a hint, not the solution."""
    return Verdict(False, message)


NO_ANSWER = wrong("Replace the ... with your answer and run the cell again.")

"""What the head of a page says: minutes, what it needs, and the answer that a study opens with."""

import re
from pathlib import Path
from typing import NamedTuple

from tools.notebooks import head_of

# The line below the box of a head, such as *Reading: 40 minutes. Exercises: 50 minutes. Needs: {doc}`/01-intuition`.*
LINE = re.compile(r"Reading: (\d+) minutes\.(?: Exercises: (\d+) minutes\.)?\s*(Needs: )?")
ANSWER = re.compile(r"\{admonition\} The answer\n(?::.*\n)*(.+?)^:::", re.M | re.S)


class Head(NamedTuple):
    reading: int  # minutes
    exercises: int  # minutes, 0 where there are none
    needs: tuple[int, ...]  # numbers of lessons
    answer: str  # of a study: its first sentence


def minutes_in(line: re.Match) -> tuple[int, int]:
    """The minutes for reading and for exercises; 0 where there are none."""
    return int(line[1]), int(line[2] or 0)


def first_sentence(text: str) -> str:
    return re.match(r".+?(?:[.!?](?=\s|$)|$)", " ".join(text.split()))[0]  # type: ignore[index]  # matches anything


def read_head(path: Path) -> Head:
    head = head_of(path)
    needed = re.search(r"Needs: (.+?)\*", head, re.S)
    numbers = (
        re.findall(r"\{doc\}`[^`]*?/?(\d\d)-", re.sub(r"\{doc\}`/?studies[^`]*`", "", needed[1])) if needed else []
    )
    answer = ANSWER.search(head)
    return Head(
        *minutes_in(LINE.search(head)),  # type: ignore[arg-type]  # every head has one: a test looks
        tuple(n for n in map(int, numbers) if n),
        first_sentence(answer[1]) if answer else "",
    )

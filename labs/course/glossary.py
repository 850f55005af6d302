"""The course's terms, each once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from labs.base.documents import Typed, typed

FILE = Path(__file__).with_name("glossary.toml")


class Term(Typed, frozen=True):
    """A term.

    Attributes:
        also: another name for the same thing.
        lesson: id of the lesson that teaches it.
    """

    term: str
    meaning: str
    lesson: str
    also: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the glossary's page."""
        return f"termo-{self.term.lower().replace(' ', '-')}"


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the file's order, which is the alphabet's.

    Raises:
        Damaged: the file is not what it should be.
    """
    return typed(tomllib.loads(FILE.read_text("utf-8"))["terms"], tuple[Term, ...])

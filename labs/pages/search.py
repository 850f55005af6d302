"""Search over the whole course: the glossary, the texts of all lessons by their headings, and their cards."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labs.base.settings import CLONE
from labs.course.catalog import Lesson, load_course
from labs.course.glossary import Term, terms

AROUND = 90
"""Characters of the text that are shown on either side of what was found."""
MOST = 60
MARKS = re.compile(r"[*`|]+|\\(?=\$)|</?(?:details|summary)>")
"""Markdown's signs, and those of what is folded away; a sum's dollar sign is kept from being a formula by one."""


@dataclass(frozen=True)
class Section:
    """What stands below one heading of a lesson."""

    lesson: str
    heading: str
    text: str


@dataclass(frozen=True)
class Hit:
    """Where something was found: the lesson's id, its heading, and the words around it."""

    lesson: str
    heading: str
    before: str
    found: str
    after: str


def find_terms(wanted: str) -> list[Term]:
    """Terms in whose name or meaning the words stand; all of them for no words."""
    needle = folded(wanted)
    return [one for one in terms() if needle in folded(f"{one.term} {one.also} {one.meaning}")]


def find(wanted: str) -> list[Hit]:
    """Where these words stand in the lessons, in their order, at most `MOST`; nothing for no words."""
    needle = folded(wanted)
    return list(_hits(needle))[:MOST] if needle else []


def _hits(needle: str) -> Iterator[Hit]:
    for section in sorted((*sections(CLONE / "notebooks"), *cards()), key=lambda one: one.lesson):
        at = folded(section.text).find(needle)
        if at >= 0 or needle in folded(section.heading):
            start, end = max(at, 0), max(at, 0) + (len(needle) if at >= 0 else 0)
            text = section.text
            yield Hit(
                section.lesson,
                section.heading,
                text[max(0, start - AROUND) : start],
                text[start:end],
                text[end : end + AROUND],
            )


@cache
def sections(folder: Path) -> tuple[Section, ...]:
    """The texts of all lessons, below each heading, without Markdown's signs."""
    return tuple(one for path in sorted(folder.glob("[0-9][0-9]-*.ipynb")) for one in _sections(path))


def _sections(path: Path) -> Iterator[Section]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    for part in re.split(r"^(?=#{1,4} )", text, flags=re.MULTILINE):
        heading, _, below = part.partition("\n")
        if below.strip():
            yield Section(path.stem, heading.strip("# "), _unmarked(below).replace("\n", " "))


@cache
def cards() -> tuple[Section, ...]:
    """What the lessons' cards say at first sight: neither solutions, nor what an open task asks for."""
    return tuple(one for lesson in load_course().lessons for one in _cards(lesson))


def _cards(lesson: Lesson) -> Iterator[Section]:
    for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
        is_open = step.open or step is lesson.challenge or bool(step.case)
        told = [] if is_open else [step.command, *(part.meaning for part in step.parts), step.why]
        yield Section(lesson.id, step.title, _unmarked(" · ".join(filter(None, (step.text, *told)))))
    for question in lesson.quiz:
        yield Section(lesson.id, "Quiz", _unmarked(question.question))


def _unmarked(text: str) -> str:
    return MARKS.sub(lambda sign: "" if sign[0] == "\\" else " ", text)


def folded(text: str) -> str:
    """Without accents and capitals, each character in its place: who searches types neither."""
    return "".join((unicodedata.normalize("NFD", one)[:1] or one).lower()[:1] or one for one in text)

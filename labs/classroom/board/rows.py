"""What the board shows of each learner, and of the class as a whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict

from labs.base.documents import Typed
from labs.course.catalog import Course
from labs.running import journey

STUCK_MINUTES, STUCK_TRIES = 10, 3
"""A learner with a lab open who did nothing for so long, or whose next step failed so often, is stuck."""
LONGEST_AGO = timedelta(days=3650)
Row = dict[str, Any]
"""`name`; whether the lab is `open`, or `starting`, and `known`, which is that it answers; when it was `seen`, in ISO
8601 or ""; and where it was ever seen, `Situation` as it was then, with `minutes`, `waiting` and `stuck`."""


Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Name = Annotated[str, msgspec.Meta(max_length=80)]
"""Of a lesson, of a step, or a time."""


class Situation(Typed, frozen=True):
    """Where a learner is, as `labs/running/situation.py` tells it; whoever is root in a lab may tell something else."""

    lesson: Name
    step: Name
    title: str
    done: Count
    total: Count
    last: Name
    tries: Count
    observed: str
    help: Name
    failed: Annotated[dict[Name, Count], msgspec.Meta(max_length=500)]


LONGEST = 300
"""Letters of what a lab says, on the page."""


def shown(told: Situation, now: datetime, started: str = "") -> Row:
    """The part of a row that a lab tells, with what follows of it.

    Args:
        started: when the lab was opened, or "": who comes back the next day has not been stuck for a night.

    Raises:
        ValueError: a time is none, or none that a lab can have.
        TypeError: a time has no zone.
    """
    minutes = min((_minutes(since, now) for since in (told.last, started) if since), default=0)
    stuck = bool(told.lesson) and (minutes >= STUCK_MINUTES or told.tries >= STUCK_TRIES)
    short = {"title": told.title[:LONGEST], "observed": told.observed[:LONGEST]}
    return {**asdict(told), **short, "minutes": minutes, "waiting": _minutes(told.help, now), "stuck": stuck}


def _minutes(since: str, now: datetime) -> int:
    """Raises ValueError for a time that no lab has: far from now, a spreadsheet's clock could not show it."""
    passed = now - datetime.fromisoformat(since) if since else timedelta()
    if abs(passed) > LONGEST_AGO:
        raise ValueError(since)
    return int(passed.total_seconds() / 60)


def hardest(rows: Iterable[Row], words: Mapping[str, str], most: int = 5) -> list[Row]:
    """The steps at which most learners failed and have not passed yet: `step`, how many `learners`, and `tries`.

    Args:
        words: of each step of the course, by its path; what a lab tells beyond them is left out.
    """
    found: dict[str, list[int]] = {}
    for row in rows:
        for step, tries in row.get("failed", {}).items():
            if step in words:
                found.setdefault(step, []).append(tries)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), -sum(item[1]), item[0]))
    return [{"step": words[step], "learners": len(tries), "tries": sum(tries)} for step, tries in ordered[:most]]


def step_words(course: Course) -> dict[str, str]:
    """What the board calls each step, by its path."""
    return {
        f"{lesson.id}/{step.id}": f"aula {lesson.id[:2]}, {journey.step_words(lesson, step)}"
        for lesson in course.lessons
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
    }


def cell(text: str) -> str:
    """What a lab said, for a spreadsheet, which takes a text that begins like this for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


COLUMNS = (
    "nome",
    "passos feitos",
    "passos no total",
    "aula",
    "passo em que está",
    "tentativas nesse passo",
    "última tentativa",
    "pediu ajuda",
    "visto às",
)


def as_csv(rows: Iterable[Row], zone: tzinfo) -> str:
    """The progress as a table for a spreadsheet, with times as they are in `zone`."""
    out = io.StringIO()
    table = csv.writer(
        out, delimiter=";", quoting=csv.QUOTE_ALL
    )  # what spreadsheets in Portuguese take for a column's end
    table.writerow(COLUMNS)
    for row in rows:
        known = [row.get(name, "") for name in ("done", "total", "lesson", "title", "tries")]
        times = [_clock(row.get(name, ""), zone) for name in ("last", "help", "seen")]
        table.writerow([cell(str(one)) for one in (row["name"], *known, *times)])
    return out.getvalue()


def _clock(at: str, zone: tzinfo) -> str:
    """A time as spreadsheets read it."""
    return datetime.fromisoformat(at).astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""


LONGEST_SAID = 600
"""Letters of what a lab says to an order."""


def plain(text: str) -> str:
    """What a lab said, on one line, not too long, and without what moves a terminal's cursor."""
    lines = text[: 4 * LONGEST_SAID].strip().splitlines()
    shown = ("".join(one if one.isprintable() else " " for one in line) for line in lines)
    line = " · ".join(" ".join(words.split()) for words in shown if words.strip())
    return line if len(line) <= LONGEST_SAID else f"{line[:LONGEST_SAID]} …"

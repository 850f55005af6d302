"""What an instructor sees of a learner in a class: steps and verdicts, whether help is wanted; never what was typed.

And what the instructor says to the learner. Both are files of the state folder: a lab that starts anew has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labs.base.documents import Damaged, Typed, read, write
from labs.base.settings import Settings
from labs.course.catalog import Course, Lesson, Step
from labs.course.progress import Record
from labs.running import journey

LONGEST = 500
"""Letters of a message."""
FRESH = timedelta(hours=12)
"""How long a message or a call for help counts: those of one day of class are not the next day's."""


class Note(Typed, frozen=True):
    """A message, or a call for help. `at`: when, ISO 8601 in UTC."""

    at: str
    text: str = ""


def of(course: Course, records: Mapping[str, Record], called: Note | None) -> dict[str, Any]:
    """Where the learner is, for the board.

    Args:
        called: the learner's call for help, where one is open.

    Returns:
        `lesson`, `step` and `title` of the step that was tried last in vain, or of the next (empty where all is
        proven), how many steps are `done` of `total`, the time of the last try or proof (`last`), `tries` and verdict
        (`observed`) of that step, when `help` was called (or ""), and in `failed` the steps that were tried and not
        proven, with their tries.
    """
    rows = journey.standings(course, records)
    ahead = _here(course, records)
    path = f"{ahead[0].id}/{ahead[1].id}" if ahead else ""
    tried = records.get(path)
    return {
        "lesson": ahead[0].id if ahead else "",
        "step": ahead[1].id if ahead else "",
        "title": journey.step_words(*ahead) if ahead else "",
        "done": sum(one.done for one in rows),
        "total": sum(one.total for one in rows),
        "last": max((record.at for record in records.values()), default=""),
        "tries": tried.tries if tried else 0,
        "observed": tried.observed if tried else "",
        "help": called.at if called else "",
        "failed": {name: record.tries for name, record in records.items() if not record.passed},
    }


def _here(course: Course, records: Mapping[str, Record]) -> tuple[Lesson, Step] | None:
    """The step that was tried last, while it is not proven; else the next one."""
    steps = {f"{lesson.id}/{step.id}": (lesson, step) for lesson in course.lessons for step in journey.steps_of(lesson)}
    last = max((path for path in records if path in steps), key=lambda path: records[path].at, default="")
    return steps[last] if last and not records[last].passed else journey.go_on(course, records)


def called(settings: Settings) -> Note | None:
    """The learner's open call for help, where it is of today's class."""
    return _read(settings, "help")


def call(settings: Settings, wanted: bool) -> None:
    """Call for help, or take the call back.

    Raises:
        StateError: the state folder cannot be written.
    """
    if wanted:
        write(settings.class_folder / "help.json", Note(_now()))
    else:
        (settings.class_folder / "help.json").unlink(missing_ok=True)


def message(settings: Settings) -> Note | None:
    """What the instructor said last, where it is of today's class."""
    return _read(settings, "message")


def say(settings: Settings, text: str) -> None:
    """Leave the instructor's message; an empty one takes the last back.

    Raises:
        StateError: the state folder cannot be written.
    """
    write(settings.class_folder / "message.json", Note(_now(), " ".join(text.split())[:LONGEST]))


def _read(settings: Settings, name: str) -> Note | None:
    try:
        note = read(settings.class_folder / f"{name}.json", Note)
        return note if datetime.now(UTC) - datetime.fromisoformat(note.at) < FRESH else None
    except (Damaged, OSError, ValueError, TypeError):  # a time that is none, or has no zone
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

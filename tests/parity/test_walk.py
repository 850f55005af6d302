"""A tick means that this was done: walked in order, each check fails immediately before its command and passes after
it, and it stays unproven where all else was done but that step.

What cannot be so says why in the course's data (`given`), and opening a lesson never proves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.base.settings import Settings
from labs.course.catalog import Lesson, Step
from labs.course.progress import Progress
from labs.running.journey import steps_of
from labs.running.runner import Runner
from labs.seams.world import World
from tests.courses import LESSONS, PATHS, Pressed, Typist, pressed

WORK = {f"{lesson.id}/{step.id}": step for lesson, step in PATHS if not step.given}
"""The steps that prove work."""
COURSE = [lesson for lesson in LESSONS if not lesson.cases]
CLOSING = [f"{lesson.id}/{step.id}" for lesson in COURSE for step in lesson.steps if step.closing]
WITNESSED = ("refused", "key_refused")


def leaves(lesson: Lesson) -> Iterator[str]:
    """Steps that nothing else stands on: what only shows, a refusal, a challenge."""
    for step in steps_of(lesson):
        if step.closing:
            continue
        if step.seen or step.check.kind in WITNESSED or step is lesson.challenge:
            yield f"{lesson.id}/{step.id}"


def makers(lesson: Lesson, turn: int) -> Iterator[str]:
    """Every second of the others."""
    others = [f"{lesson.id}/{step.id}" for step in lesson.steps if not step.given and not step.closing]
    yield from sorted(set(others) - set(leaves(lesson)), key=others.index)[turn::2]


LEFT_OUT = {
    "leaves": [path for lesson in COURSE for path in leaves(lesson)],
    "odd": [path for lesson in COURSE for path in makers(lesson, 0)],
    "even": [path for lesson in COURSE for path in makers(lesson, 1)],
}


@pytest.mark.parametrize("path", WORK)
def test_typed_a_check_fails_immediately_before_its_command(typist: Typist, path: str) -> None:
    lesson_id, _, step_id = path.partition("/")
    lesson = next(lesson for lesson in LESSONS if lesson.id == lesson_id)
    before = typist.result(lesson, lesson.step(step_id)).before
    assert not before.passed, before.observed
    assert before.observed


@pytest.fixture(scope="module")
def walked(lab_homes: Path) -> Iterator[Pressed]:
    with pressed(lab_homes) as course:
        course.press(COURSE)
        yield course


def test_by_button_each_check_fails_before_and_passes_after(walked: Pressed) -> None:
    early = {path: seen.observed for path, seen in walked.before.items() if seen.passed and path in WORK}
    late = {path: seen.observed for path, seen in walked.after.items() if not seen.passed}
    assert early == {} and late == {}


@pytest.mark.parametrize("left_out", LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_was_left_out_stays_unproven(lab_homes: Path, left_out: list[str]) -> None:
    left_out = [*left_out, *CLOSING]  # the clean-up would make everything unproven
    with pressed(lab_homes, left_out) as course:
        course.press(COURSE)
        assert {path: course.after[path].observed for path in left_out if course.after[path].passed} == {}
        runner = Runner(Settings.load(course.settings.home))
        found = {path: runner.look(*path.split("/")) for path in left_out}
        assert {path: verdict.observed for path, verdict in found.items() if verdict.passed} == {}


def test_opening_all_lessons_of_a_new_lab_and_drawing_all_pictures_proves_nothing(new_lab: Settings) -> None:
    runner = Runner(new_lab)
    for lesson, step in PATHS:
        runner.look(lesson.id, step.id)
    proven = {path: record.observed for path, record in Progress(new_lab).all().items() if record.passed}
    assert proven == {}
    assert [event for event in World(new_lab).admin.events() if event["service"] != "engine"] == []


def test_what_is_given_says_why() -> None:
    given: list[Step] = [step for _, step in PATHS if step.given]
    assert given and all(not step.seen and not step.once for step in given)

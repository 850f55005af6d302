"""Button and terminal proven equal: each literal command, typed in bash, passes the check of its button.

One fresh sandbox; the steps are typed in the order of the course, so each starts from the state that the ones before
left. A step asked for alone first gets those before it typed.
"""

from __future__ import annotations

import pytest

from labs.course.catalog import Case, Lesson, Step
from labs.seams import engine_api
from labs.seams.world import World
from tests.courses import PATHS, Typist

OPEN = [(lesson, step) for lesson, step in PATHS if step.open or step is lesson.challenge]


@pytest.mark.parametrize(("lesson", "step"), PATHS, ids=[f"{lesson.id}/{step.id}" for lesson, step in PATHS])
def test_the_typed_command_passes_the_check_of_its_button(typist: Typist, lesson: Lesson, step: Step) -> None:
    typed = typist.result(lesson, step)
    assert typed.after.passed, f"$ {step.command}\n{typed.output}\n{typed.after}"
    assert "Traceback" not in typed.output
    if step.expect:
        assert any(text in typed.output for text in step.expect), typed.output
        assert typed.code != 0


def test_a_digest_is_seen_where_the_lesson_says_to_look_at_it(typist: Typist) -> None:
    """`docker image ls` with a name that Docker does not list prints no more than the head of the table."""
    lesson = next(lesson for lesson, _ in PATHS if lesson.id.startswith("01-"))
    assert "sha256:" in typist.result(lesson, lesson.step("see-digest")).output


@pytest.mark.parametrize(("lesson", "step"), OPEN, ids=[f"{lesson.id}/{step.id}" for lesson, step in OPEN])
def test_a_challenge_or_open_step_fails_unsolved(typist: Typist, lesson: Lesson, step: Step) -> None:
    """Where no command is given, nothing but the solution may pass the check."""
    before = typist.result(lesson, step).before
    assert not before.passed and before.observed


@pytest.mark.parametrize(
    ("lesson", "case"),
    [(lesson, case) for lesson, _ in PATHS[-1:] for case in lesson.cases],
    ids=lambda one: one.id,
)
def test_a_case_of_the_clinic_fails_before_it_is_repaired_in_the_terminal(
    typist: Typist, lesson: Lesson, case: Case
) -> None:
    opened, *_, repaired = (typist.result(lesson, lesson.step(name)) for name in case.steps)
    assert not opened.before.passed and opened.after.passed
    assert not repaired.before.passed and repaired.after.passed


def test_of_what_was_typed_nothing_is_left_after_the_cleanup(typist: Typist) -> None:
    typist.result(*PATHS[-1])
    output, code = typist.in_a_new_terminal("python3 -m labs.cleanup")
    assert code == 0, output
    assert set(engine_api.everything(typist.settings.engine_host)) == typist.engine_before
    deleted = {event["reference"] for event in World(typist.settings).admin.events() if "Delete" in event["reference"]}
    assert {"ecr:DeleteRepository", "iam:DeleteUser", "budgets:DeleteBudget", "hub:DeleteRepository"} <= deleted

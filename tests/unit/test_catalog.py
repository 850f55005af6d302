"""The course itself, linted both ways: everything named exists, and nothing is left over."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from labs.base.errors import CatalogError
from labs.base.settings import CLONE
from labs.course.catalog import COURSE, Lesson, Step, load_course
from labs.running.judge import check_names

LESSONS = load_course().lessons
STEPS = [pytest.param(lesson, step, id=f"{lesson.id}/{step.id}") for lesson in LESSONS for step in lesson.steps]
CHALLENGES = [pytest.param(lesson, lesson.challenge, id=lesson.id) for lesson in LESSONS if lesson.challenge]


def test_the_lessons_are_there_in_order() -> None:
    assert [lesson.id[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(11)]


@pytest.mark.parametrize(("lesson", "step"), [*STEPS, *CHALLENGES])
def test_every_step_can_be_learned_from(lesson: Lesson, step: Step) -> None:
    assert step.title and step.hint and step.command
    assert step.check.kind in check_names()
    if step.open or step is lesson.challenge:
        assert step.text
    else:
        assert step.why


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_the_parts_of_a_command_stand_in_it_in_order(lesson: Lesson, step: Step) -> None:
    position = 0
    for part in step.parts:
        found = step.command.find(part.text, position)
        assert found >= 0, f"{part.text!r} is not in {step.command!r} after position {position}"
        assert part.meaning
        position = found + len(part.text)
    assert step.parts or step.open


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_a_quiz_has_one_right_answer_and_explains_all(lesson: Lesson) -> None:
    assert 3 <= len(lesson.quiz) <= 5
    for question in lesson.quiz:
        assert sum(option.right for option in question.options) == 1
        assert all(option.because for option in question.options)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_what_a_lesson_needs_comes_earlier(lesson: Lesson) -> None:
    for path in lesson.needs:
        earlier, step = load_course().step(path)
        assert earlier.id < lesson.id and step


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_the_notebook_shows_every_step_once_and_in_order(lesson: Lesson) -> None:
    book = nbformat.read(CLONE / "notebooks" / f"{lesson.id}.ipynb", as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    shown = [cell.source.split('"')[1] for cell in code if cell.source.startswith("lab.step(")]
    assert shown == [step.id for step in lesson.steps]
    assert all(len(cell.source.splitlines()) <= 8 for cell in code)
    assert sum(cell.source.startswith("lab.quiz(") for cell in code) == 1
    assert sum(cell.source.startswith("lab.challenge(") for cell in code) == bool(lesson.challenge)


def test_no_lesson_file_or_notebook_is_stray() -> None:
    ids = {lesson.id for lesson in LESSONS}
    assert {path.stem for path in COURSE.iterdir()} == ids
    assert {path.stem for path in (CLONE / "notebooks").glob("*.ipynb")} == ids


def test_every_check_is_used() -> None:
    used = {step.check.kind for lesson in LESSONS for step in (*lesson.steps, lesson.challenge) if step}
    live = {"refusal_witnessed"}  # nobody watches the real registries (labs/course/target_words.py)
    assert used | live == set(check_names())


SEED = (
    "docker build -t widget-server:v1 .",
    "docker tag widget-server:v1 arthurgomes/widget-server:v1",
    "docker push arthurgomes/widget-server:v1",
    "docker login",
    "aws configure",
    "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin",
    "docker run -p 3000:3333 -e KEY_1=XXX -e KEY_2=YYY -d widget-server:v2",
)


@pytest.mark.parametrize("command", SEED)
def test_the_commands_that_the_course_grew_from_are_taught(command: str) -> None:
    texts = [path.read_text("utf-8") for path in (CLONE / "notebooks").glob("*.ipynb")]
    assert any(command in text for text in texts)


def test_an_unknown_lesson_or_step_says_which_exist() -> None:
    with pytest.raises(CatalogError, match="Não existe a aula"):
        load_course().lesson("99")
    with pytest.raises(CatalogError, match="não tem o passo"):
        LESSONS[0].step("nope")
    assert load_course().lesson("04").id == "04-push-docker-hub"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("id = ")
    with pytest.raises(CatalogError) as caught:
        load_course(tmp_path)
    assert "x.toml" in caught.value.observed

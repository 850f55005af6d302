"""Every card of the course, and the scripts and styles that all share."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from labs.base.settings import CLONE
from labs.cli.lessons import place
from labs.course.catalog import CheckSpec, Course, Lesson, Step, load_course
from labs.running.runner import Runner
from labs.widgets.action import StepCard, described
from labs.widgets.card import FOLDER
from labs.widgets.quiz import QuizCard

from ..fakes import FakeWorld, image
from .kit import FakeRunner, card_of

ALL = [
    (lesson, one)
    for lesson in load_course().lessons
    for one in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
]


@pytest.mark.parametrize(("lesson", "one"), ALL, ids=[f"{lesson.id}/{one.id}" for lesson, one in ALL])
def test_every_step_of_the_course_has_a_card(lesson: Lesson, one: Step, runner: FakeRunner) -> None:
    card = StepCard(lesson, one, lambda: runner)  # type: ignore[arg-type, return-value]
    text = card.text()
    assert text.startswith(
        ("Caso ", "Fim · ", "Desafio · ") if lesson.cases else ("Passo ", "Desafio · ")
    ) and text.endswith("○ Por fazer")
    json.dumps(card.card)
    if one.open or one is lesson.challenge:
        assert one.text in text and f"$ {one.command.strip()}" not in text and card.card["command"] == ""
        assert card.card["hints"] and card.card["solution"]
    else:
        assert f"$ {one.command.strip()}" in text
        at = 0
        for part, _ in card.card["parts"]:
            at = card.card["command"].find(part, at)
            assert at >= 0, f"“{part}” is not found in order"
            at += len(part)


def test_the_first_lesson_alone_says_how_a_part_is_explained() -> None:
    course = load_course()
    told = {lesson.id[:2] for lesson in course.lessons for one in lesson.steps if described(lesson, one)["idle"]}
    assert told == {"00"}


def test_a_card_offers_to_do_what_comes_before_its_step_and_gives_no_solution_away() -> None:
    course = load_course()
    offered = 0
    for lesson in course.lessons:
        for index, step in enumerate(lesson.steps):
            command = described(lesson, step)["prepare"]
            assert not (command and (step.open or step.case or index == 0))
            if command:
                assert place(course, command.removeprefix("python3 -m labs prepare ")) == (lesson, index)
                offered += 1
        assert lesson.challenge is None or not described(lesson, lesson.challenge)["prepare"]
    assert offered > 50


@pytest.mark.parametrize("lesson", load_course().lessons, ids=lambda lesson: lesson.id)
def test_every_quiz_of_the_course_has_a_card(lesson: Lesson) -> None:
    assert QuizCard(lesson.quiz, explained=True).text().startswith(f"Quiz · {len(lesson.quiz)} perguntas")


def test_a_card_over_the_real_runner(world: FakeWorld) -> None:
    one = Step("make", "Faça", "docker pull x:v1", CheckSpec("image_exists", {"ref": "x:v1"}), hint="dica")
    lesson = Lesson("00-a", "A", 1, "", (), (one,))
    runner = Runner(world.settings, world, Course((lesson,)))
    card = StepCard(lesson, one, lambda: runner)
    card.press("verify", wait=True)
    assert "✗ Ainda não: A imagem x:v1 não existe" in card.text()
    card.press("run", wait=True)
    assert card.text().splitlines()[2:] == ["abc: Pull complete", "✓ Comprovado: A imagem x:v1 existe no engine."]
    world.engine.held.append(image("b"))


def test_the_scripts_put_text_into_the_page_as_text() -> None:
    for path in FOLDER.glob("*.js"):
        source = path.read_text("utf-8")
        assert not re.search(r"outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://\w", source), path.name
        assert source.count("innerHTML") == (1 if path.name == "picture.js" else 0), path.name


def test_the_look_has_no_fixed_widths_and_no_colour_alone() -> None:
    css = (FOLDER / "card.css").read_text("utf-8")
    assert not re.search(r"[^-]width: \d{3,}px", css) and "prefers-reduced-motion" in css and ":focus-visible" in css


def test_each_card_has_ids_of_its_own(runner: FakeRunner) -> None:
    assert card_of(runner).key != card_of(runner).key


def test_the_pure_parts_do_not_load_the_widget_library() -> None:
    parts = "labs.pictures, labs.pictures.markup, labs.widgets.transcript, labs.widgets.feed, labs.secrecy.redact"
    code = f"import sys, {parts}; print(sorted({{'ipywidgets', 'anywidget'}} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

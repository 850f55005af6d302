"""Quiz answers outlive the kernel."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.course.catalog import Option, Question
from labs.course.tries import Tries, first_try
from labs.widgets.quiz import QuizCard

QUIZ = (
    Question("Qual?", (Option("a", "não"), Option("b", "sim", True))),
    Question("E agora?", (Option("c", "sim", True), Option("d", "não"))),
)


def test_answers_are_found_again_in_their_order(settings: Settings) -> None:
    Tries(settings).add("00-a", QUIZ[0], 0)
    Tries(settings).add("00-a", QUIZ[0], 1)
    Tries(settings).add("00-a", QUIZ[1], 0)
    tried = [Tries(settings).of("00-a", question) for question in QUIZ]
    assert tried == [[0, 1], [0]]
    assert first_try(QUIZ, tried) == 1


def test_an_answer_that_the_course_no_longer_has_is_dropped(settings: Settings) -> None:
    Tries(settings).add("00-a", QUIZ[0], 0)
    Tries(settings).add("00-a", QUIZ[0], 1)
    turned = Question("Qual?", (Option("b", "sim", True), Option("x", "não")))
    assert Tries(settings).of("00-a", turned) == [0]


@pytest.mark.parametrize("content", ["", "[]", '{"lessons": 3}', "\x00"])
def test_a_damaged_file_counts_as_empty_and_is_kept_aside(settings: Settings, content: str) -> None:
    (settings.home / "quiz.json").write_text(content)
    assert Tries(settings).of("00-a", QUIZ[0]) == []
    assert (settings.home / "quiz.danificado.json").read_text() == content
    Tries(settings).add("00-a", QUIZ[0], 1)
    assert Tries(settings).of("00-a", QUIZ[0]) == [1]


def test_answers_of_many_kernels_are_all_kept(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Tries(settings).add("00-a", QUIZ[0], 0), range(24)))
    stored = json.loads((settings.home / "quiz.json").read_text())
    assert len(stored["lessons"]["00-a"]["Qual?"]) == 24


def test_the_card_keeps_only_new_answers() -> None:
    kept: list[tuple[Question, int]] = []
    card = QuizCard(QUIZ, [[0], []], lambda question, option: kept.append((question, option)))
    assert card.tries == [[0], []]
    card.tries = [[0, 1], []]
    card.tries = [[0, 1], [0]]
    assert kept == [(QUIZ[0], 1), (QUIZ[1], 0)]
    assert card.text().endswith("Respondidas: 2 de 2; certas de primeira: 1")


def test_an_answer_that_cannot_be_kept_is_said() -> None:
    def refuse(_question: Question, _option: int) -> None:
        raise StateError("Não consegui gravar.", "cheio", "df -h")

    card = QuizCard(QUIZ, [], refuse)
    card.tries = [[1], []]
    assert "Não consegui gravar." in card.notice and "df -h" in card.notice

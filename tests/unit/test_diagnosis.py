"""The card of a diagnosis: what was chosen is kept, over cards and terminals."""

from __future__ import annotations

import pytest

from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.clinic import cases
from labs.course.catalog import load_course
from labs.course.tries import Tries
from labs.widgets import changes
from labs.widgets.diagnosis import DiagnosisCard

LESSON = load_course().lesson(cases.LESSON)


def test_the_card_takes_over_what_a_terminal_answered(settings: Settings) -> None:
    case = LESSON.cases[0]
    card = DiagnosisCard(case, Tries(settings))
    Tries(settings).add(case.id, case.diagnosis, 1)
    assert card.tries == []
    changes.announce()
    assert card.tries == [1]


def test_the_card_keeps_what_was_chosen_and_explains_only_where_asked(settings: Settings) -> None:
    case = LESSON.cases[0]
    card = DiagnosisCard(case, Tries(settings))
    because = case.diagnosis.options[0].because
    assert because not in card.text() and "Tentativas" not in card.text()
    for content in ({"choose": 1}, {"choose": 9}, {"choose": "x"}, "junk", {"choose": 0}):
        card._on_message(card, content, [])
    assert card.tries == [1, 0] and card.text().endswith("Tentativas: b, a")
    assert DiagnosisCard(case, Tries(settings)).tries == [1, 0]
    assert because in DiagnosisCard(case, Tries(settings), explained=True).text()


def test_a_choice_is_not_lost_where_nothing_can_be_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> list[int]:
        raise StateError("O disco está cheio.")

    card = DiagnosisCard(LESSON.cases[0], Tries(settings))
    monkeypatch.setattr(Tries, "add", full)
    card.choose(2)
    assert card.tries == [2]

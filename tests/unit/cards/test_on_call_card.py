"""The card of a shift: it calls, keeps the task in view while it is not solved, and says when it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from labs.base.events import Report
from labs.base.verdict import Verdict, failed, passed
from labs.clinic.cases import LESSON
from labs.course.catalog import load_course
from labs.running import on_call
from labs.widgets.on_call import OnCallCard

from ..fakes import FakeWorld


@pytest.fixture
def card(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> OnCallCard:
    def begin(_world: Any, _lesson: Any, say: Report, count: int) -> None:
        say(f"Chamado 1 de {count}. “Não vai.”")

    monkeypatch.setattr(on_call, "begin", begin)
    monkeypatch.setattr(on_call, "current", lambda _: on_call.Shift(("a", "b", "c"), 0.0))
    runner: Any = SimpleNamespace(settings=world.settings, world=world)
    return OnCallCard(load_course().lesson(LESSON), lambda: runner)


def log(card: OnCallCard) -> str:
    return "\n".join(card._feed.everything()["lines"])


def test_a_call_is_told_and_open(card: OnCallCard) -> None:
    assert card.text().endswith("○ Por fazer")
    card.press("run", wait=True)
    assert "“Não vai.”" in log(card) and card.text().endswith("Chamado 1 de 3 está aberto.")


@pytest.mark.parametrize(
    ("verdict", "state", "told"),
    [(failed("Falta o push.", "Leia o nome."), "failed", True), (passed("Fim do plantão."), "passed", False)],
)
def test_whether_it_is_solved(
    card: OnCallCard, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, state: str, told: bool
) -> None:
    monkeypatch.setattr(on_call, "solved", lambda *_: verdict)
    card.press("verify", wait=True)
    assert card.standing.state == state and ("“Não vai.”" in log(card)) is told

"""A verdict without a press: a trace of something typed makes the cards look again, and a look never takes back."""

from __future__ import annotations

import gc
import re
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.course.catalog import Lesson
from labs.course.progress import Progress
from labs.widgets import changes
from labs.widgets.action import StepCard
from labs.widgets.watch import Watch, traces

from .kit import FakeRunner, card_of, click, step, wait_for


class FakeCard:
    def __init__(self, path: str = "00-a/one") -> None:
        self.path = path
        self.looked = 0

    def look_again(self) -> None:
        self.looked += 1


@pytest.mark.parametrize("number", range(7))
def test_each_trace_makes_the_cards_and_the_pictures_look(settings: Settings, number: int) -> None:
    card, picture = FakeCard(), FakeCard()
    changes.listen(picture.look_again)
    watch = Watch(settings, lambda: settings)
    watch.add(card)
    path = traces(settings)[number]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n")
    wait_for(lambda: card.looked == 1 and picture.looked == 1, "they looked")


def test_a_card_shown_again_takes_its_place_and_nobody_is_kept_alive(settings: Settings) -> None:
    watch = Watch(settings, lambda: settings)
    first, kept = FakeCard(), [FakeCard()]
    watch.add(first)
    watch.add(kept[0])
    settings.typed.parent.mkdir(exist_ok=True)
    settings.typed.write_text("")
    wait_for(lambda: kept[0].looked == 1, "the newer one looked")
    assert first.looked == 0
    kept.clear()
    gc.collect()
    thread = watch._thread
    assert thread
    wait_for(lambda: not thread.is_alive(), "without a card nobody watches")


@pytest.mark.parametrize("seen", ["", "failed"])
def test_what_was_typed_shows_as_done(runner: FakeRunner, sent: list[Any], seen: str) -> None:
    card = card_of(runner)
    if seen:
        runner.verdict = Verdict(False, "nada")
        card.press("verify", wait=True)
        runner.verdict = Verdict(True, "feito")
    card.look_again()
    assert card.status["state"] == "passed" and "feito" in card.text()


def test_what_is_not_done_stays_as_it_stands(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    runner.verdict = Verdict(False, "nada")
    card.press("verify", wait=True)
    before = card.text()
    runner.verdict = Verdict(False, "outra coisa")
    card.look_again()
    assert card.text() == before


def test_a_press_that_failed_over_what_was_there_is_not_turned_green(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    runner.verdict, runner.there = Verdict(False, "O build falhou."), True
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "failed", "the step failed")
    runner.verdict = Verdict(True, "uma imagem antiga está lá")
    card.look_again()
    assert card.status["state"] == "failed"
    runner.verdict, runner.there = Verdict(False, "de novo"), False
    card.press("verify", wait=True)
    runner.verdict = Verdict(True, "feito")
    card.look_again()
    assert card.status["state"] == "passed"


@pytest.mark.parametrize("state", ["given", "holding", "passed"])
def test_a_look_again_leaves_alone(runner: FakeRunner, sent: list[Any], state: str) -> None:
    card = card_of(
        runner, step(given="só mostra") if state == "given" else step(), "visto" if state != "given" else None
    )
    if state == "holding":
        runner.verdict = Verdict(False, "Falhou.", "", holds=True)
        card.press("run", wait=True)
        runner.verdict = Verdict(True, "feito")
    before = card.text()
    card.look_again()
    assert card.text() == before


def test_a_card_says_when_what_comes_before_its_step_is_prepared(runner: FakeRunner, settings: Settings) -> None:
    """Asked for in a terminal; what was proven on another day does not count as the answer."""
    lesson = Lesson("02-build", "B", 5, "", (), (step(), step(id="two")))
    runner.progress = progress = Progress(settings)  # type: ignore[attr-defined]
    progress.record("02-build/one", passed=True, observed="ontem", seconds=1, evidence={})
    path = settings.progress_file
    path.write_text(re.sub(r"20\d\d-", "2020-", path.read_text("utf-8")), "utf-8")
    card = StepCard(lesson, lesson.steps[1], lambda: runner)  # type: ignore[arg-type, return-value]
    runner.verdict = Verdict(False, "nada")
    card.look_again()
    assert card.preparing == ""
    click(card, do="prepare")
    card.look_again()
    assert card.preparing == "written"
    progress.record("02-build/one", passed=True, observed="agora", seconds=1, evidence={})
    card.look_again()
    assert card.preparing == "done" and card.standing.state == "pending"

"""Presses of a step's buttons: each runs once, can be stopped, and ends in words."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from labs.base.errors import Interrupted, LabError, StateError
from labs.base.events import Line, Progress, Watcher
from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.widgets.feed import LOG_LINES

from .kit import FakeRunner, card_of, click, wait_for


def test_two_clicks_run_a_step_once(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    click(card, do="run", runs=0)
    click(card, do="run", runs=0)
    click(card, do="run", runs=1)
    assert card.status["state"] == "running" and card.runs == 1
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    click(card, do="run", runs=0)  # a late second click, seen only after the end
    assert runner.calls == ["run 02-build/one"]
    click(card, do="run", runs=1)
    wait_for(lambda: len(runner.calls) == 2 and card.status["state"] == "passed", "a new click runs again")


def test_many_presses_at_once_run_a_step_once(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(card.press("run"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    assert sorted(answers) == [False] * 19 + [True] and len(runner.calls) == 1


def test_the_stop_button_stops(runner: FakeRunner, sent: list[Any]) -> None:
    def hang(_watch: Watcher, cancel: threading.Event) -> None:
        assert cancel.wait(10)

    runner.act, runner.error, runner.verdict = hang, Interrupted("Parou."), Verdict(False, "Parou.")
    card = card_of(runner)
    click(card, do="run", runs=0)
    click(card, do="stop")
    wait_for(lambda: card.status["state"] == "stopped", "the step stopped")
    assert "■ Interrompido: Parou." in card.text()


def test_a_click_sent_again_runs_nothing_twice_and_learns_how_things_stand(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the step ends")
    click(card, do="run", runs=0)
    assert len(runner.calls) == 1 and {"standing": card.status} in sent


def test_a_click_is_answered_where_the_secrets_cannot_be_read(
    runner: FakeRunner, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = card_of(runner)

    def refuse() -> Any:
        raise StateError("Não consegui ler.", "ilegível", "ls -l")

    monkeypatch.setattr(card, "_redact_now", refuse)
    click(card, do="run", runs=0)
    assert card.status["state"] == "failed" and runner.calls == []
    monkeypatch.undo()
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the next click runs")


def test_verify_asks_the_state_and_runs_nothing(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    click(card, do="verify", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "verified")
    assert runner.calls == ["verify 02-build/one"]


@pytest.mark.parametrize("content", [None, [], "run", {"do": "erase"}, {"do": "run"}, {"do": "run", "runs": "0"}])
def test_messages_that_make_no_sense_do_nothing(runner: FakeRunner, content: Any, sent: list[Any]) -> None:
    card = card_of(runner)
    card._on_message(card, content, [])
    assert runner.calls == [] and card.runs == 0


@pytest.mark.parametrize(
    "error", [LabError("Não deu.", "visto", "docker ps"), RuntimeError("bug"), KeyboardInterrupt()]
)
def test_no_error_becomes_a_traceback(runner: FakeRunner, error: BaseException) -> None:
    def fail(_watch: Watcher, _cancel: threading.Event) -> None:
        raise error

    runner.act = fail
    card = card_of(runner)
    assert card.press("run", wait=True)
    assert card.status["state"] in ("failed", "stopped") and "Traceback" not in card.text()
    assert card.press("run", wait=True), "the card can be pressed again"


def test_progress_goes_out_in_few_small_messages(runner: FakeRunner, sent: list[Any]) -> None:
    def chat(watch: Watcher, _cancel: threading.Event) -> None:
        for number in range(5000):
            watch(Line(f"line {number}"))
            watch(Progress("a", "a", number, 5000))

    runner.act = chat
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    assert len(sent) < 100
    assert all(len(message["lines"]) <= LOG_LINES and len(message["bars"]) <= 1 for message in sent)
    assert sent[-1]["lines"][-1] == "line 4999"
    click(card, do="log")
    assert sent[-1]["reset"] and len(sent[-1]["lines"]) == LOG_LINES and card.logged


def test_what_a_command_said_already_is_not_said_again_by_its_error(settings: Settings) -> None:
    """Lines that vary from run to run are in the log and in no transcript; an error repeats a command's last lines."""

    def act(watch: Watcher, _: threading.Event) -> None:
        watch(Line(" ---> Running in 5ebd", detail=True))
        watch(Line("mkdirr: not found", detail=True))

    runner = FakeRunner(settings, act)
    runner.error = LabError("Falhou.", " ---> Running in 5ebd\nmkdirr: not found\nsó no erro")
    card = card_of(runner)
    card.press("run", wait=True)
    assert card._feed.everything()["lines"] == [" ---> Running in 5ebd", "mkdirr: not found", "só no erro"]

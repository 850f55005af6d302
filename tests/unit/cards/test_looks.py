"""What the state already proves when a card opens."""

from __future__ import annotations

import threading
from typing import Any

from labs.base.verdict import Verdict

from .kit import FakeRunner, card_of, click, look, step, wait_for


def test_a_step_that_the_state_proves_shows_as_done_when_its_card_opens(runner: FakeRunner) -> None:
    card = card_of(runner)
    look(card)
    assert card.status["state"] == "passed" and "feito" in card.text()
    assert runner.calls == ["look 02-build/one"]


def test_what_is_given_shows_as_such_and_not_as_done(runner: FakeRunner) -> None:
    card = card_of(runner, step(given="o comando só mostra"))
    look(card)
    assert card.status["state"] == "pending"
    assert card.status["observed"].startswith("Já é assim no seu laboratório, antes de qualquer comando: ")
    proven = card_of(runner, step(given="o comando só mostra"), recorded="visto")
    look(proven)
    assert proven.status["state"] == "passed"


def test_what_does_not_turn_green_when_it_is_typed_says_so(runner: FakeRunner) -> None:
    typed = "Digitou o comando no terminal? Aperte Verificar."
    for given, expect in (("só mostra", ()), ("só mostra", ("denied",))):
        assert typed in card_of(runner, step(given=given, expect=expect)).card["note"]
    assert typed not in card_of(runner, step(expect=("denied",))).card["note"]


def test_a_look_leaves_what_was_never_done_as_it_is(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "nada", "docker image ls")
    card = card_of(runner)
    look(card)
    assert card.text().endswith("○ Por fazer")


def test_a_look_says_when_a_proof_no_longer_holds(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "O Docker Engine não responde.", "python3 -m labs up")
    card = card_of(runner, recorded="a imagem existe")
    look(card)
    assert card.status["state"] == "pending" and card.status["repair"]
    assert "não se confirma. O Docker Engine não responde." in card.status["observed"]


def test_a_look_leaves_alone_what_a_later_step_undoes_on_purpose(runner: FakeRunner) -> None:
    card = card_of(runner, step(lasting=False), recorded="estava")
    look(card)
    assert runner.calls == [] and card.status["state"] == "passed"


def test_a_look_does_not_speak_into_a_running_step(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: "run 02-build/one" in runner.calls, "the step runs")
    look(card)
    assert card.status["state"] == "running"
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")


def test_a_look_that_breaks_is_silent(runner: FakeRunner) -> None:
    def broken() -> FakeRunner:
        raise RuntimeError("bug")

    card = card_of(runner)
    card._runner = broken  # type: ignore[assignment]
    look(card)
    assert card.text().endswith("○ Por fazer")


def test_a_failure_over_what_stands_is_amber_and_says_both(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "Não consegui construir a imagem.", "cat -n Dockerfile", holds=True)
    card = card_of(runner, recorded="a imagem existe")
    card.press("run", wait=True)
    assert card.status["state"] == "holding" and card.status["word"] == "Falhou agora"
    assert "⚠ Falhou agora: Não consegui construir a imagem.\nO que havia antes continua valendo" in card.text()
    assert "Comprovado" not in card.text() and "Próximo comando: cat -n Dockerfile" in card.text()

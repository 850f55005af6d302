"""The button of the usual repair."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import CommandError
from labs.base.events import Line
from labs.base.verdict import Verdict

from .kit import FakeRunner, card_of, click, wait_for


def test_the_usual_repair_runs_and_verifies(runner: FakeRunner, sent: list[Any]) -> None:
    runner.verdict = Verdict(False, "sem login", "docker login $HUB_REGISTRY")
    card = card_of(runner)
    card.press("run", wait=True)
    command = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
    assert card.status["repair"] and card.status["next"] == command
    runner.act = lambda watch, _cancel: watch(Line("Login Succeeded"))
    click(card, do="repair", runs=1)
    wait_for(lambda: card.status["state"] == "pending", "repaired")
    assert runner.calls[1:] == [f"repair 02-build/one: {command}"]
    assert card.status["observed"] == "Conserto feito. Agora execute o passo de novo."
    assert any("Login Succeeded" in message.get("lines", []) for message in sent)


def test_a_repair_that_is_enough_passes_the_step(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "parado", "python3 -m labs up")
    card = card_of(runner)
    card.press("run", wait=True)
    runner.verdict = Verdict(True, "feito")
    card.press("repair", wait=True)
    assert card.status["state"] == "passed"


def test_a_repair_that_fails_says_so(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "parado", "python3 -m labs up")
    card = card_of(runner)
    card.press("run", wait=True)
    runner.verdict, runner.error = Verdict(False, "Sem disco.", "df -h"), CommandError("Sem disco.")
    card.press("repair", wait=True)
    assert card.text().endswith("✗ Ainda não: O conserto falhou. Sem disco.\n  Próximo comando: df -h")
    assert not card.status["repair"]


@pytest.mark.parametrize("hint", ["docker rm -f x", "aws configure", "Olhe o ponto.", ""])
def test_without_a_usual_repair_there_is_no_button_and_no_message_runs_anything(runner: FakeRunner, hint: str) -> None:
    runner.verdict = Verdict(False, "não", hint)
    card = card_of(runner)
    card.press("run", wait=True)
    assert card.status["repair"] is False and card.status["next"] == hint
    card.press("repair", wait=True)
    assert runner.calls == ["run 02-build/one"] and card.status["state"] == "failed"

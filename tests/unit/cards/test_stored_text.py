"""The text that a notebook stores of a card."""

from __future__ import annotations

import re
from typing import Any

from labs.base.errors import CommandError, Interrupted, LabError, StepBusy
from labs.base.verdict import Verdict
from labs.running.runner import Outcome
from labs.widgets.transcript import Status, output_of, status_after, status_line

from .kit import LESSON, WIDGET, FakeRunner, card_of, step


def bundle(card: Any) -> dict[str, Any]:
    data, _ = card._repr_mimebundle_()
    return dict(data)


def test_the_bundle_is_a_view_and_a_transcript(runner: FakeRunner) -> None:
    runner.transcript = ("Step 1/1 : FROM x", "Successfully built")
    card = card_of(runner)
    assert bundle(card)["text/plain"] == "Passo 1 · Faça\n$ docker build .\n○ Por fazer"
    card.press("run", wait=True)
    data = bundle(card)
    assert set(data) == {"text/plain", WIDGET} and data[WIDGET]["model_id"] == card.model_id
    assert data["text/plain"].splitlines() == [
        "Passo 1 · Faça",
        "$ docker build .",
        "Step 1/1 : FROM x",
        "Successfully built",
        "✓ Comprovado: feito",
    ]


def test_a_recorded_step_opens_as_done(runner: FakeRunner) -> None:
    card = card_of(runner, recorded="a imagem existe")
    assert card.status["state"] == "passed" and "✓ Comprovado: a imagem existe" in card.text()
    assert runner.calls == []


def test_what_failed_says_what_was_observed_and_what_to_type(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "nada aqui", "docker image ls")
    card = card_of(runner)
    card.press("run", wait=True)
    assert card.text().endswith("✗ Ainda não: nada aqui\n  Próximo comando: docker image ls")
    assert card.status["command"] is True
    assert status_line(Status("failed", "x", "Olhe o ponto.")) == "✗ Ainda não: x\n  Dica: Olhe o ponto."


def test_a_refusal_stands_in_the_transcript_once() -> None:
    refused = CommandError("Recusado.", "  denied: no\nlast line")
    verdict = Verdict(True, "recusado, como esperado")
    outcome = Outcome(LESSON, LESSON.steps[0], verdict, 0, ("The push refers to x", "  last line"), refused)
    assert output_of(outcome) == ["The push refers to x", "  last line", "denied: no"]


def test_an_expected_refusal_is_announced(runner: FakeRunner) -> None:
    card = card_of(runner, step(expect="denied"))
    assert "Este comando deve ser recusado — é o que queremos ver." in card.text()
    assert card.card["note"]


def test_a_challenge_shows_its_task_and_not_its_solution(runner: FakeRunner) -> None:
    assert LESSON.challenge
    card = card_of(runner, LESSON.challenge)
    assert card.text() == "Desafio · Sozinho\nTente.\n○ Por fazer"
    assert card.card["command"] == "" and card.card["parts"] == [] and card.card["solution"] == "docker build ."
    card.press("run", wait=True)
    assert "docker build" not in card.text() and "✓" in card.text()


def test_a_solution_is_offered_only_where_it_says_what_the_card_does_not(runner: FakeRunner) -> None:
    assert card_of(runner).card["solution"] == ""
    assert (
        card_of(runner, step(solution="\ndocker build .\n# porque sim")).card["solution"]
        == "docker build .\n# porque sim"
    )
    assert card_of(runner, step(open=True, text="Tente.")).card["solution"] == "docker build ."


def test_endings_that_are_neither_good_nor_bad() -> None:
    def ending(error: LabError) -> Status:
        return status_after(Outcome(LESSON, LESSON.steps[0], Verdict(False, error.what), 0, (), error, ran=False))

    assert ending(Interrupted("Parou.")).state == "stopped"
    assert ending(StepBusy("Já roda.")).state == "pending"
    again = Outcome(LESSON, LESSON.steps[0], Verdict(True, "ok"), 0, ran=False)
    assert status_after(again) == Status("passed", "ok (Já estava feito: não rodei de novo.)")


def test_no_time_and_no_object_reaches_the_text(runner: FakeRunner) -> None:
    card = card_of(runner)
    card.press("run", wait=True)
    assert not re.search(r"\d+[.,]\d+ ?s\b| object at |0x[0-9a-f]+", card.text())
    assert repr(card) == card.text()

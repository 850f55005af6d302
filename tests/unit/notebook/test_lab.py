"""What a notebook calls, over fakes at the seams: opening a lesson, its steps, its quiz."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from labs.base.errors import StateError
from labs.base.settings import CLONE, Settings
from labs.notebook.lab import Kit, Lab
from labs.running.runner import Runner

from ..fakes import FakeWorld
from .kit import COURSE, texts


def test_a_notebook_gets_a_function(settings: Settings, shown: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """`from labs import lesson`, as every notebook begins."""
    from labs import lesson

    lab = lesson("00-comece-aqui")
    assert isinstance(lab, Lab) and repr(lab) == "lesson('00-comece-aqui')"
    assert capsys.readouterr().out.startswith("Aula 00 · Comece aqui · 10 min.\n")
    code = "from labs import lesson; print(lesson('x'))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert "Não existe a aula “x”" in answer.stdout and answer.stderr == ""


def test_opening_says_one_line_and_shows_nothing_else(
    open_lab: Callable[[str], Lab], shown: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    open_lab("00-a").open()
    assert capsys.readouterr().out == "Aula 00 · Começo · 5 min.\n", "the goals stand above it"
    assert shown == []


def test_what_a_lesson_needs_is_offered_and_made(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    open_lab("01-b").open()
    (card,) = shown
    assert "  - aula 00: Passo make" in card.text()
    card.press("run", wait=True)
    assert "✓ Comprovado: Tudo pronto" in card.text()
    open_lab("01-b").open()
    assert len(shown) == 1, "nothing is missing any more"


def test_a_sandbox_that_is_down_is_offered_and_started(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]
) -> None:
    world.admin.up = False
    open_lab("01-b").open()
    assert "o laboratório de pé" in shown[0].text()
    shown[0].press("run", wait=True)
    assert world.admin.up and shown[0].standing.state == "passed"


def test_a_preparation_that_fails_says_why(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    world.engine.refuse = "no space left on device"
    open_lab("01-b").open()
    assert "✗ Ainda não:" in shown[0].text() and "no space left" in shown[0].text()


def test_autorun_prepares_without_a_word(
    open_lab: Callable[[str], Lab],
    shown: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("01-b").open()
    assert shown == [] and capsys.readouterr().out.count("\n") == 1


def test_a_step_waits_for_its_button(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    open_lab("00-a").step("make")
    assert texts(shown) == ["Passo 1 · Passo make\n$ docker pull x:v1\n○ Por fazer"]
    assert world.engine.calls == []


def test_a_proven_step_opens_as_done(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    lab.step("make")
    assert shown[1].status["state"] == "passed" and "✓ Comprovado: A imagem x:v1" in shown[1].text()


def test_autorun_presses_the_button(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab = open_lab("01-b")
    lab.step("tag")
    lab.step("never")
    first, second = texts(shown)
    assert first.endswith("abc: Pull complete\n✓ Comprovado: A imagem y:v1 existe no engine.")
    assert "✗ Ainda não: A imagem never:1 não existe" in second, "and nothing is raised"


def test_autorun_solves_a_challenge_and_tidies(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab("01-b")
    lab.challenge()
    assert texts(shown) == ["Desafio · Passo challenge\nTente.\n○ Por fazer"]
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab.challenge()
    assert "✓ Comprovado" in shown[1].text()
    assert (world.settings.work / "widget-server" / "cleaned").exists()


def test_the_quiz_is_explained_in_autorun_alone(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab("01-b")
    lab.quiz()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab.quiz()
    assert "sim" not in shown[0].text() and "sim" in shown[1].text()


def test_quiz_answers_outlive_the_kernel(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_lab("01-b").quiz()
    shown[0].tries = [[1]]
    shown[0].tries = [[1, 0]]
    open_lab("01-b").quiz()
    assert shown[1].tries == [[1, 0]] and "certas de primeira: 0" in shown[1].text()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("01-b").quiz()
    assert shown[2].tries == [[]], "a stored notebook has nobody's answers"


def test_a_lesson_says_where_one_was(
    open_lab: Callable[[str], Lab], shown: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    lab.open()
    assert "Você parou na aula 01 (Depois), passo 1 · Passo tag." in capsys.readouterr().out


def test_lost_progress_is_read_anew_when_a_lesson_opens(
    open_lab: Callable[[str], Lab],
    world: FakeWorld,
    shown: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    (world.settings.home / "progress.json").unlink()
    world.admin.up = False
    lab.open()
    assert "se perdeu" not in capsys.readouterr().out, "nothing can be proven while the sandbox is down"
    world.admin.up = True
    lab.open()
    said = capsys.readouterr().out
    assert "O seu progresso gravado se perdeu. O estado de agora comprova 1 passo." in said
    assert "Nesta aula: 1 de 1 passos comprovados." in said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda lab: lab.step("nada"), "não tem o passo “nada”"),
        (lambda lab: lab.challenge(), "Esta aula não tem desafio."),
        (lambda lab: lab.registry("outro"), "Não conheço o registry “outro”."),
    ],
)
def test_what_cannot_be_done_is_text(
    call: Callable[[Lab], None],
    said: str,
    open_lab: Callable[[str], Lab],
    shown: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(open_lab("00-a"))
    assert said in capsys.readouterr().out and shown == []


def test_damaged_settings_are_text(shown: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> Settings:
        raise StateError("O arquivo está danificado.", "x", "python3 -m labs up")

    lab = Lab("00-a", Kit(load))
    lab.open()
    lab.step("make")
    lab.map()
    assert capsys.readouterr().out.count("O arquivo está danificado.") == 2
    assert "O arquivo está danificado." in shown[0].text()


def test_new_settings_make_a_new_runner(world: FakeWorld) -> None:
    current = [world.settings]
    kit = Kit(lambda: current[0], lambda settings: Runner(settings, FakeWorld(settings), COURSE))
    first = kit.runner()
    assert kit.runner() is first
    current[0] = world.settings.with_changes(hub_user="maria2026")
    assert kit.runner().settings.hub_user == "maria2026"

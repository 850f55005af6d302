"""The clinic from the terminal: the list, the diagnosis, wrong words, and what a button leaves to it."""

from __future__ import annotations

import pytest

from labs.base.errors import CommandError
from labs.base.settings import Settings
from labs.cli.main import main
from labs.clinic import cases, command
from labs.clinic.open_case import OpenCase
from labs.course.catalog import load_course
from labs.course.command_line import CommandLine
from labs.course.progress import Progress
from labs.running.commands import Context, seam_action

from .fakes import FakeWorld

LESSON = load_course().lesson(cases.LESSON)


def test_the_terminal_asks_explains_and_counts(world: FakeWorld) -> None:
    said: list[str] = []
    command.run(world, said.append, "sem-login", letter="?")
    assert said[0] == LESSON.cases[0].diagnosis.question and said[-1].endswith("--diagnose LETRA")
    said.clear()
    for letter in "aB":
        command.run(world, said.append, "sem-login", letter=letter)
    assert said[0].startswith("✗ Ainda não") and said[2].startswith("✓ Certo") and said[3].endswith("2.")
    with pytest.raises(CommandError, match="Não há a opção"):
        command.run(world, said.append, "sem-login", letter="z")


@pytest.mark.parametrize("words", [["nope"], ["nope", "--undo"]])
def test_a_wrong_case_says_which_is_right(
    settings: Settings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drill", *words], "python3 -m labs.drill") == 1
    assert capsys.readouterr().err.endswith("Próximo comando: python3 -m labs.drill\n")


@pytest.mark.parametrize("words", [["a", "b"], ["--what"]])
def test_a_wrong_command_says_how_to_see_which_is_right(
    settings: Settings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drill", *words], "python3 -m labs.drill")
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("Próximo comando: python3 -m labs.drill --help\n")


def test_a_button_leaves_what_it_does_not_know_to_the_terminals_command(world: FakeWorld) -> None:
    context = Context(world.settings, world.engine, world.cloud, world.settings.work)
    for known in ("", " sem-login", " --undo", " sem-login --undo"):
        assert seam_action(CommandLine.of(f"python3 -m labs.drill{known}").parts[0], context)
    for unknown in (" a b", " --what", " sem-login --diagnose"):
        assert seam_action(CommandLine.of(f"python3 -m labs.drill{unknown}").parts[0], context) is None


def test_the_list_marks_the_open_case(world: FakeWorld, settings: Settings) -> None:
    said: list[str] = []
    command.run(world, said.append)
    assert len(said) == len(LESSON.cases) + 1 and said[-1].startswith("Nenhum caso aberto")
    assert not any(line.startswith("✓") for line in said)
    for step in LESSON.case("maiusculas").steps:
        Progress(settings).record(f"{LESSON.id}/{step}", passed=True, observed="", seconds=0, evidence={})
    OpenCase("tag-imutavel", 0, 0, {}, 0).save(settings)
    said.clear()
    command.run(world, said.append)
    assert next(line for line in said[:-1] if line.startswith("→")).split()[1] == "9"
    assert [line.split()[1] for line in said[:-1] if line.startswith("✓")] == ["12"]


def test_help_and_errors_of_the_program(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drill", "--help"])
    assert ended.value.code == 0 and "--undo" in capsys.readouterr().out
    assert main(["drill", "nope"]) == 1 and "não tem o caso" in capsys.readouterr().err
    assert main(["drill", "sem-login"]) == 1  # no sandbox
    assert "Traceback" not in capsys.readouterr().err

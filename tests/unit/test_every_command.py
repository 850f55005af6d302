"""Every command of the kit, in both spellings: help and slips change nothing, and no error ends in a traceback.

The commands are found, not listed: from the table, and from the files that `python3 -m` can run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base.settings import CLONE
from labs.cli import main
from labs.course.catalog import load_course

LIVE = {
    "hub_user": "maria",
    "account": "123456789012",
    "region": "us-east-2",
    "email": "m@example.com",
    "start_url": "",
}
PARTS = (
    *("labs.sandbox.fetch", "labs.sandbox.gateway", "labs.sandbox.supervisor", "labs.sandbox.tunnel"),
    *("labs.jupyter.application", "labs.jupyter.keeper", "labs.jupyter.ending", "labs.classroom.board"),
)
"""Processes that the kit starts: modules that can be run, and no commands."""
GUARD = re.compile(r'^if .*__name__ == "__main__"', re.MULTILINE)
ENGLISH = re.compile(
    r"usage:|options:|arguments|show this|error|unrecognized|invalid|expected|required|choose|choice|ambiguous|version"
)
Run = Callable[[list[str]], int]
PROVEN = "{0.id}/{0.steps[0].id}".format(load_course().lessons[0])


def runnable() -> set[str]:
    """Modules that `python3 -m` starts."""
    files = [path for path in (CLONE / "labs").rglob("*.py") if GUARD.search(path.read_text("utf-8"))]
    names = [".".join(path.relative_to(CLONE).with_suffix("").parts) for path in files]
    return {name.removesuffix(".__main__") for name in names}


MODULES = sorted(runnable() - {"labs", *PARTS})


def lines(parser: argparse.ArgumentParser, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The command and each of its own verbs, as they are typed before an option."""
    yield before
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from lines(inner, (*before, name))


def least(parser: argparse.ArgumentParser) -> list[str]:
    """The fewest words that the parser takes."""
    words: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and action.required:
            name, inner = next(iter(action.choices.items()))
            return [*words, name, *least(inner)]
        if not action.option_strings and action.nargs is None:
            words.append("x")
    return words


VERBS = [line for name, command in main.VERBS.items() for line in lines(command.parser(name), ("labs", name))]
SPELLED = [(f"labs.{line[1]}", *line[2:]) for line in VERBS if f"labs.{line[1]}" in MODULES]
BOTH = [*VERBS, *SPELLED]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with things to lose."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LABS_HOME", str(folder))
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "venv"))
    monkeypatch.delenv("LABS_ENGINE", raising=False)
    record = {"passed": True, "observed": "", "at": "2026-11-24T10:00:00+00:00"}
    entry = {"event": "noted", "place": "unix:///x", "kind": "container", "name": "widget-v1", "by": "a/b"}
    for name, content in {
        "settings.json": json.dumps(
            {"hub_user": "maria", "ports": {"hub": 1, "ecr": 1, "aws": 1}, "engine_host": "unix:///x"}
        ),
        "progress.json": json.dumps({"version": 1, "steps": {PROVEN: record}}),
        "quiz.json": json.dumps({"version": 1, "lessons": {"00-comece-aqui": {"?": ["a"]}}}),
        "ledger.jsonl": json.dumps(entry) + "\n",
        "secrets/hub-token": "segredo\n",
        "secrets/clinica-caso.json": json.dumps(
            {"drill": "sem-login", "began": 0, "ready": 0, "logins": {}, "clock": 0}
        ),
        "work/widget-server/Dockerfile": "FROM scratch\n",
        "sandbox/hub/blob": "x",
        "live/target.json": json.dumps({**LIVE, "chosen": False}),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def snapshot(folder: Path) -> dict[str, object]:
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module as `python3 -m` does, in this process, which may start no other; gives the exit code."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    def module(words: list[str]) -> int:
        monkeypatch.setattr(sys, "argv", words)
        for imported in {words[0], f"{words[0]}.__main__", "labs.__main__"} - {"labs", "labs.sandbox"}:
            monkeypatch.delitem(sys.modules, imported, raising=False)  # runpy warns of what is imported already
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(words[0], run_name="__main__", alter_sys=False)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    for name in ("execve", "execv", "posix_spawn", "fork"):
        monkeypatch.setattr(os, name, refused)
    monkeypatch.setattr(subprocess.Popen, "__init__", refused)
    return module


# What there is -----------------------------------------------------------------------------------


def test_whatever_can_be_run_is_a_command_or_a_known_part() -> None:
    assert {f"labs.{name}" for name in main.VERBS} >= set(MODULES)
    assert set(PARTS) <= runnable()
    assert "labs.cleanup" in MODULES and "labs.sandbox" in MODULES


def test_every_old_spelling_enters_by_the_one_main() -> None:
    for module in MODULES:
        path = CLONE / Path(*module.split("."))
        text = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")
        name = module.rpartition(".")[2]
        by_import = f'sys.exit(main(["{name}", *sys.argv[1:]], "python3 -m {module}"))'
        by_run = f'runpy.run_module("labs", {{"PROGRAM": "python3 -m {module}"}}, "__main__")'
        assert (by_run if path.is_dir() else by_import) in text


# Help --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("line", [("labs",), *BOTH], ids=" ".join)
def test_help_is_portuguese_and_changes_nothing(
    line: tuple[str, ...], option: str, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(home)
    assert run([*line, option]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"uso: python3 -m {' '.join(line)}") and "opções:" in told.out
    assert not ENGLISH.findall(told.out.replace("--version", "").replace("--rebuild", "")) and told.err == ""
    assert snapshot(home) == before


@pytest.mark.parametrize("module", [*MODULES, *PARTS])
def test_help_of_a_module_in_a_process_of_its_own(module: str, home: Path) -> None:
    before = snapshot(home)
    command = [sys.executable, "-S", "-m", module, "--help"]  # bare Python: nothing needs to be installed for a help
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("uso: python3 -m ") or done.stdout.count("\nPróximo comando: python3 -m labs ") == 1
    assert snapshot(home) == before


# Slips -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", ["--nao-existe", "--ye", "-x"])
@pytest.mark.parametrize("line", [line for line in BOTH if line[1:] != ("test",)], ids=" ".join)
def test_an_unknown_argument_is_refused_and_changes_nothing(
    line: tuple[str, ...], slip: str, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of `test` alone the rest of the line is pytest's."""
    before = snapshot(home)
    assert run([*line, slip]) == 2
    told = capsys.readouterr()
    command = " ".join(line[: 2 if line[0] == "labs" else 1])
    assert told.err.startswith(f"uso: python3 -m {command}") and "erro:" in told.err
    assert "Próximo comando: python3 -m " in told.err and "--help" in told.err
    assert not ENGLISH.findall(told.err) and told.out == ""
    assert snapshot(home) == before


@pytest.mark.parametrize("module", PARTS)
def test_a_part_of_the_kit_is_not_started_by_hand(module: str, home: Path) -> None:
    before = snapshot(home)
    done = subprocess.run(
        [sys.executable, "-m", module, "--nao-existe"],
        cwd=CLONE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and "não se inicia à mão" in done.stdout
    assert snapshot(home) == before


def test_a_value_that_begins_with_a_minus_is_a_value(home: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (["labs", "sandbox", "clock", "-13h"], ["labs.sandbox", "spend", "-1"]):
        assert run(line) == 1
        assert "uso:" not in capsys.readouterr().err


# Errors ------------------------------------------------------------------------------------------


def broken(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> list[str]:
    """Make a command fail; gives the words that it takes."""

    def handler(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(main, "_enter_environment", lambda *_: None)
    monkeypatch.setitem(main.VERBS, name, replace(main.VERBS[name], handler=handler))
    return least(main.VERBS[name].parser(name))


ENTRIES = [*(("labs", name) for name in main.VERBS), *((module,) for module in MODULES)]


@pytest.mark.parametrize("entry", ENTRIES, ids=" ".join)
def test_an_unforeseen_error_is_portuguese_with_the_next_command(
    entry: tuple[str, ...],
    home: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = broken(monkeypatch, entry[-1].rpartition(".")[2], ValueError("Invalid isoformat string: 'ontem'"))
    assert run([*entry, *words]) == 70
    told = capsys.readouterr()
    assert "Traceback" not in told.err and told.out == ""
    assert told.err.startswith("Erro inesperado do curso") and told.err.endswith(
        "Próximo comando: python3 -m labs doctor\n"
    )
    (log,) = (home / "sandbox" / "logs").glob("erro-*.log")
    assert str(log) in told.err and "Traceback" in log.read_text("utf-8")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError()], ids=["ctrl-c", "no-answer"])
@pytest.mark.parametrize("entry", ENTRIES, ids=" ".join)
def test_an_interrupted_command_says_so(
    entry: tuple[str, ...],
    error: BaseException,
    home: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = entry[-1].rpartition(".")[2]
    words = broken(monkeypatch, name, error)
    assert run([*entry, *words]) == 130
    assert capsys.readouterr().err == f"\n{main.VERBS[name].interrupted}\n"


def test_a_reader_that_went_away_is_no_error_of_the_course(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "labs", "status"], cwd=CLONE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1


def test_a_package_that_is_not_installed_yet_is_said(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = broken(monkeypatch, "certificate", ModuleNotFoundError("No module named 'requests'"))
    assert run(["labs.certificate", *words]) == 1
    assert capsys.readouterr().err.endswith("Próximo comando: python3 -m labs start\n")


# Damaged files -----------------------------------------------------------------------------------

STEP = {"passed": True, "observed": "", "at": "2026-11-24T10:00:00+00:00"}
DAMAGED = {
    "settings.json": ["{", "[]", "null", '{"ports": 3}', '{"ports": {"hub": "abc"}}', '{"hub_user": 7, "ports": {}}'],
    "progress.json": [
        *("{", "[]", '{"steps": 3}', json.dumps({"steps": {PROVEN: {"passed": "no"}}})),
        *(
            json.dumps({"version": 1, "steps": {PROVEN: {**STEP, **one}}})
            for one in ({"at": "ontem", "began": "ontem"}, {"at": 5, "began": "x"}, {"spent": "x"}, {"spent": [1]})
        ),
    ],
    "quiz.json": ["{", "[]", '{"lessons": {"sem-login": 3}}'],
    "ledger.jsonl": ["{\n", "[]\n", '{"unknown": 1}\n', '{"event": 3, "place": 4}\n', "\x00\n"],
    "secrets/clinica-caso.json": ["{", "[]", '{"drill": 7}', '{"drill": 1, "began": "x", "ready": 0, "logins": 3}'],
    "secrets/hub-token": ["", "\x00\n"],
    "live/target.json": ["{", "[]", '{"chosen": true}', '{"chosen": true, "hub_user": 1, "account": 2, "region": 3}'],
    "live/session.json": ["{", "[]", '{"until": "x"}'],
    "docker/config.json": ["{", "[]", '{"auths": 3}'],
    "aws/credentials": ["[", "x"],
    "sandbox/supervisor.json": ["{", "[]", '{"pid": "x", "parts": 3}'],
}
READERS = {
    "settings.json": [
        "status",
        "env",
        "journey",
        "target",
        "drill",
        "reset --dry-run",
        "sandbox clock",
        "cleanup --dry-run",
    ],
    "progress.json": ["journey", "drill"],
    "quiz.json": ["drill sem-login --diagnose a"],
    "ledger.jsonl": ["env", "reset --dry-run", "cleanup --dry-run"],
    "secrets/clinica-caso.json": ["drill", "drill --undo", "cleanup --dry-run"],
    "secrets/hub-token": ["account maria"],
    "live/target.json": ["target", "target live", "target confirm", "status", "env", "journey"],
    "live/session.json": ["target", "cleanup --dry-run"],
    "docker/config.json": ["cleanup --dry-run", "drill sem-login"],
    "aws/credentials": ["cleanup --dry-run"],
    "sandbox/supervisor.json": ["status", "down"],
}


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [(name, content, line) for name in DAMAGED for content in DAMAGED[name] for line in READERS[name]],
)
def test_a_damaged_file_is_portuguese_and_never_a_traceback(
    name: str, content: str, line: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(content)
    code = main.main(line.split())
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert code in (0, 1)
    assert code == 0 or "Próximo comando: " in told.err


# Reset -------------------------------------------------------------------------------------------


def test_reset_lists_with_dry_run_whatever_else_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "ledger.jsonl").unlink()  # nothing of an engine of the learner's own, which does not answer here
    before = snapshot(home)
    assert main.main(["reset", "--dry-run", "--yes"]) == 0
    assert "progress.json" in capsys.readouterr().out
    assert snapshot(home) == before


def test_reset_that_is_broken_off_says_what_is_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the answer nothing is gone; afterwards something may be, and saying otherwise would be a lie."""

    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    (home / "ledger.jsonl").unlink()
    monkeypatch.setattr("labs.sandbox.first_day.reset", broken_off)
    assert main.main(["reset", "--yes"]) == 130
    assert capsys.readouterr().err == "\nInterrompido no meio. Próximo comando: python3 -m labs reset\n"
    monkeypatch.setattr("labs.base.apt.is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", broken_off)
    assert main.main(["reset"]) == 130
    assert capsys.readouterr().err == "\nNada foi apagado.\n"

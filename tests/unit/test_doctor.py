"""What `doctor` finds missing, which packages that means, and who decides about installing them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from labs.base import apt
from labs.base.errors import EngineUnavailable, MissingDependency
from labs.base.settings import Settings
from labs.cli import main
from labs.machine import doctor, environment, rootless, tools
from labs.sandbox import engine_choice


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_HOME", str(tmp_path))
    monkeypatch.setenv("LABS_ENGINE", "private")
    # Seconds of imports each time; `tests/sandbox/test_a_learners_machine.py` starts them.
    monkeypatch.setattr(tools, "OF_THE_ENVIRONMENT", {})


def _without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, *a, **k: None if name in missing else which(name, *a, **k))


def _finding(name: str) -> doctor.Finding:
    return next(item for item in doctor.examine() if item.name == name)


def test_every_missing_thing_has_a_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "docker", "curl", "ip", "dockerd", "docker-registry")
    missing = [item for item in doctor.examine() if not item.ok]
    assert {"docker", "curl", "ip", "engine"} <= {item.name for item in missing}
    assert all(item.next_command for item in missing)


def test_elsewhere_the_systems_own_manager_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "dockerd", "docker", "apt-get", "docker-registry")
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, *a, **k: "/usr/bin/dnf" if name == "dnf" else which(name, *a, **k)
    )
    assert "dnf install" in _finding("engine").next_command
    assert not _finding("docker-registry").ok


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert not _finding("disco").ok


def test_texts_show_the_next_command_only_for_what_is_missing() -> None:
    text = doctor.findings_text([doctor.Finding("a", True, "fine", "no"), doctor.Finding("b", False, "gone", "do it")])
    assert "Próximo comando: do it" in text and "no\n" not in text


def test_nothing_is_installed_when_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "curl")
    monkeypatch.setattr(apt, "install", _forbidden)
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(MissingDependency) as caught:
        doctor.install_missing(_ignore, agree=refuse)
    assert "curl" in asked[0] and "apt-get install" in caught.value.next_command


def test_what_is_missing_is_installed_when_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "curl")
    installed: list[str] = []

    def install(packages: list[str], say: Callable[[str], None]) -> None:
        installed.extend(packages)
        monkeypatch.undo()

    monkeypatch.setattr(apt, "install", install)
    doctor.install_missing(_ignore, agree=lambda _: True)
    assert installed == ["curl"]


def test_a_file_that_the_tests_need_brings_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A dictionary has no program to look for."""
    dictionary = tmp_path / "pt_BR.dic"
    installed: list[str] = []

    def install(packages: list[str], say: Callable[[str], None]) -> None:
        installed.extend(packages)
        dictionary.write_text("casa")

    monkeypatch.setattr(apt, "install", install)
    for _ in range(2):
        doctor.install_missing(_ignore, agree=lambda _: True, extra=((str(dictionary), "hunspell-pt-br"),))
    assert installed == ["hunspell-pt-br"]


def _forbidden(*_: object) -> None:
    raise AssertionError("must not install")


def _ignore(_: str) -> None:
    pass


@pytest.mark.parametrize(
    ("line", "terminal", "answer", "expected"),
    [
        ("up --no-install", True, "s", False),
        ("up --yes", True, "n", True),
        ("up", False, "n", True),
        ("up", True, "", True),
        ("up", True, "n", False),
    ],
)
def test_who_decides(line: str, terminal: bool, answer: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "is_terminal", lambda: terminal)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert main._agreement(main.parser().parse_args(line.split()))("Instalar agora?") is expected


def test_without_root_the_error_names_sudo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailable) as caught:
        engine_choice.choose(Settings(home=tmp_path))
    assert caught.value.next_command.startswith("sudo ")


@pytest.mark.parametrize("verb", ["start", "up", "run", "test"])
def test_a_user_without_any_engine_hears_it_before_anything_is_installed(
    verb: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "venv"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(engine_choice, "answers", lambda _: False)
    monkeypatch.setattr(apt, "install", _forbidden)
    monkeypatch.setattr(environment, "ensure", _forbidden)
    monkeypatch.setattr(rootless, "_found", lambda _: None)
    assert main.main([verb, "--yes"]) == 1
    told = "só o root pode iniciar um" if verb == "test" else "para ligar um sem ser root falta algo"
    assert told in capsys.readouterr().err
    assert not (tmp_path / "venv").exists()


def test_who_runs_the_fast_tests_alone_needs_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed: list[str] = []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(engine_choice, "answers", lambda _: False)
    monkeypatch.setattr(apt, "install", lambda packages, _: installed.extend(packages))
    monkeypatch.setattr(doctor, "SPELLING", ((str(tmp_path / "pt_BR.dic"), "hunspell-pt-br"),))
    main._install_missing(main.parser().parse_args(["test", "--fast", "--yes"]))
    assert set(installed) == {"hunspell-pt-br"}


def _programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Programs that come before the machine's own."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_program_is_started_and_not_only_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "#!/pasta com espaço/bin/python\n"
    _programs(tmp_path / "bin", monkeypatch, curl=nowhere, docker="#!/bin/sh\necho sem a biblioteca >&2; exit 127\n")
    for name, said in (("curl", "No such file or directory|not found|bad interpreter"), ("docker", "sem a biblioteca")):
        found = _finding(name)
        assert not found.ok and re.search(said, found.observed), found
        assert found.next_command
    assert _finding("bash").ok and "bash" in _finding("bash").observed


def test_a_program_is_started_as_in_the_labs_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    _programs(tmp_path / "bin", monkeypatch, docker='#!/bin/sh\necho "$DOCKER_TLS_VERIFY:${DOCKER_CONFIG##*/}"\n')
    assert _finding("docker").observed == f"{tmp_path}/bin/docker: :docker"


@pytest.mark.parametrize("works", [True, False])
def test_the_environments_own_programs_are_started(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "is_ready", lambda: True)
    asked = {"aws": ("sh", "-c", "echo aws-cli/1; echo mais" if works else "echo linha; echo quebrou >&2; exit 126")}
    monkeypatch.setattr(tools, "OF_THE_ENVIRONMENT", asked)
    found = _finding("aws")
    assert found.ok is works and found.observed == ("aws-cli/1" if works else "não roda: quebrou")
    assert found.next_command == ("" if works else f"rm -r '{environment.folder()}' && python3 -m labs start")


def test_a_program_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "SECONDS", 0.2)
    works, said = tools.answers(Settings(home=tmp_path), {"x": ("sleep", "5")})["x"]
    assert not works and "timed out" in said

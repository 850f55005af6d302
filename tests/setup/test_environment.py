"""The environment: when it is made, what it is made for, and what is said when it cannot be made."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Never

import pytest

from labs.base import apt
from labs.base.errors import LabError, MissingDependency, StateError
from labs.base.settings import CLONE
from labs.machine import environment, installer


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "venv"))
    return tmp_path / "venv"


def _pretend_made(venv: Path) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / environment.STAMP).write_text(environment.wanted_stamp())


def _never(_: str) -> Never:
    raise AssertionError("nothing to ask")


def test_a_ready_environment_costs_nothing(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_made(venv)
    monkeypatch.setattr(subprocess, "run", _never)
    monkeypatch.setattr(subprocess, "Popen", _never)
    environment.ensure(_never, agree=_never)


def test_other_requirements_make_it_stale(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_made(venv)
    assert environment.is_ready()
    (tmp_path / "requirements.txt").write_text("something==1\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert not environment.is_ready()


def test_a_failed_installation_is_told_and_the_next_one_goes_on(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(environment, "_fetching_ahead", contextlib.nullcontext)
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # no uv either
    (tmp_path / "requirements.txt").write_text(f"{tmp_path}/no-such-package.whl\n")
    with pytest.raises(LabError, match="pip"):
        environment.ensure(lambda _: None, agree=_never)
    assert not environment.is_ready()

    (tmp_path / "requirements.txt").write_text("# nothing\n")
    said: list[str] = []
    environment.ensure(said.append, agree=_never)
    assert environment.is_ready() and str(venv) in said[-1]
    assert not list(tmp_path.glob("*.lock"))


def test_no_network_is_said_with_pips_own_words(venv: Path, tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    log.write_text(
        "WARNING: Retrying ... NewConnectionError ...\nERROR: No matching distribution found for docker==7\n"
    )
    error = installer.failure(log)
    assert isinstance(error, MissingDependency)
    assert "rede" in error.what and "docker==7" in error.observed and error.next_command


def test_a_full_disk_is_named(venv: Path, tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    log.write_text("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n")
    error = installer.failure(log)
    assert isinstance(error, StateError) and "df -h" in error.next_command


def test_a_missing_venv_package_is_named_when_refused(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(apt, "has_apt", lambda: True)
    with pytest.raises(MissingDependency) as caught:
        environment._create(lambda _: None, lambda _: False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert version in caught.value.what and version in caught.value.next_command


def test_an_unwritable_place_names_labs_venv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "file" / "venv"))
    with pytest.raises(StateError) as caught:
        environment.ensure(lambda _: None, agree=_never)
    assert "LABS_VENV" in caught.value.next_command


def test_the_tests_packages_are_a_stamp_of_their_own(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_made(venv)
    assert environment.is_ready() and not environment.is_ready(tests=True)
    asked: list[Path] = []
    monkeypatch.setattr(installer, "install", lambda lock, *_: asked.append(lock))
    environment.ensure(lambda _: None, agree=_never, tests=True)
    assert asked == [environment.TEST_REQUIREMENTS] and environment.is_ready(tests=True) and environment.is_ready()


def test_an_interrupted_installation_is_not_ready(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_fetching_ahead", contextlib.nullcontext)
    monkeypatch.setattr(installer, "install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        environment.ensure(lambda _: None, agree=_never)
    assert environment.python().exists() and not environment.is_ready()


def test_what_is_fetched_beside_ends_with_a_failed_installation(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def sleeper(*_: object, **__: object) -> subprocess.Popen[bytes]:
        begun.append(popen(["sleep", "60"]))
        return begun[-1]

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", sleeper)
    with pytest.raises(MissingDependency), environment._fetching_ahead():
        raise MissingDependency("Sem rede.")
    assert begun[0].returncode is not None


def test_a_folder_that_a_path_cannot_name_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "a:b" / "venv"))
    with pytest.raises(StateError, match="separa pastas no PATH") as said:
        environment.ensure(_never, agree=_never)
    assert "a:b" in said.value.observed and said.value.next_command.startswith("mv ")


def test_inside_the_environment_no_other_folder_of_modules_comes_first(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ROS, for one, has a whole Python on PYTHONPATH."""
    _pretend_made(venv)
    monkeypatch.setenv("PYTHONPATH", "/opt/ros/lib/python3/site-packages")
    monkeypatch.setenv("PYTHONHOME", "/usr")
    started: list[dict[str, str]] = []
    monkeypatch.setattr(os, "execve", lambda program, arguments, environment: started.append(environment))
    environment.rerun_inside(["status"])
    assert started[0]["PYTHONPATH"] == str(CLONE) and "PYTHONHOME" not in started[0]

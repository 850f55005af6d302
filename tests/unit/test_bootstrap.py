"""The environment: when it is made, what it is made for, and what is said when it cannot be made."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from labs.base.errors import LabError, MissingDependency, StateError
from labs.machine import environment


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "venv"))
    return tmp_path / "venv"


def _pretend_made(venv: Path) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / environment.STAMP).write_text(environment.wanted_stamp())


def _never(_: str) -> bool:
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
    error = environment._pip_failed(log)
    assert isinstance(error, MissingDependency)
    assert "rede" in error.what and "docker==7" in error.observed and error.next_command


def test_a_full_disk_is_named(venv: Path, tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    log.write_text("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n")
    error = environment._pip_failed(log)
    assert isinstance(error, StateError) and "df -h" in error.next_command


def test_a_missing_venv_package_is_named_when_refused(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment.sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(environment.apt, "has_apt", lambda: True)
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


def test_models_become_gzip_and_stay_readable(venv: Path) -> None:
    service = venv / "lib" / "python3.11" / "site-packages" / "awscli" / "botocore" / "data" / "ecr" / "2015-09-21"
    service.mkdir(parents=True)
    (service / "service-2.json").write_text('{"metadata": {}}')
    (service.parent.parent / "endpoints.json").write_text("{}")
    environment._compress_models(lambda _: None)
    assert [path.name for path in service.iterdir()] == ["service-2.json.gz"]
    assert json.loads(gzip.decompress((service / "service-2.json.gz").read_bytes())) == {"metadata": {}}
    assert (service.parent.parent / "endpoints.json").exists()

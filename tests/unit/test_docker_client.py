"""The one place that starts the docker client: what it says where the client refuses, is missing or hangs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labs.base.errors import CommandError, MissingDependency
from labs.seams.docker_client import docker

from .fakes import FakeWorld


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `docker` whose body is this file."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def test_it_is_asked_in_the_labs_environment_and_folder(world: FakeWorld, says: Path) -> None:
    folder = world.settings.work / "widget-server"
    says.write_text('#!/bin/sh\necho "$DOCKER_CONFIG" "$PWD" "$@"; cat\n')
    told = docker(world, "tag", "a", "b", stdin="in")
    assert told == f"{world.settings.docker_config} {folder} tag a b\nin"


def test_without_the_working_folder_it_still_removes(world: FakeWorld, says: Path) -> None:
    """A clean-up must work where the learner has deleted the folder."""
    says.write_text("#!/bin/sh\necho ok\n")
    shutil.rmtree(world.settings.work)
    assert docker(world, "rm", "x") == "ok\n"


def test_what_is_gone_is_no_failure_only_where_asked(world: FakeWorld, says: Path) -> None:
    says.write_text("#!/bin/sh\necho 'Error response from daemon: No such container: x' >&2; exit 1\n")
    assert docker(world, "rm", "x", missing_ok=True) == ""
    with pytest.raises(CommandError, match=r"^O Docker não conseguiu remover\.") as caught:
        docker(world, "rm", "x", refused="O Docker não conseguiu remover.")
    assert "No such container" in caught.value.observed and caught.value.next_command


def test_a_client_that_hangs_is_given_up(world: FakeWorld, says: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says.write_text("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(CommandError, match="não respondeu a tempo"):
        docker(world, "ps", seconds=0.2)


def test_a_missing_client_is_said(says: Path, world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    says.unlink()
    monkeypatch.setenv("PATH", str(says.parent))
    with pytest.raises(MissingDependency, match="não está instalado"):
        docker(world, "ps")

"""The engine in use: the learner's own when one answers, in the docker CLI's order; never stopped by us."""

from __future__ import annotations

import hashlib
import json
import os
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from labs.base.errors import EngineUnavailable, MissingDependency
from labs.base.settings import Settings
from labs.sandbox import engine_choice


class _Engine(BaseHTTPRequestHandler):
    """Answers `/_ping` as a Docker engine does, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_ping" else 404)
        self.end_headers()
        self.wfile.write(b"OK")

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def engine() -> Iterator[Callable[[str], str]]:
    """Start a stand-in engine; returns its `DOCKER_HOST`."""
    servers = []
    with TemporaryDirectory(prefix="labs-") as folder:

        def start(name: str) -> str:
            server = socketserver.ThreadingUnixStreamServer(f"{folder}/{name}.sock", _Engine)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            servers.append(server)
            return f"unix://{folder}/{name}.sock"

        yield start
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "LABS_ENGINE", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", f"unix://{tmp_path}/no.sock")


def _context(folder: Path, name: str, host: str) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


def test_docker_host_comes_first_then_the_context_then_the_default(
    engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_variable, by_context, by_default = engine("variable"), engine("context"), engine("default")
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", by_default)
    assert engine_choice.choose(settings) == by_default
    _context(tmp_path / "docker", "mine", by_context)
    assert engine_choice.choose(settings) == by_context
    monkeypatch.setenv("DOCKER_HOST", by_variable)
    assert engine_choice.choose(settings) == by_variable


def test_a_silent_engine_is_passed_over(
    engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    _context(tmp_path / "docker", "mine", alive := engine("context"))
    assert engine_choice.choose(Settings(home=tmp_path)) == alive


def test_the_answer_is_kept_while_it_answers(
    engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = engine("kept")
    monkeypatch.setenv("DOCKER_HOST", engine("other"))
    assert engine_choice.choose(Settings(home=tmp_path, engine_host=kept)) == kept


def test_private_can_be_forced(engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine("own"))
    monkeypatch.setenv("LABS_ENGINE", "private")
    monkeypatch.setattr(engine_choice, "dockerd", lambda: "/usr/sbin/dockerd")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    settings = Settings(home=Path("/tmp/labs-short"))
    assert engine_choice.choose(settings) == settings.private_engine


@pytest.mark.parametrize(("platform", "text"), [("darwin", "Docker Desktop"), ("win32", "Docker Desktop")])
def test_other_systems_name_their_way(
    platform: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(EngineUnavailable) as caught:
        engine_choice.choose(Settings(home=tmp_path))
    assert text in caught.value.next_command


def test_a_missing_dockerd_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "dockerd", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(MissingDependency, match="dockerd") as caught:
        engine_choice.choose(Settings(home=tmp_path))
    assert "docker.io" in caught.value.next_command


def test_an_engine_that_wants_tls_is_another_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eval $(minikube docker-env)`: whatever its variables say, no docker client is asked whether it answers."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/nowhere")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    monkeypatch.setattr("labs.seams.docker_client.reaches", lambda host: True)
    assert not engine_choice.answers("tcp://127.0.0.1:9")

"""The engine in use: the learner's own when one answers, in the docker CLI's order; never stopped by us."""

from __future__ import annotations

import hashlib
import http.client
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

from labs.base.errors import EngineError, EngineUnavailable, MissingDependency
from labs.base.settings import Settings
from labs.machine import doctor
from labs.sandbox import engine_choice
from labs.seams import engine_api


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
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "LABS_ENGINE", "DOCKER_TLS_VERIFY", "DOCKER_TLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", f"unix://{tmp_path}/no.sock")


def _context(folder: Path, name: str, host: str, **more: object) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host, **more}}}))
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
    said: list[str] = []
    assert engine_choice.choose(Settings(home=tmp_path), said.append) == alive
    assert len(said) == 1 and "dead.sock" in said[0] and said[0].endswith(f"Uso {alive}.")


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


FOREIGN = {
    "ssh://maria@servidor:2222": 'ssh -nNT -p 2222 -L "$HOME/docker-remoto.sock":/var/run/docker.sock maria@servidor',
    "npipe:////./pipe/docker_engine": "npipe://",
    "fd://": "fd://",
    "http://127.0.0.1:{port}": "http://",
    "https://127.0.0.1:{port}": "https://",
    "quic://127.0.0.1:{port}": "quic://",
    "unix://docker.sock": "não é unix:///caminho",
    "tcp://127.0.0.1:{port}/base": "não é unix:///caminho",
    "tcp://maria:senha@127.0.0.1:{port}": "não é unix:///caminho",
    "tcp://127.0.0.1:muitas": "não é unix:///caminho",
    "unix:/var/run/docker.sock": "não é unix:///caminho",
}


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what anybody says there; 2375 is where a client goes that is told none."""
    heard: list[bytes] = []

    class Ear(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(100))

    connect = http.client.HTTPConnection.connect

    def told(self: http.client.HTTPConnection) -> None:
        if self.port == 2375:
            heard.append(b"2375")
        connect(self)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", told)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("named_by", ["DOCKER_HOST", "contexto mine"])
def test_what_the_kit_does_not_speak_is_said_and_never_spoken_to_in_clear(
    host: str,
    named_by: str,
    listener: tuple[int, list[bytes]],
    engine: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, heard = listener
    here = host.format(port=port)
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", by_default := engine("default"))
    if named_by == "DOCKER_HOST":
        monkeypatch.setenv("DOCKER_HOST", here)
    else:
        _context(tmp_path / "docker", "mine", here)
    said: list[str] = []
    assert engine_choice.choose(Settings(home=tmp_path), said.append) == by_default
    (words,) = said
    assert words.startswith(f"⚠ O Docker de {named_by} (") and words.endswith(f"Uso {by_default}.")
    assert FOREIGN[host] in words and not heard


@pytest.mark.parametrize("variable", ["DOCKER_TLS_VERIFY", "DOCKER_TLS"])
def test_where_tls_is_asked_for_nothing_is_sent_in_clear(
    variable: str, listener: tuple[int, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`eval $(minikube docker-env)`, and nothing else on this machine: the error says it, and so does `doctor`."""
    port, heard = listener
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailable) as caught:
        engine_choice.choose(Settings(home=tmp_path))
    assert "ele não fala TLS" in caught.value.observed and not heard
    _, finding = doctor._engine(Settings(home=tmp_path))  # where rootlesskit is at hand, an engine of the lab's own
    assert "ele não fala TLS" in finding.observed and not heard


@pytest.mark.parametrize("skipped", [True, False])
def test_a_context_with_certificates_is_tls(
    skipped: bool, listener: tuple[int, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docker/cli keeps them beside the metadata; `skip-tls-verify` is TLS too."""
    port, heard = listener
    folder = tmp_path / "docker"
    _context(folder, "mine", f"tcp://127.0.0.1:{port}", SkipTLSVerify=skipped)
    if not skipped:
        certificates = folder / "contexts" / "tls" / hashlib.sha256(b"mine").hexdigest() / "docker"
        certificates.mkdir(parents=True)
        (certificates / "ca.pem").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailable) as caught:
        engine_choice.choose(Settings(home=tmp_path))
    assert "contexto mine" in caught.value.observed and "TLS" in caught.value.observed and not heard


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("127.0.0.1:5555", "tcp://127.0.0.1:5555"),
        ("servidor", "tcp://servidor:2375"),
        ("tcp://", "tcp://127.0.0.1:2375"),
        ("tcp://:4", "tcp://127.0.0.1:4"),
        ("tcp://[::1]", "tcp://[::1]:2375"),
        ("tcp://[::1]:9", "tcp://[::1]:9"),
        (" unix:///a b#c/docker.sock ", "unix:///a b#c/docker.sock"),
        ("unix://", "unix:///var/run/docker.sock"),
    ],
)
def test_an_address_is_read_as_the_docker_client_reads_it(
    written: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docker/cli, `opts/hosts.go`: who leaves the scheme or the port out means TCP and 2375."""
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_HOST", written)
    assert next(engine_choice.learners_hosts()).host == read


def test_doctor_says_what_was_passed_over(
    engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", engine("default"))
    monkeypatch.setenv("DOCKER_HOST", "ssh://servidor")
    _, finding = doctor._engine(Settings(home=tmp_path))
    assert finding.ok and "DOCKER_HOST (ssh://servidor)" in finding.observed


def test_what_an_older_lab_wrote_down_is_not_spoken_to_either(
    listener: tuple[int, list[bytes]], engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "DEFAULT_SOCKET", by_default := engine("default"))
    old = Settings(home=tmp_path, engine_host="ssh://servidor")
    assert not engine_choice.answers(old.engine_host) and engine_choice.choose(old) == by_default
    with pytest.raises(EngineError):
        engine_api.images(old.engine_host)
    assert not listener[1]


def test_a_lab_does_not_leave_the_learners_engine_because_it_is_switched_off(
    engine: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = f"unix://{tmp_path}/off.sock"
    settings = Settings(home=tmp_path, engine_host=off)
    with pytest.raises(EngineUnavailable, match="não responde") as caught:
        engine_choice.choose(settings)
    assert off in caught.value.observed and "LABS_ENGINE=private" in caught.value.next_command
    other = engine("other")
    monkeypatch.setenv("DOCKER_HOST", other)
    assert engine_choice.choose(settings) == other, "another that the person names now is their word"
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("LABS_ENGINE", "private")
    monkeypatch.setattr(engine_choice, "_private", lambda *_: "private")
    assert engine_choice.choose(settings) == "private"

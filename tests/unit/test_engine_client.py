"""Nothing of the machine's own Docker settings reaches the engine: a login and a push with each bad file."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from labs.base.settings import Settings
from labs.seams.engine import DockerEngine

PASSWORD = base64.b64encode(b"maria:segredo").decode()
CONFIGURATIONS = {
    "a helper that was left over": {"credsStore": "desktop"},
    "a helper for one registry": {"credHelpers": {"gcr.io": "gcloud"}},
    "no base64": {"auths": {"x.example": {"auth": "%%%"}}},
    "a list": [],
    "headers that are none": {"HttpHeaders": "x"},
    "headers": {"HttpHeaders": {"X-Empresa": "segredo"}},
    "passwords": {"auths": {"registry.empresa.example": {"auth": PASSWORD}}},
    "proxies that are none": {"proxies": "x"},
    "proxies": {"proxies": {"default": {"httpProxy": "http://maria:segredo@proxy.example"}}},
}
PLACES = ("~/.docker/config.json", "~/.dockercfg", "$DOCKER_CONFIG")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True  # the client keeps its connections


class Engine:
    """Answers what the seam asks, and keeps what it was sent."""

    def __init__(self, folder: str) -> None:
        asked: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked.append((self.path, dict(self.headers), self._body()))
                if "/auth" in self.path:
                    self._say(b'{"Status": "Login Succeeded"}')
                else:
                    self._stream({"stream": "Step 1/1 : FROM x\n"}, {"aux": {"ID": "sha256:1"}})

            def do_GET(self) -> None:
                asked.append((self.path, dict(self.headers), b""))
                self._say(b'{"ApiVersion": "1.41", "Version": "20.10.24"}')

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                whole = b""
                while size := int(self.rfile.readline(), 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return whole

            def _stream(self, *messages: object) -> None:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for data in (*(json.dumps(one).encode() for one in messages), b""):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

            def _say(self, data: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def address_string(self) -> str:
                return "unix"

            def log_message(self, *_: object) -> None:
                pass

        self.asked = asked
        self.host = f"unix://{folder}/docker.sock"
        self._server = Server(f"{folder}/docker.sock", Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def last(self, path: str) -> tuple[dict[str, list[str]], dict[str, str], bytes]:
        """Query, headers and body of the last request whose path ends so."""
        target, headers, body = next(one for one in reversed(self.asked) if urlsplit(one[0]).path.endswith(path))
        return parse_qs(urlsplit(target).query), headers, body


@pytest.fixture
def engine() -> Iterator[Engine]:
    with TemporaryDirectory(prefix="labs-") as folder:
        made = Engine(folder)
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def seam(settings: Settings, engine: Engine) -> Iterator[DockerEngine]:
    made = DockerEngine(settings.with_changes(engine_host=engine.host))
    yield made
    made._client.close()


def sent(engine: Engine, path: str, header: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(engine.last(path)[1].get(header, b"e30=")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_no_file_of_the_machine_is_read(
    configuration: str,
    place: str,
    seam: DockerEngine,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "own"))
    path = tmp_path / {"~/.docker/config.json": ".docker/config.json", "~/.dockercfg": ".dockercfg"}.get(
        place, "own/config.json"
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(CONFIGURATIONS[configuration]))
    seam.login("127.0.0.1:5001", "aluno", "senha")
    assert json.loads(engine.last("/auth")[2])["username"] == "aluno"
    seam.push("127.0.0.1:5001/aluno/x:1")
    assert sent(engine, "/push", "X-Registry-Auth") == {"username": "aluno", "password": "senha"}
    assert not any("segredo" in str(headers) or "X-Empresa" in headers for _, headers, _ in engine.asked)


def test_an_engine_on_loopback_is_asked_past_the_proxy_and_without_netrc(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login maria password segredo\n")
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(dict(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ApiVersion": "1.41", "Version": "20.10.24"}')

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            host = f"tcp://127.0.0.1:{server.server_address[1]}"
            assert DockerEngine(settings.with_changes(engine_host=host)).version() == "20.10.24"
        finally:
            server.shutdown()
            thread.join()
    assert asked and not any("Authorization" in headers for headers in asked)

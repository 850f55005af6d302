"""Requests to this machine's own pages: the environment's proxy never sees them, and a refusal is an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labs.base import listening
from labs.base.events import Line
from labs.base.settings import Ports, Settings
from labs.checks import container
from labs.running.unattended import answering, approve
from labs.seams.engine import Container

from .fakes import FakeWorld

FORM = '<form action="/sso/device?a=1&amp;b=2"><input name="code" value="AB&amp;CD"></form>'
PAGES = {"/sso/device?code=AB": FORM, "/health": '{"version": "v1"}', "/": "olá"}


class Server:
    """A page on a loopback port; `asked` holds each request's line and body."""

    def __init__(self) -> None:
        asked: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                asked.append((f"{self.command} {self.path}", body))
                page = PAGES.get(self.path, "" if self.command == "POST" else None)
                self.send_response(404 if page is None else 200)
                self.end_headers()
                self.wfile.write((page or "").encode())

            do_POST = do_GET  # noqa: N815 - http.server's own name

            def log_message(self, *_: object) -> None:
                pass

        self.asked = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    made = Server()
    try:
        yield made
    finally:
        made.stop()


def test_the_approval_page_is_sent_as_a_browser_sends_it(server: Server) -> None:
    approve(f"http://127.0.0.1:{server.port}/sso/device?code=AB")
    assert server.asked == [("GET /sso/device?code=AB", ""), ("POST /sso/device?a=1&b=2", "code=AB%26CD")]


@pytest.mark.parametrize("shown", ["http://127.0.0.1:9888/", ""])
def test_a_run_without_a_person_approves_where_the_gateway_is(
    shown: str, server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address on the screen is a browser's, and may be JupyterLab's with its login."""
    monkeypatch.setenv(listening.ADDRESS, shown)
    here = settings.with_changes(ports=Ports(aws=server.port))
    answering(lambda _: None, here)(Line(f"  {shown or here.aws_endpoint + '/'}sso/device?code=AB"))
    assert server.asked[0] == ("GET /sso/device?code=AB", "")


def test_a_page_that_refuses_is_an_error(server: Server) -> None:
    with pytest.raises(OSError, match="HTTP 404"):
        approve(f"http://127.0.0.1:{server.port}/nowhere")


def running(world: FakeWorld, port: int, code: int | None = None) -> Container:
    one = Container("id", "web", "web:v1", "sha256:1", "running", code, (port,))
    world.engine.running = [one]
    return one


def test_the_containers_page_is_read(server: Server, world: FakeWorld) -> None:
    one = running(world, server.port)
    assert container.wait_for_page(world, server.port, one) == ({"version": "v1"}, "olá")


def test_a_container_that_stopped_is_not_waited_for(world: FakeWorld) -> None:
    one = running(world, 9, code=1)
    assert container.wait_for_page(world, 9, one) == ({}, "o container web parou")


def test_a_page_that_never_answers_is_told_as_last_seen(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "READY_SECONDS", 0.1)
    health, observed = container.wait_for_page(world, 9, running(world, 9))
    assert health == {} and "refused" in observed

"""Whether an engine gets to the lab's registries: it is asked itself, by a pull of a name that nobody else can know.

An engine pushes and pulls by itself, from the loopback that it has. What it says of the pull is different in every
version and store; the witness is who listens at the registry's address and sees the name come.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Collection, Iterator
from http.server import BaseHTTPRequestHandler

from labs.base.errors import EngineError, LabError, SandboxError
from labs.base.marks import REACH_NAME
from labs.base.settings import Settings
from labs.seams import engine_api
from labs.seams.gateway_admin import GatewayAdmin

ASK_SECONDS = 10.0
TLS_HANDSHAKE = b"\x16"
"""First byte of a TLS connection (RFC 8446, section 5.1)."""
IN_CLEAR_TEXT = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def why_not(settings: Settings) -> str:
    """ "" where the engine gets to the gateway of a lab that is up, else what was observed."""
    try:
        return _asked(settings.engine_host, settings.hub_registry, GatewayAdmin(settings).reached)
    except LabError as error:
        return error.observed or error.what


def require(settings: Settings, tunnelled: bool) -> None:
    """Before anything is pushed.

    Args:
        tunnelled: whether the tunnel was to bring the registries to the engine.

    Raises:
        SandboxError: the engine does not get to the gateway.
    """
    observed = why_not(settings)
    if not observed:
        return
    anew = "python3 -m labs down; python3 -m labs up"
    log = settings.sandbox / "logs" / "tunnel.log"
    whose = (
        "O engine do laboratório" if settings.has_private_engine else f"O seu engine Docker ({settings.engine_host})"
    )
    raise SandboxError(
        f"{whose} não alcança os registries do laboratório"
        f"{', nem pelo túnel' if tunnelled else ''}; sem isso nenhum push ou pull do curso funciona.",
        observed,
        f"tail -n 40 '{log}'; {anew}" if tunnelled else anew,
    )


def is_on_this_loopback(host: str, port: int) -> bool:
    """Whether an engine gets to a port of this machine's loopback, on which nobody listens yet.

    Raises:
        EngineError: it does not answer.
        SandboxError: the port is taken.
    """
    with _listening(port) as seen:
        return not _asked(host, f"127.0.0.1:{port}", seen)


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's own, which first looks its name up in the DNS."""

    allow_reuse_address = True
    daemon_threads = True


def _asked(host: str, registry: str, seen: Callable[[], Collection[str]]) -> str:
    """ "" when what was asked for came, else what the engine said."""
    name = secrets.token_hex(8)
    try:
        engine_api.pull(host, f"{registry}/{REACH_NAME}/{name}:1", ASK_SECONDS)
        observed = f"{registry} respondeu, e não é o laboratório"
    except EngineError as error:
        observed = error.observed
    return "" if name in seen() else observed


@contextlib.contextmanager
def _listening(port: int) -> Iterator[Callable[[], Collection[str]]]:
    """Stand in for the gateway; gives the names that were asked for."""
    names = set[str]()

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            # containerd's store tries TLS first, and asks in clear text once it gets an answer in clear text.
            if self.connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
                self.connection.sendall(IN_CLEAR_TEXT)
            else:
                super().handle()

        def do_GET(self) -> None:
            named = f"/v2/{REACH_NAME}/" in self.path
            if named:
                names.add(self.path.split("/")[3])
            self.send_response(404 if named else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silent."""

    try:
        server = _Server(("127.0.0.1", port), Handler)
    except OSError as error:
        what = f"A porta {port} do laboratório foi ocupada por outro programa."
        raise SandboxError(what, str(error), "python3 -m labs up") from error
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield lambda: names
        finally:
            server.shutdown()

"""Plain HTTP to a Unix socket or a loopback port: the engine's API and the registries, without a client library."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Mapping
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit


class Address(NamedTuple):
    """Where a request goes: a Unix socket's path, or host and port where that is empty."""

    path: str
    host: str = ""
    port: int = 0


def address(text: str) -> Address:
    """Read `unix:///path`, `tcp://host:port` or `http://host:port`.

    Raises:
        OSError: it is none of these. Nothing is ever sent in clear to where another way of talking was meant.
    """
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "unix" and rest.startswith("/"):
        return Address(rest)
    try:
        parts = urlsplit(text)
        more = parts.username or parts.path.strip("/") or parts.query or parts.fragment
        if scheme in ("tcp", "http") and parts.hostname and parts.port and not more:
            return Address("", parts.hostname, parts.port)
    except ValueError:
        pass
    raise OSError(f"{text}: the kit talks to unix:///path, tcp://host:port and http://host:port alone")


class Reply:
    """Status, headers and whole body of an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace").strip()

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    where: str,
    method: str,
    target: str,
    *,
    body: bytes | IO[bytes] | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
) -> Reply:
    """One request, one answer.

    Args:
        where: as `address` reads it.

    Raises:
        OSError: nobody answers there, the connection broke, or the kit does not talk that way.
    """
    at = address(where)
    connection = (
        _UnixConnection(at.path, timeout) if at.path else http.client.HTTPConnection(at.host, at.port, timeout=timeout)
    )
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()

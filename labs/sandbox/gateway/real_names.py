"""The registries by their real-life names, for the lab's own engine and its docker client.

To those two this proxy is all of the internet (`HTTPS_PROXY`). Who asks for one of the lab's names gets, over TLS, to
the gateway's own handlers; every other name is refused, in the line that clients show. The certificate is of an
authority of this lab alone, which nobody but those two trusts (`SSL_CERT_FILE`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import trustme

from labs.base.files import write_atomic
from labs.base.reference import ECR_PUBLIC
from labs.base.settings import Settings
from labs.sandbox.gateway.http import IDLE_SECONDS, log
from labs.sandbox.gateway.registries.upstream import CHUNK

HEAD_BYTES = 16 << 10
TLS_PORT = "443"
FOREIGN = "{name} não é deste laboratório, que só tem Docker Hub, ECR ({ecr}) e ECR Public"
"""A refusal's reason (RFC 9112, section 4): Go's clients tell it as their error."""


def listeners(settings: Settings) -> dict[str, str]:
    """Which of the gateway's listeners stands behind each name that the lab serves.

    The Hub's: what the clients ask for `docker.io` (docker/docker, `registry/config.go`), and where it sends them for a
    token. ECR's: of this account and region (ECR user guide, "Private registries").
    """
    hub = dict.fromkeys(("registry-1.docker.io", "index.docker.io", "docker.io", "auth.docker.io"), "hub")
    return {**hub, settings.real_ecr: "ecr", ECR_PUBLIC: "ecr_public"}


def certificate(settings: Settings) -> ssl.SSLContext:
    """What proves the names, by the lab's authority, which is made once and kept: an engine reads it when it starts.

    Raises:
        StateError: it cannot be written.
    """
    authority = _authority(settings.authority_file, settings.authority_key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*listeners(settings)).configure_cert(context)
    return context


def _authority(public: Path, key: Path) -> trustme.CA:
    with contextlib.suppress(OSError, ValueError):
        return trustme.CA.from_pem(public.read_bytes(), key.read_bytes())
    made = trustme.CA(organization_name="registry-labs", organization_unit_name="sandbox")
    write_atomic(key, made.private_key_pem.bytes().decode())
    write_atomic(public, made.cert_pem.bytes().decode())
    return made


class Proxy:
    """A CONNECT proxy (RFC 9110, section 9.3.6) in front of one TLS listener."""

    def __init__(self, settings: Settings, inner: Path) -> None:
        self._names = listeners(settings)
        self._ecr = settings.real_ecr
        self._inner = inner

    async def open(self, port: int) -> asyncio.Server:
        """Listen on loopback.

        Raises:
            OSError: the port is taken.
        """
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=HEAD_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(IDLE_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if refusal := self._refusal(head):
                log.info("refused: %s", refusal)
                writer.write(_answer(403, refusal))
                await writer.drain()
            else:
                await self._connect(reader, writer)
        writer.close()

    def _refusal(self, head: str) -> str:
        """Why a request is refused; "" where it gets through."""
        method, _, rest = head.partition(" ")
        target = rest.partition(" ")[0]
        name, _, port = target.rpartition(":")
        if method == "CONNECT" and port == TLS_PORT and name.lower() in self._names:
            return ""
        shown = name if method == "CONNECT" else target
        return FOREIGN.format(name=shown.encode("ascii", "replace").decode()[:100], ecr=self._ecr)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._inner))
        writer.write(_answer(200, "Connection established"))
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))


def _answer(status: int, reason: str) -> bytes:
    length = "" if status == 200 else "Content-Length: 0\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status} {reason}\r\n{length}\r\n".encode()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until either end hangs up; then hang up too."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

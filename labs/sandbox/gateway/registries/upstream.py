"""Streams between a client and one of the registries, without keeping a blob in memory.

Path shapes and error JSON: OCI distribution specification. The registries listen on Unix sockets and know no logins.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from labs.sandbox.gateway import http
from labs.sandbox.gateway.errors import TooLargeError, UnavailableError
from labs.sandbox.gateway.http import LAYER_BYTES, Upload, answer

CHUNK = 1 << 18
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_FULL = re.compile(rb'no space left on device|"Err":(?:28|122)\b')
"""What the registry's 500 says of a full disk: in words, or the number of the system's error (ENOSPC, EDQUOT)."""
NO_SPACE = "no space left on device in the registry's store"
REPOSITORY_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
_DIGEST = r"sha256:[0-9a-f]{64}"
DIGEST = re.compile(_DIGEST)
_ROUTE = re.compile(
    rf"/v2/(?P<name>{REPOSITORY_NAME})/(?:"
    r"(?P<uploads>blobs/uploads)/(?P<upload>[\w=.-]*)"
    rf"|blobs/(?P<blob>{_DIGEST})"
    rf"|manifests/(?P<manifest>\w[\w.-]{{0,127}}|{_DIGEST})"
    r"|(?P<tags>tags)/list"
    r"|referrers/(?P<referrers>[^/]{1,300}))",
    re.ASCII,
)
"""Stricter than the registry, which answers a tag like `md5:0` with 500."""
_HOP = frozenset(  # RFC 9110, section 7.6.1, and what aiohttp writes itself
    (
        *("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization", "host"),
        *("authorization", "cookie", "date", "server", "content-length", "expect"),
    )
)


@dataclass(frozen=True)
class Route:
    """What a /v2 request is about: `kind` is uploads, blobs, manifests, tags or referrers (of what is no digest, too:
    the specification wants 400 for that).
    """

    kind: str
    name: str
    reference: str = ""


@dataclass(frozen=True)
class Answer:
    """A registry's buffered answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def route(path: str) -> Route | None:
    """The parts of a path below /v2/; None where it is no path of the specification."""
    found = _ROUTE.fullmatch(path)
    if not found or len(found["name"]) > 255:
        return None
    kind = next(kind for kind in ("uploads", "blob", "manifest", "tags", "referrers") if found[kind])
    kinds = {"blob": "blobs", "manifest": "manifests"}
    references = (found[group] for group in ("blob", "manifest", "upload", "referrers"))
    return Route(kinds.get(kind, kind), found["name"], next(filter(None, references), ""))


def says_full(status: int, body: bytes) -> bool:
    """Whether an answer means that the disk is full. As `DENIED` it is told at once: Docker repeats a 500 for 50 s."""
    return status >= 500 and bool(_FULL.search(body))


def error(
    status: int, code: str, message: str, detail: object = None, headers: dict[str, str] | None = None
) -> web.Response:
    """An error as registries write it (distribution specification, "Error codes")."""
    content = {"errors": [{"code": code, "message": message, "detail": detail}]}
    return answer(content, status, {**VERSION, **(headers or {})})


class Upstream:
    """One registry behind its Unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._client: aiohttp.ClientSession | None = None

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                "http://registry",
                connector=aiohttp.UnixConnector(str(self._socket), limit=0, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(total=None, connect=5, sock_read=300),
                auto_decompress=False,
                read_bufsize=CHUNK,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def alive(self) -> bool:
        """Whether the registry answers `GET /v2/` soon."""
        try:
            return (await asyncio.wait_for(self.ask("GET", "/v2/"), 2)).status == 200
        except (UnavailableError, TimeoutError):
            return False

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, data: bytes = b""
    ) -> Answer:
        """A small buffered exchange: manifests, tags, deletions.

        Raises:
            UnavailableError: the registry does not answer.
        """
        try:
            async with self._session().request(method, target, headers=headers, data=data or None) as reply:
                return Answer(reply.status, reply.headers, await reply.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise UnavailableError(str(failure)) from failure

    async def forward(
        self, request: web.BaseRequest, target: str, more: Callable[[int], Mapping[str, str]] = lambda _: {}
    ) -> web.StreamResponse:
        """Pass a request on and its answer back, in both directions as it comes.

        Args:
            more: headers that the answer gets beside the registry's own, by its status.

        Raises:
            UnavailableError: the registry does not answer (and nothing was sent to the client yet).
            TooLargeError, TooSlowError: the client's body is beyond its limits.
        """
        if (request.content_length or 0) > LAYER_BYTES:
            raise TooLargeError
        # A list, not a dict: Docker sends one `Accept` line for each kind of manifest.
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in _HOP)
        if request.method == "POST":
            # The registry would read a form's fields like those of the query, past the gateway's rules for mounts.
            headers["Content-Type"] = "application/octet-stream"
        data, upload = None, Upload(request)
        if request.body_exists:
            data = upload.chunks()
            if request.content_length is not None:
                headers["Content-Length"] = str(request.content_length)
        elif request.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        try:
            reply = await self._session().request(
                request.method, target, headers=headers, data=data, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise (upload.problem or UnavailableError(str(failure))) from failure
        async with reply:
            if reply.status >= 500:
                said = await reply.content.read(CHUNK)
                if says_full(reply.status, said):
                    return error(403, "DENIED", NO_SPACE)
                return web.Response(status=reply.status, body=said, content_type="application/json")
            return await _pass_back(request, reply, more(reply.status))


async def _pass_back(
    request: web.BaseRequest, reply: aiohttp.ClientResponse, more: Mapping[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=more)
    for name, value in reply.headers.items():
        if name.lower() not in _HOP:
            response.headers[name] = value
    if "Location" in reply.headers:
        response.headers["Location"] = relocated(reply.headers["Location"], http.asked_at(request))
    if "Content-Length" in reply.headers:
        response.content_length = int(reply.headers["Content-Length"])
    await response.prepare(request)
    try:
        if request.method != "HEAD":
            async for chunk in reply.content.iter_any():
                async with asyncio.timeout(http.IDLE_SECONDS):
                    await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, TimeoutError) as failure:
        # The status is out already: only hanging up tells the client that this is not all.
        raise ConnectionResetError(str(failure)) from failure
    return response


def relocated(location: str, address: str) -> str:
    """The registry's `Location` with the address that the client used."""
    parts = urlsplit(location)
    return f"{address}{parts.path}{'?' + parts.query if parts.query else ''}"

"""Small helpers over aiohttp's low-level server: guarded handlers, limited bodies, JSON answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from aiohttp import web

from labs.sandbox.gateway.state import StorageError

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
MANIFEST_BYTES = 4 << 20  # distribution specification: registries should accept manifests of at least 4 MiB
API_BYTES = 6 << 20
FORM_BYTES = 64 << 10
log = logging.getLogger("gateway")


class TooLargeError(Exception):
    """A body beyond its limit."""


async def body(request: web.BaseRequest, limit: int) -> bytes:
    """The whole body, at most `limit` bytes.

    Raises:
        TooLargeError: it is longer.
    """
    if (request.content_length or 0) > limit:
        raise TooLargeError
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > limit:
            raise TooLargeError
    return bytes(data)


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(content, ensure_ascii=False).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def guarded(handler: Handler, hosts: Collection[str]) -> Handler:
    """Answer only requests for one of our own addresses.

    A web page of elsewhere that resolves its own name to 127.0.0.1 still sends its own `Host` (DNS rebinding).
    """

    async def guard(request: web.BaseRequest) -> web.StreamResponse:
        if request.host.lower() not in hosts:
            return answer({"errors": [{"code": "DENIED", "message": f"unknown host {request.host[:100]}"}]}, 421)
        try:
            return await handler(request)
        except TooLargeError:
            return answer({"errors": [{"code": "SIZE_INVALID", "message": "request body too large"}]}, 413)
        except StorageError as error:
            log.error("journal: %s", error)
            return answer({"errors": [{"code": "UNKNOWN", "message": "no space left on device"}]}, 500)

    return guard

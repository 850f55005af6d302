"""Small helpers over aiohttp's low-level server: guarded handlers, limited bodies, JSON answers.

Every request has a size limit and a time-out: headers 8 KiB each, 128 of them (aiohttp's own), a body as below, and
nothing may stand still for longer than `IDLE_SECONDS`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from labs.sandbox.gateway.errors import NotAnObjectError, StorageError, TooLargeError, TooSlowError

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Failure = Callable[[int, str, str], web.Response]
MANIFEST_BYTES = 4 << 20  # distribution specification: registries should accept manifests of at least 4 MiB
API_BYTES = 6 << 20
FORM_BYTES = 64 << 10
LAYER_BYTES = 10 << 30
"""Largest blob: more than any layer of a course, less than what fills a disk by mistake."""
IDLE_SECONDS = 60.0
"""How long a client may send nothing, in the middle of its headers or of a blob, or read nothing of an answer."""
BODY_SECONDS = 30.0
"""How long a small body (manifest, form, API call) may take in all."""
log = logging.getLogger("gateway")


async def body(request: web.BaseRequest, limit: int) -> bytes:
    """The whole body, at most `limit` bytes.

    Raises:
        TooLargeError: it is longer.
        TooSlowError: it takes longer than `BODY_SECONDS`.
    """
    if (request.content_length or 0) > limit:
        raise TooLargeError
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > limit:
                    raise TooLargeError
    except TimeoutError:
        raise TooSlowError from None
    return bytes(data)


async def json_object(request: web.BaseRequest) -> dict[str, Any]:
    """The small JSON object that a request carries.

    Raises:
        NotAnObjectError: its body is none.
        TooLargeError, TooSlowError: as `body`.
    """
    try:
        content = json.loads(await body(request, FORM_BYTES))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NotAnObjectError("a JSON object is needed")
    return content


class Upload:
    """A body that is passed on as it comes. `problem` is what ended it early, for the answer."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.problem: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        taken = 0
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    chunk = await self._request.content.readany()
                taken += len(chunk)
                if taken > LAYER_BYTES:
                    raise TooLargeError
            except TimeoutError:
                self.problem = TooSlowError()
                raise self.problem from None
            except Exception as failure:
                self.problem = failure
                raise
            if not chunk:
                return
            yield chunk


def asked_at(request: web.BaseRequest) -> str:
    """The address by which the client got here, as the start of a URL."""
    return f"{request.scheme}://{request.host}"


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(content).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def registry_failure(status: int, code: str, message: str) -> web.Response:
    """An error of the gateway itself as registries write it."""
    return answer({"errors": [{"code": code, "message": message, "detail": None}]}, status)


def guarded(handler: Handler, hosts: Collection[str], failure: Failure = registry_failure) -> Handler:
    """Answer only requests for one of our own addresses, and turn what no handler foresaw into the protocol's error.

    A web page of elsewhere that resolves its own name to 127.0.0.1 still sends its own `Host` (DNS rebinding), and one
    that posts a form here still sends its own `Origin` (Fetch standard, "Origin header").
    """

    async def guard(request: web.BaseRequest) -> web.StreamResponse:
        if request.host.lower() not in hosts:
            return failure(421, "DENIED", f"unknown host {request.host[:100]}")
        origin = request.headers.get("Origin")
        if origin is not None and not _is_ours(origin, hosts):
            return failure(403, "DENIED", f"requests from {origin[:100]} are not answered")
        if not request.raw_path.startswith("/"):  # absolute-form (RFC 9112) is for proxies, which we are not
            return failure(400, "UNSUPPORTED", "the request target must be a path")
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except TooLargeError:
            return failure(413, "SIZE_INVALID", "request body too large")
        except TooSlowError:
            return _closing(failure(408, "TIMEOUT", "the request body did not arrive in time"))
        except web.RequestPayloadError as error:
            return _closing(failure(400, "UNSUPPORTED", f"the request body cannot be read: {error}"[:200]))
        except StorageError as error:
            log.error("journal: %s", error)
            return failure(500, "UNKNOWN", "no space left on device")
        except ConnectionError:  # the client is gone
            raise
        except Exception:
            log.exception("unforeseen, in %s %s", request.method, request.path[:200])
            return failure(500, "UNKNOWN", "unknown error")

    return guard


def _is_ours(origin: str, hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    return parts.scheme == "http" and parts.netloc in hosts


def _closing(response: web.Response) -> web.Response:
    response.force_close()
    return response

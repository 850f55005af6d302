"""What both registries have in common below /v2/: accepting and deleting manifests, with the journal in between."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

from aiohttp import web

from labs.sandbox.gateway.errors import StorageError, UnavailableError
from labs.sandbox.gateway.http import asked_at
from labs.sandbox.gateway.memory.entries import ImageGone, ImagePut, Registry
from labs.sandbox.gateway.memory.images import Image, layer_digests
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries import manifests
from labs.sandbox.gateway.registries.upstream import (
    DIGEST,
    NO_SPACE,
    VERSION,
    Answer,
    Route,
    Upstream,
    error,
    relocated,
    says_full,
)

ACCEPT = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)


class Store:
    """A registry's manifests and what the gateway remembers of them."""

    def __init__(self, state: State, name: Registry, upstream: Upstream) -> None:
        self.state = state
        self.name = name
        self.upstream = upstream

    async def accept(self, request: web.BaseRequest, at: Route, user: str, data: bytes) -> web.StreamResponse:
        """`PUT manifests/REFERENCE`: into the registry's store, then into the journal, then the answer.

        The caller holds `state.lock`, and read `data` before: a slow client must not hold up the others.
        """
        kind = request.headers.get("Content-Type", "")
        reply = await self.put(at.name, at.reference, kind, data)
        if reply.status == 201:
            digest = digest_of(data)
            self.state.events.add(self.name, "push", repository=at.name, reference=at.reference, user=user, status=201)
            headers = {
                "Docker-Content-Digest": digest,
                **VERSION,
                "Location": relocated(f"/v2/{at.name}/manifests/{digest}", asked_at(request)),
            }
            image = self.state.images[self.name].find(at.name, digest)
            if image and image.subject:  # distribution specification, "Pushing Manifests with Subject"
                headers["OCI-Subject"] = image.subject
            return web.Response(status=201, headers=headers)
        told: dict[str, Any] = {"repository": at.name, "reference": at.reference, "user": user, **_first(reply)}
        self.state.events.add(self.name, "refused", status=reply.status, **told)
        return as_response(reply)

    async def put(self, name: str, reference: str, kind: str, data: bytes) -> Answer:
        """Store a manifest and remember it.

        Raises:
            StorageError: it could not be remembered; the store was put back where it could be.
        """
        if why := manifests.problem(data):
            return _refusal("MANIFEST_INVALID", why)
        digest, tag = digest_of(data), "" if DIGEST.fullmatch(reference) else reference
        if why := await self._lie(name, data):
            return _refusal("SIZE_INVALID", why)
        target = f"/v2/{name}/manifests/{reference or digest}"
        reply = await self.upstream.ask("PUT", target, {"Content-Type": kind}, data)
        if says_full(reply.status, reply.body):
            return _refusal("DENIED", NO_SPACE, 403)
        if reply.status != 201:
            return reply
        was_there = (before := self.state.images[self.name].get(name)) is not None and digest in before.images
        try:
            await self.state.record(ImagePut(self.name, name, tag, digest, kind, data.decode()))
        except StorageError:
            if not was_there:
                await self.upstream.ask("DELETE", f"/v2/{name}/manifests/{digest}")
            raise
        return reply

    async def _lie(self, name: str, data: bytes) -> str:
        """A size that a manifest declares and its blob does not have: the registry asks only whether the blob is there.

        Missing blobs are left to the registry, which has its own answer for them.
        """

        async def compare(digest: str, size: int) -> str:
            reply = await self.upstream.ask("HEAD", f"/v2/{name}/blobs/{digest}")
            there = reply.headers.get("Content-Length") if reply.status == 200 else None
            return f"{digest} has {there} bytes, not {size}" if there not in (None, str(size)) else ""

        lies = await asyncio.gather(*(compare(digest, size) for digest, size in manifests.blobs(data)))
        return next(filter(None, lies), "")

    async def remove(self, name: str, images: list[Image], tags: list[str]) -> None:
        """Forget images (with all their tags) and single tags, and delete the manifests from the store."""
        digests = [image.digest for image in images]
        await self.state.record(ImageGone(self.name, name, tuple(digests), tuple(tags)))
        for digest in digests:
            await self.upstream.ask("DELETE", f"/v2/{name}/manifests/{digest}")

    async def empty(self, name: str, images: list[Image]) -> None:
        """Delete a whole repository from the store: manifests, and its links to the blobs."""
        blobs: set[str] = set()
        for image in images:
            blobs |= layer_digests(image.manifest)
            await self.upstream.ask("DELETE", f"/v2/{name}/manifests/{image.digest}")
        for digest in blobs:
            await self.upstream.ask("DELETE", f"/v2/{name}/blobs/{digest}")

    async def reconcile(self, names: list[str]) -> None:
        """Make the memory agree with the store after a start: what was stored but never answered, what vanished.

        Raises:
            UnavailableError: the registry does not answer.
        """
        images = self.state.images[self.name]
        for name in names:
            known = images.get(name)
            gone = [digest for digest in (known.images if known else ()) if not await self._has(name, digest)]
            if gone:
                await self.state.record(ImageGone(self.name, name, tuple(gone), ()))
            for tag in await self._tags(name):
                await self._adopt(name, tag)

    async def catalog(self) -> list[str]:
        """All repositories of the store (distribution's API, "Listing Repositories": so many in an answer).

        Raises:
            UnavailableError: the registry does not answer.
        """
        reply = await self.upstream.ask("GET", "/v2/_catalog?n=1000")
        return list(json.loads(reply.body)["repositories"] or ()) if reply.status == 200 else []

    async def _has(self, name: str, digest: str) -> bool:
        reply = await self.upstream.ask("HEAD", f"/v2/{name}/manifests/{digest}", {"Accept": ACCEPT})
        return reply.status != 404

    async def _tags(self, name: str) -> list[str]:
        reply = await self.upstream.ask("GET", f"/v2/{name}/tags/list")
        return list(json.loads(reply.body).get("tags") or ()) if reply.status == 200 else []

    async def _adopt(self, name: str, tag: str) -> None:
        reply = await self.upstream.ask("GET", f"/v2/{name}/manifests/{tag}", {"Accept": ACCEPT})
        digest = digest_of(reply.body)
        if reply.status == 200 and digest not in self.state.images[self.name].heard.get(name, set()):
            kind, manifest = reply.headers.get("Content-Type", ""), reply.body.decode(errors="replace")
            await self.state.record(ImagePut(self.name, name, tag, digest, kind, manifest))


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def as_response(reply: Answer) -> web.Response:
    headers = {"Content-Type": reply.headers.get("Content-Type", "application/json")}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _refusal(code: str, message: str, status: int = 400) -> Answer:
    content = {"errors": [{"code": code, "message": message, "detail": None}]}
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


def _first(reply: Answer) -> dict[str, str]:
    try:
        first = json.loads(reply.body)["errors"][0]
        return {"code": str(first.get("code", "")), "message": str(first.get("message", ""))}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {"code": str(reply.status), "message": ""}


def unavailable(failure: UnavailableError) -> web.Response:
    return error(503, "UNAVAILABLE", f"registry storage does not answer: {failure}"[:200])

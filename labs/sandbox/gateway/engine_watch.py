"""The engine's events beside the gateway's own: what was started, removed or given a name leaves a trace that a check
can read later.

Only what comes of widget-server's images is told: the engine may be the learner's own. The engine keeps its last 256
events (Docker Engine API, "Monitor events"), so that nothing is missed while the gateway is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from labs.base.marks import APP, TITLE_LABEL
from labs.sandbox.gateway.memory.access_log import Events

FILTERS = json.dumps({"type": ["container", "image"], "event": ["create", "start", "die", "destroy", "tag", "pull"]})
OURS = re.compile(rf"(^|/){APP}([:@]|$)")
CLOCK = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
"""RFC 3339, as Go writes it."""
APP_ENV = "APP_ENV"
"""The one variable of a container that is noted: widget-server's environment, which is no secret."""
AGAIN_SECONDS = 1.0
"""Between two tries to reach the engine."""


async def follow(host: str, events: Events) -> None:
    """Tell the engine's events until cancelled.

    Args:
        host: the engine's `DOCKER_HOST`; over ssh or TLS it is not watched.
    """
    address = urlsplit(host)
    if address.scheme not in ("unix", "tcp", "http"):
        return
    connector = aiohttp.UnixConnector(address.path) if address.scheme == "unix" else None
    where = "http://engine" if address.scheme == "unix" else f"http://{address.netloc}"
    waits = aiohttp.ClientTimeout(total=None, sock_connect=10)
    async with aiohttp.ClientSession(connector=connector, timeout=waits, trust_env=False) as session:
        born, given = 0, dict[str, str]()
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, ValueError):
                # What the engine saw before this lab began is nobody's work here: it may be the learner's own engine.
                born = born or events.engine_moment or await _now(session, where)
                async for event in _stream(session, where, max(born, events.engine_moment)):
                    if event.get("Action") == "create" and _of_the_app(event):
                        given[_id(event)] = await _app_env(session, where, _id(event))
                    tell(event, events, given)
                    if event.get("Action") == "destroy":
                        given.pop(_id(event), None)
            await asyncio.sleep(AGAIN_SECONDS)


async def _stream(session: aiohttp.ClientSession, where: str, since: int) -> AsyncIterator[dict[str, Any]]:
    """What the engine still knows after a moment (nanoseconds since 1970), and then what comes."""
    asked = {"filters": FILTERS, "since": f"{since // 10**9}.{since % 10**9:09d}"}
    async with session.get(f"{where}/events", params=asked) as reply:
        async for line in reply.content:
            event: dict[str, Any] = json.loads(line)
            if int(event.get("timeNano", 0)) > since:
                yield event


async def _now(session: aiohttp.ClientSession, where: str) -> int:
    """The engine's own clock (Docker Engine API, "Get system information"): nanoseconds since 1970.

    Raises:
        ValueError: it says no time.
        aiohttp.ClientError, OSError: it does not answer.
    """
    async with session.get(f"{where}/info") as reply:
        told = str((await reply.json()).get("SystemTime", ""))
    found = CLOCK.fullmatch(told)
    if not found:
        raise ValueError(f"SystemTime: {told}")
    whole, fraction, zone = found.groups()
    return int(datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp()) * 10**9 + int(
        (fraction or "0").ljust(9, "0")[:9]
    )


async def _app_env(session: aiohttp.ClientSession, where: str, container: str) -> str:
    """The `APP_ENV` of a container just made; empty where it has none, or is gone already."""
    async with session.get(f"{where}/containers/{container}/json") as reply:
        config = (await reply.json()).get("Config") or {}
    values = (pair.partition("=") for pair in config.get("Env") or ())
    return next((value for name, _, value in values if name == APP_ENV), "")


def tell(event: dict[str, Any], events: Events, given: Mapping[str, str]) -> None:
    """Note one event of the engine, where it is of an image or a container of widget-server.

    `repository` is the image as it was named, `reference` the container's or the new name, `subject` the id (of
    what was pulled, the name that was asked for), `code` a container's exit code, `message` the engine's own moment.

    Args:
        given: each container's `APP_ENV`, by its id: one that ran is often gone before anybody could ask.
    """
    if not _of_the_app(event):
        return
    attributes = _attributes(event)
    events.add(
        "engine",
        f"{event.get('Type')}-{event.get('Action')}",
        repository=str(attributes.get("image", "")),
        reference=_familiar(str(attributes.get("name", ""))),
        code=str(attributes.get("exitCode", "")),
        subject=_id(event),
        app_env=given.get(_id(event), ""),
        message=str(event.get("timeNano", 0)),
    )


def _familiar(name: str) -> str:
    """A name as people write it: containerd's store says Docker Hub's in full."""
    return name.removeprefix("docker.io/").removeprefix("library/")


def _of_the_app(event: Mapping[str, Any]) -> bool:
    attributes = _attributes(event)
    named = (attributes.get("image"), attributes.get("name"), _id(event))
    return attributes.get(TITLE_LABEL) == APP or any(OURS.search(str(name or "")) for name in named)


def _attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    return (event.get("Actor") or {}).get("Attributes") or {}


def _id(event: Mapping[str, Any]) -> str:
    return str((event.get("Actor") or {}).get("ID", ""))

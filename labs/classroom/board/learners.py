"""What the board knows of a class, asked of the hub and of each learner's server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from labs.base.documents import Damaged, Typed, read, write
from labs.base.errors import StateError
from labs.classroom.accounts import TEACHER
from labs.classroom.board.requests import Refused, Requests
from labs.classroom.board.rows import Row, Situation, plain, shown
from labs.classroom.board.tokens import Tokens

SECONDS = 10.0
PATIENCE = 2.0
"""Seconds that the page waits for labs: who answers later is seen at the next look, and costs nobody else's row."""
KNOWN = timedelta(seconds=20)
"""How long what a lab said counts as what it says."""
ORDER_SECONDS, MESSAGE_SECONDS = 600.0, 15.0
"""How long a lab may take to prepare or undo a lesson, or for a certificate; and for what is `QUICK`."""
QUICK = {"message", "helped"}
WRITE_EVERY = 10.0
"""Seconds between two times that what was seen is written down."""
CLOSED = "o laboratório está fechado"
T = TypeVar("T")


class Server(Typed, frozen=True, forbid_unknown_fields=False):
    """A learner's server in the hub's answer (jupyterhub.readthedocs.io, REST API, `GET /users`)."""

    ready: bool = False
    started: str | None = None


class User(Typed, frozen=True, forbid_unknown_fields=False):
    """A person in the hub's answer; `servers` has those that are starting too."""

    name: str
    servers: dict[str, Server] = msgspec.field(default_factory=dict)


class Answer(Typed, frozen=True):
    """Of a learner's lab to an order: whether it was `done`, what was `said`, and the `page` of a certificate."""

    done: bool
    said: str
    page: str = ""


class Seen(Typed, frozen=True):
    """What a lab said last, and when."""

    told: Situation
    at: datetime


def _now() -> datetime:
    return datetime.now(UTC)


def _remembered(memory: Path | None) -> dict[str, Seen]:
    try:
        return read(memory, dict[str, Seen]) if memory else {}
    except (Damaged, OSError):  # nothing was seen yet; or all is asked again when labs open
        return {}


class Learners:
    """The hub's API with the service's token, and each learner's server with a token of that learner."""

    def __init__(
        self,
        hub: str,
        servers: str,
        token: str,
        host: Callable[[str], str] | None = None,
        clock: Callable[[], datetime] = _now,
        memory: Path | None = None,
    ) -> None:
        """`hub`: the API's address; `servers`: the proxy's, without a slash at its end; `host`: of a learner's server,
        by name, where each has one of its own; `memory`: a file for what was seen, which outlives this process.
        """
        self._hub, self._servers, self._token, self._host, self._clock = hub, servers, token, host, clock
        self._asking, self._ordering = Requests(), Requests()
        self._tokens = Tokens(self._asking, hub, token)
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._memory, self._written = memory, -WRITE_EVERY
        self._seen = _remembered(memory)

    async def rows(self) -> list[Row]:
        """Everybody but the teacher, by name.

        Raises:
            OSError: the hub does not answer.
        """
        asked = self._asking.ask(f"{self._hub}/users", list[User], token=self._token, seconds=SECONDS)
        users = sorted((user for user in await asked if user.name != TEACHER), key=lambda user: user.name)
        await self._look([user.name for user in users if user.servers.get("", Server()).ready])
        self._remember()
        return [self._row(user.name, user.servers.get("")) for user in users]

    def _remember(self) -> None:
        if self._memory and time.monotonic() - self._written > WRITE_EVERY:
            self._written = time.monotonic()
            with contextlib.suppress(StateError):  # a full disk costs the memory and not the table
                write(self._memory, self._seen)

    async def _look(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._reading:
                self._reading[name] = asyncio.create_task(self._read(name))
        if names:
            await asyncio.wait([self._reading[name] for name in names], timeout=PATIENCE)

    async def _read(self, name: str) -> None:
        try:
            told = await self._of_lab(self._asking, name, "situacao", SECONDS, Situation)
            shown(told, self._clock())
            self._seen[name] = Seen(told, self._clock())
        except (OSError, ValueError, TypeError):
            pass  # it does not answer, or not as a lab does: what it said before is shown, with its time
        finally:
            del self._reading[name]

    def _row(self, name: str, server: Server | None) -> Row:
        now, seen, is_open = self._clock(), self._seen.get(name), server is not None and server.ready
        known = is_open and seen is not None and now - seen.at <= KNOWN
        row: Row = {"name": name, "open": is_open, "starting": server is not None and not is_open, "known": known}
        try:
            told = shown(seen.told, now, (server and server.started) or "") if seen else None
        except (ValueError, TypeError):  # a time that a lab could have a moment ago
            told = None
        if seen is None or told is None:
            return {**row, "known": False, "seen": ""}
        return {**row, "seen": seen.at.isoformat(), **told, "stuck": told["stuck"] and known}

    async def order(self, names: Sequence[str], order: Mapping[str, str]) -> dict[str, str]:
        """Have something done in these labs; what went wrong, by name."""
        answers = await asyncio.gather(*(self._order(name, order) for name in names))
        return {name: said for name, said in zip(names, answers, strict=True) if said}

    async def certificate(self, name: str) -> Answer:
        """Have a lab prove all and issue a certificate on its learner's login name; what it says is not verified here.

        Raises:
            OSError: no answer came, or none that a lab gives.
        """
        return await self._answer(name, {"certificate": name})

    async def _order(self, name: str, order: Mapping[str, str]) -> str:
        try:
            answer = await self._answer(name, order, MESSAGE_SECONDS if order.keys() & QUICK else ORDER_SECONDS)
        except Refused as error:
            return CLOSED if error.status in (403, 404, 424, 503) else f"o laboratório recusou: {error}"
        except OSError as error:
            return f"o laboratório não responde: {error}"
        return "" if answer.done else plain(answer.said) or "o laboratório não disse por quê"

    async def _answer(self, name: str, order: Mapping[str, str], seconds: float = ORDER_SECONDS) -> Answer:
        return await self._of_lab(self._ordering, name, "pedido", seconds, Answer, order)

    async def _of_lab(
        self, requests: Requests, name: str, what: str, seconds: float, kind: type[T], content: Any = None
    ) -> T:
        """Raises OSError where no answer came, or none that a lab gives."""
        host = self._host(name) if self._host else ""
        url, token = f"{self._servers}/user/{name}/turma/{what}", await self._tokens.of(name)
        try:
            return await requests.ask(url, kind, token=token, seconds=seconds, host=host, content=content)
        except Refused as error:
            if error.status in (302, 403):  # to the login page, or nowhere
                self._tokens.refused(name)
            raise

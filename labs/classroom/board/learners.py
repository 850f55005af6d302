"""What the board knows of a class, asked of the hub and of each learner's server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import asdict
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from labs.base.documents import Typed, decode
from labs.classroom.accounts import TEACHER

SECONDS = 10.0
MOST_BYTES = 500_000
"""Of an answer: six certificates' worth. A learner decides what the own lab answers."""
ORDER_SECONDS = 600.0
MOST_AT_ONCE = 200
"""Requests: who waits for a lesson to be prepared in thirty labs still sees where everybody is."""
STUCK_MINUTES, STUCK_TRIES = 10, 3
"""A learner with a lab open who did nothing for so long, or whose next step failed so often, is stuck."""
Row = dict[str, Any]
T = TypeVar("T")


class Situation(Typed, frozen=True):
    """Where a learner is, as `labs/running/situation.py` tells it; whoever is root in a lab may tell something else."""

    lesson: str
    step: str
    title: str
    done: int
    total: int
    last: str
    tries: int
    observed: str
    help: str
    failed: dict[str, int]


class Answer(Typed, frozen=True):
    """Of a learner's lab to an order: whether it was `done`, what was `said`, and the `page` of a certificate."""

    done: bool
    said: str
    page: str = ""


class Learners:
    """The hub's API and the learners' servers, with the service's token."""

    def __init__(self, hub: str, servers: str, token: str) -> None:
        """`hub`: the API's address; `servers`: the proxy's, without a slash at its end."""
        self._hub, self._servers = hub, servers
        self._headers = {"Authorization": f"token {token}"}
        self._client = AsyncHTTPClient(force_instance=True, max_clients=MOST_AT_ONCE, max_body_size=MOST_BYTES)

    async def rows(self, now: datetime) -> list[Row]:
        """Everybody but the teacher, by name.

        Raises:
            OSError: the hub does not answer.
        """
        users: Any = await self._get(f"{self._hub}/users", SECONDS, Any)
        names = sorted(user["name"] for user in users if user["name"] != TEACHER)
        open_ones = {user["name"] for user in users if user["servers"] or user.get("server")}
        return list(await asyncio.gather(*(self._row(name, name in open_ones, now) for name in names)))

    async def _row(self, name: str, is_open: bool, now: datetime) -> Row:
        row: Row = {"name": name, "open": is_open, "known": False}
        if not is_open:
            return row
        try:
            told = asdict(await self._get(f"{self._servers}/user/{name}/turma/situacao", SECONDS, Situation))
            return {**row, **told, "known": True, **judged(told, now)}
        except (
            OSError,
            ValueError,
            TypeError,
        ):  # it does not answer, or not as a lab does: no time, one without a zone
            return row

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
            answer = await self._answer(name, order)
        except OSError as error:
            return f"o laboratório não responde: {error}"
        return "" if answer.done else answer.said

    async def _answer(self, name: str, order: Mapping[str, str]) -> Answer:
        url = f"{self._servers}/user/{name}/turma/pedido"
        return await self._ask(HTTPRequest(url, "POST", self._headers, json.dumps(order)), ORDER_SECONDS, Answer)

    async def _get(self, url: str, seconds: float, kind: type[T]) -> T:
        return await self._ask(HTTPRequest(url, "GET", self._headers), seconds, kind)

    async def _ask(self, request: HTTPRequest, seconds: float, kind: type[T]) -> T:
        """The JSON of an answer.

        Raises:
            OSError: none came, a refusal, or something else.
        """
        request.request_timeout = seconds
        request.follow_redirects = False
        try:
            answer = await self._client.fetch(request)
            return decode(answer.body, kind)
        except (HTTPClientError, ValueError) as error:
            raise OSError(str(error)) from error


def judged(told: Mapping[str, Any], now: datetime) -> Row:
    """Minutes since the learner's last try, and whether they are stuck."""
    minutes = (now - datetime.fromisoformat(told["last"])).total_seconds() / 60 if told["last"] else 0.0
    stuck = bool(told["lesson"]) and (minutes >= STUCK_MINUTES or (told["tries"] >= STUCK_TRIES))
    return {"minutes": int(minutes), "stuck": stuck}


def hardest(rows: Iterable[Row], most: int = 5) -> list[Row]:
    """The steps at which most learners failed and have not passed yet: `step`, how many `learners`, and `tries`."""
    found: dict[str, list[int]] = {}
    for row in rows:
        for step, tries in row.get("failed", {}).items():
            found.setdefault(step, []).append(tries)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), -sum(item[1]), item[0]))
    return [{"step": step, "learners": len(tries), "tries": sum(tries)} for step, tries in ordered[:most]]


def cell(text: str) -> str:
    """What a lab said, for a spreadsheet, which takes a text that begins like this for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def as_csv(rows: Iterable[Row]) -> str:
    """The progress as a table for a spreadsheet."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=";")  # what spreadsheets in Portuguese take for a column's end
    table.writerow(["nome", "passos feitos", "passos no total", "próximo passo", "última tentativa", "pediu ajuda"])
    for row in rows:
        step = f"{row['lesson']}/{row['step']}" if row.get("lesson") else ""
        table.writerow(
            [row["name"], row.get("done", ""), row.get("total", ""), step, row.get("last", ""), row.get("help", "")]
        )
    return out.getvalue()

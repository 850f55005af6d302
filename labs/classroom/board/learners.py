"""What the board knows of a class, asked of the hub and of each learner's server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar

from msgspec.structs import asdict
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from labs.base.documents import Typed, decode
from labs.classroom.accounts import TEACHER
from labs.course.catalog import Course
from labs.running import journey

SECONDS = 10.0
MOST_BYTES = 500_000
"""Of an answer: six certificates' worth. A learner decides what the own lab answers."""
ORDER_SECONDS = 600.0
MOST_AT_ONCE = 200
"""Requests: who waits for a lesson to be prepared in thirty labs still sees where everybody is."""
STUCK_MINUTES, STUCK_TRIES = 10, 3
"""A learner with a lab open who did nothing for so long, or whose next step failed so often, is stuck."""
LONGEST_AGO = timedelta(days=3650)
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
    """Minutes since the learner's last try and since the call for help, and whether they are stuck."""
    minutes, waiting = (_minutes(told[name], now) for name in ("last", "help"))
    stuck = bool(told["lesson"]) and (minutes >= STUCK_MINUTES or (told["tries"] >= STUCK_TRIES))
    return {"minutes": minutes, "waiting": waiting, "stuck": stuck}


def _minutes(since: str, now: datetime) -> int:
    """Raises ValueError for a time that no lab has: far from now, a spreadsheet's clock could not show it."""
    passed = now - datetime.fromisoformat(since) if since else timedelta()
    if abs(passed) > LONGEST_AGO:
        raise ValueError(since)
    return int(passed.total_seconds() / 60)


def hardest(rows: Iterable[Row], words: Mapping[str, str], most: int = 5) -> list[Row]:
    """The steps at which most learners failed and have not passed yet: `step`, how many `learners`, and `tries`.

    Args:
        words: of each step of the course, by its path; what a lab tells beyond them is left out.
    """
    found: dict[str, list[int]] = {}
    for row in rows:
        for step, tries in row.get("failed", {}).items():
            if step in words:
                found.setdefault(step, []).append(tries)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), -sum(item[1]), item[0]))
    return [{"step": words[step], "learners": len(tries), "tries": sum(tries)} for step, tries in ordered[:most]]


def step_words(course: Course) -> dict[str, str]:
    """What the board calls each step, by its path."""
    return {
        f"{lesson.id}/{step.id}": f"aula {lesson.id[:2]}, {journey.step_words(lesson, step)}"
        for lesson in course.lessons
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
    }


def cell(text: str) -> str:
    """What a lab said, for a spreadsheet, which takes a text that begins like this for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


COLUMNS = (
    "nome",
    "passos feitos",
    "passos no total",
    "aula",
    "próximo passo",
    "tentativas nesse passo",
    "última tentativa",
    "pediu ajuda",
)


def as_csv(rows: Iterable[Row], zone: tzinfo) -> str:
    """The progress as a table for a spreadsheet, with times as they are in `zone`."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=";")  # what spreadsheets in Portuguese take for a column's end
    table.writerow(COLUMNS)
    for row in rows:
        known = [row.get(name, "") for name in ("done", "total", "lesson", "title", "tries")]
        times = [_clock(row.get(name, ""), zone) for name in ("last", "help")]
        table.writerow([cell(str(one)) for one in (row["name"], *known, *times)])
    return out.getvalue()


def _clock(at: str, zone: tzinfo) -> str:
    """A time as spreadsheets read it."""
    return datetime.fromisoformat(at).astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""

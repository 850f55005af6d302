"""What the instructor's board knows and does; `tests/image/test_class.py` has it in a hub, with learners."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from labs.base.documents import typed, write
from labs.base.settings import Settings
from labs.classroom.board import learners, tokens
from labs.classroom.board import rows as board
from labs.classroom.board.learners import Learners
from labs.classroom.board.requests import MOST_BYTES
from labs.course.catalog import load_course
from labs.course.progress import Record
from labs.jupyter import classroom
from labs.running import situation

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
COURSE = load_course()
FIRST = COURSE.lessons[0]


def at(minutes: int) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def test_a_situation_has_steps_and_verdicts_and_nothing_that_was_typed() -> None:
    done, tried = FIRST.steps[0], FIRST.steps[1]
    records = {
        f"{FIRST.id}/{done.id}": Record(True, "visto", at(9)),
        f"{FIRST.id}/{tried.id}": Record(False, "não visto", at(4), tries=3),
    }
    told = situation.of(COURSE, records, situation.Note(at(1)))
    assert (told["lesson"], told["step"], told["done"], told["tries"]) == (FIRST.id, tried.id, 1, 3)
    assert told["observed"] == "não visto" and told["help"] == at(1) and told["last"] == at(4)
    assert told["failed"] == {f"{FIRST.id}/{tried.id}": 3}
    known = {"lesson", "step", "title", "done", "total", "last", "tries", "observed", "help", "failed"}
    assert told.keys() == known, "what more is told has to be told to learners first"
    fresh = situation.of(COURSE, {}, None)
    assert (fresh["lesson"], fresh["last"], fresh["help"], fresh["failed"]) == (FIRST.id, "", "", {})


def test_help_is_called_and_taken_back_and_a_message_stays(settings: Settings) -> None:
    assert situation.called(settings) is None and situation.message(settings) is None
    situation.call(settings, True)
    situation.say(settings, "  Pausa de\n dez minutos " + "x" * 600)
    assert situation.called(settings) and (said := situation.message(settings))
    assert said.text.startswith("Pausa de dez minutos x") and len(said.text) == situation.LONGEST
    situation.call(settings, False)
    situation.call(settings, False)
    assert situation.called(settings) is None
    for damaged in ("{", '{"at": "ontem"}', '{"at": "2026-11-26T12:00:00"}'):
        (settings.class_folder / "message.json").write_text(damaged)
        assert situation.message(settings) is None


def test_the_day_after_nobody_waits_for_help_and_no_message_is_left(settings: Settings) -> None:
    yesterday = datetime.now(UTC) - situation.FRESH
    for name in ("help", "message"):
        write(settings.class_folder / f"{name}.json", situation.Note(yesterday.isoformat(), "Pausa"))
    assert situation.called(settings) is None and situation.message(settings) is None
    situation.call(settings, True)
    assert situation.called(settings)


@pytest.mark.parametrize(
    ("told", "started", "minutes", "stuck"),
    [
        ({"lesson": "02-build", "last": at(2)}, at(90), 2, False),
        ({"lesson": "02-build", "last": at(12)}, at(90), 12, True),
        ({"lesson": "02-build", "last": at(1), "tries": 3}, at(90), 1, True),
        ({"lesson": "", "last": at(60)}, at(90), 60, False),
        ({"lesson": "00-comece-aqui"}, "", 0, False),
        ({"lesson": "00-comece-aqui"}, at(4), 4, False),
        ({"lesson": "00-comece-aqui"}, at(14), 14, True),
        ({"lesson": "02-build", "last": at(24 * 60)}, at(1), 1, False),  # the next day
    ],
)
def test_who_is_stuck(told: dict[str, Any], started: str, minutes: int, stuck: bool) -> None:
    here = typed({**situation.of(COURSE, {}, situation.Note(at(3))), **told}, board.Situation)
    row = board.shown(here, NOW, started)
    assert (row["minutes"], row["waiting"], row["stuck"]) == (minutes, 3, stuck)


def test_what_a_lab_says_is_no_longer_than_a_page_shows() -> None:
    long = typed({**situation.of(COURSE, {}, None), "title": "x" * 999, "observed": "x" * 999}, board.Situation)
    row = board.shown(long, NOW)
    assert len(row["title"]) == len(row["observed"]) == board.LONGEST


def test_the_hardest_steps_are_those_of_most_learners() -> None:
    one, other = (f"{FIRST.id}/{step.id}" for step in FIRST.steps[:2])
    rows: list[board.Row] = [{"failed": {one: 2, other: 9}}, {"failed": {one: 1, "a/1": 7}}, {"name": "fora"}]
    words = board.step_words(COURSE)
    assert board.hardest(rows, words) == [
        {"step": f"aula 00, passo 1 · {FIRST.steps[0].title}", "learners": 2, "tries": 3},
        {"step": words[other], "learners": 1, "tries": 9},
    ]
    assert len(words) >= sum(len(lesson.steps) for lesson in COURSE.lessons)


def test_the_table_has_a_row_for_everybody() -> None:
    told = situation.of(COURSE, {f"{FIRST.id}/{FIRST.steps[0].id}": Record(False, "não visto", at(1), tries=5)}, None)
    sao_paulo = timezone(timedelta(hours=-3))
    text = board.as_csv([{"name": "ana", **told, "help": at(0), "seen": at(2)}, {"name": "bia"}], sao_paulo)
    ana, bia = csv.DictReader(text.splitlines(), delimiter=";")
    assert ana == {
        "nome": "ana",
        "passos feitos": "0",
        "passos no total": str(told["total"]),
        "aula": FIRST.id,
        "passo em que está": f"passo 1 · {FIRST.steps[0].title}",
        "tentativas nesse passo": "5",
        "última tentativa": "2026-11-26 08:59",
        "pediu ajuda": "2026-11-26 09:00",
        "visto às": "2026-11-26 08:58",
    }
    assert bia == {**dict.fromkeys(ana, ""), "nome": "bia"}
    assert "'=1+1" in board.as_csv([{"name": "ana", "title": "=1+1"}], sao_paulo)


@pytest.mark.parametrize(
    ("order", "words", "told"),
    [
        (("prepare", "07/3"), ("prepare", "07/3"), "está preparada no seu laboratório"),
        (("reset", "07"), ("reset", "07-push-ecr", "--yes"), "foi desfeita no seu laboratório"),
    ],
)
def test_a_learner_is_told_what_was_done_in_the_lab(
    order: tuple[str, str],
    words: tuple[str, ...],
    told: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def labs(_: Settings, *asked: str) -> tuple[bool, str]:
        ran.append(asked)
        return len(ran) == 2, "x" * 999

    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(classroom, "_labs", labs)
    assert asyncio.run(classroom._done(*order)) == {"done": False, "said": "x" * 500}
    assert situation.message(settings) is None  # it was not done
    assert asyncio.run(classroom._done(*order))["done"] and ran == [words] * 2
    assert (said := situation.message(settings)) and told in said.text and "Abra o notebook 07-" in said.text


def test_the_board_closes_a_call_for_help(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "load", lambda *_: settings)
    situation.call(settings, True)
    assert asyncio.run(classroom._done("helped", "")) == {"done": True, "said": ""}
    assert situation.called(settings) is None


HUBS = "token secret"
"""The board's own: for the hub alone."""
ANA = situation.of(COURSE, {f"{FIRST.id}/{FIRST.steps[0].id}": Record(False, "não visto", at(1), tries=5)}, None)
"""What a lab tells, with all its names (`Situation` must know each)."""
LIES: list[dict[str, Any]] = [
    {"name": "bia"},
    {"failed": {"02-build/build-v1": "5"}},
    {"last": "ontem"},
    {"last": "2026-11-26T12:00:00"},
    {"help": "agora"},
    {"last": "0001-01-01T00:00:00+23:59"},
    {"help": "9999-12-31T23:59:59-23:59"},
    {"tries": "muitas"},
    {"tries": -1},
    {"failed": {"02-build/build-v1": 10**30}},
    {"failed": {f"02-build/{number}": 1 for number in range(501)}},
    {"lesson": "x" * 81},
    {"title": "x" * MOST_BYTES},
]


class FakeHub(web.RequestHandler):
    """The hub's API and the learners' servers: ana's answers, bia's is broken, caio has none, davi's starts."""

    lie: dict[str, Any] = {}  # noqa: RUF012 - ana's lab tells this in the place of what is so
    orders: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012 - emptied by each test
    shown: list[tuple[str, str]] = []  # noqa: RUF012 - what each lab was asked with
    made: list[dict[str, Any]] = []  # noqa: RUF012 - the tokens that were wanted
    takes: str = ""  # the token that ana's lab takes, where it is particular
    slow: asyncio.Event | None = None  # ana's lab answers when this is set
    closed: bool = False
    deaf: bool = False  # ana's lab takes an order and says nothing

    async def get(self, path: str) -> None:
        if path == "hub/api/users":
            self._own()
            servers: dict[str, Any] = {name: {"": {"ready": True, "started": at(30)}} for name in ("bia", "ana")}
            servers["ana"] = {} if FakeHub.closed else servers["ana"]
            servers |= {"prof": {}, "caio": {}, "davi": {"": {"ready": False, "pending": "spawn", "started": None}}}
            self.finish(json.dumps([{"name": name, "servers": found} for name, found in servers.items()]))
            return
        self._lab(path)
        if FakeHub.slow and "ana" in path:
            await FakeHub.slow.wait()
        if path != "user/ana/turma/situacao":
            raise web.HTTPError(503)
        self.finish({**ANA, **FakeHub.lie})

    async def post(self, path: str) -> None:
        content = json.loads(self.request.body)
        if path.startswith("hub/api/users/"):
            self._own()
            FakeHub.made.append(content)
            self.set_status(201)
            self.finish({"id": "a1", "token": f"{path.split('/')[3]}-{len(FakeHub.made)}"})
            return
        self._lab(path)
        FakeHub.orders.append((path, content))
        if "ana" not in path:
            raise web.HTTPError(503)
        if FakeHub.deaf:
            await asyncio.Event().wait()
        self.finish({"done": "prepare" not in content, "said": "o passo\nfalhou"})

    def _own(self) -> None:
        if self.request.headers.get("Authorization") != HUBS:
            raise web.HTTPError(403)

    def _lab(self, path: str) -> None:
        name, token = path.split("/")[1], self.request.headers["Authorization"]
        FakeHub.shown.append((name, token))
        if not token.startswith(f"token {FakeHub.takes or name}-"):
            raise web.HTTPError(403)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("orders", "shown", "made"):
        monkeypatch.setattr(FakeHub, name, [])
    return monkeypatch


def asked(work: Any, clock: Any = lambda: NOW) -> Any:
    """What a board finds out in front of the fake hub."""

    async def run() -> Any:
        socket, port = bind_unused_port()
        server = HTTPServer(web.Application([(r"/(.*)", FakeHub)]))
        server.add_socket(socket)
        at = f"http://127.0.0.1:{port}"
        try:
            return await work(Learners(f"{at}/hub/api", at, "secret", lambda name: f"{name}.turma.test", clock))
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(run())


def test_the_board_reads_everybody_and_says_whose_lab_does_not_answer() -> None:
    ana, bia, caio, davi = asked(lambda known: known.rows())
    assert ana["name"] == "ana" and ana["known"] and ana["stuck"] and ana["minutes"] == 1 and ana["seen"] == at(0)
    assert (bia["name"], bia["open"], bia["known"], bia["seen"]) == ("bia", True, False, "")
    assert (caio["name"], caio["open"], caio["known"]) == ("caio", False, False)
    assert [(row["name"], row["open"], row["starting"]) for row in (caio, davi)] == [
        ("caio", False, False),
        ("davi", False, True),
    ]


def test_no_lab_is_shown_the_boards_own_token_or_anothers() -> None:
    """A learner may put anything in the place of the own server, and reads what that is asked with."""

    async def work(known: Learners) -> None:
        for _ in range(2):
            await known.rows()
        await known.order(["ana", "bia"], {"message": "oi"})
        await known.certificate("ana")

    asked(work)
    assert {name for name, _ in FakeHub.shown} == {"ana", "bia"}
    assert all(token.startswith(f"token {name}-") for name, token in FakeHub.shown)
    assert sorted(one["scopes"] for one in FakeHub.made) == [["access:servers!user=ana"], ["access:servers!user=bia"]]
    assert all(0 < one["expires_in"] <= 3600 for one in FakeHub.made)


def test_a_token_that_a_lab_refuses_is_made_anew_but_not_at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHub, "takes", "somebody")

    async def work(known: Learners) -> int:
        for _ in range(3):
            await known.rows()
        before = len(FakeHub.made)
        monkeypatch.setattr(tokens, "AGAIN", 0)
        await known.rows()
        await known.rows()
        return before

    assert asked(work) == 2 < len(FakeHub.made)


def test_a_slow_lab_keeps_no_other_row_waiting_and_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learners, "PATIENCE", 0.2)

    async def work(known: Learners) -> tuple[list[board.Row], list[board.Row], int]:
        monkeypatch.setattr(FakeHub, "slow", asyncio.Event())
        first = await known.rows()
        await known.rows()
        looks = sum(name == "ana" for name, _ in FakeHub.shown)
        assert FakeHub.slow
        FakeHub.slow.set()
        return first, await known.rows(), looks

    first, last, looks = asked(work)
    assert not first[0]["known"] and last[0]["known"] and looks == 1


def test_a_lab_that_is_closed_is_shown_as_it_was_last_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [NOW]

    async def work(known: Learners) -> list[board.Row]:
        await known.rows()
        monkeypatch.setattr(FakeHub, "closed", True)
        times.append(NOW + timedelta(hours=2))
        found: list[board.Row] = await known.rows()
        return found

    ana = asked(work, lambda: times[-1])[0]
    assert (ana["open"], ana["known"], ana["stuck"]) == (False, False, False)
    assert ana["seen"] == at(0) and ana["lesson"] == FIRST.id
    table = list(csv.DictReader(board.as_csv([ana], UTC).splitlines(), delimiter=";"))
    assert table[0]["aula"] == FIRST.id and table[0]["visto às"] == "2026-11-26 12:00"


def test_a_board_that_starts_anew_knows_who_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "seen.json"

    async def twice(known: Learners) -> tuple[board.Row, board.Row]:
        first = Learners(known._hub, known._servers, "secret", clock=lambda: NOW, memory=file)
        before = (await first.rows())[0]
        monkeypatch.setattr(FakeHub, "closed", True)
        again = Learners(known._hub, known._servers, "secret", clock=lambda: NOW, memory=file)
        return before, (await again.rows())[0]

    before, after = asked(twice)
    assert before["known"] and not after["known"] and after["seen"] == before["seen"]
    assert after["lesson"] == before["lesson"] and after["done"] == before["done"]
    file.write_text("{")
    assert not asked(twice)[1]["seen"], "a damaged memory is none"


def test_where_somebody_failed_last_is_where_they_are() -> None:
    done, later = f"{FIRST.id}/{FIRST.steps[0].id}", COURSE.lessons[3]
    path = f"{later.id}/{later.steps[0].id}"
    records = {done: Record(True, "visto", at(9)), path: Record(False, "não visto", at(4), tries=2)}
    told = situation.of(COURSE, records, None)
    assert (told["lesson"], told["step"], told["tries"]) == (later.id, later.steps[0].id, 2)
    told = situation.of(COURSE, {**records, done: Record(True, "visto", at(1))}, None)
    assert (told["lesson"], told["step"]) == (FIRST.id, FIRST.steps[1].id)


def test_a_time_that_a_lab_can_no_longer_have_costs_its_own_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [NOW]
    monkeypatch.setattr(FakeHub, "lie", {"last": (NOW - board.LONGEST_AGO + timedelta(seconds=3)).isoformat()})

    async def work(known: Learners) -> tuple[list[board.Row], list[board.Row]]:
        first = await known.rows()
        times.append(NOW + timedelta(seconds=9))
        return first, await known.rows()

    first, later = asked(work, lambda: times[-1])
    assert first[0]["known"] and (later[0]["known"], later[0]["seen"], "lesson" in later[0]) == (False, "", False)


def test_a_lab_that_takes_a_message_and_never_answers_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learners, "MESSAGE_SECONDS", 0.2)
    monkeypatch.setattr(FakeHub, "deaf", True)
    assert "não responde" in asked(lambda known: known.order(["ana"], {"message": "oi"}))["ana"]


@pytest.mark.parametrize("lie", LIES, ids=[str(lie)[:40] for lie in LIES])
def test_a_lab_that_lies_about_its_form_costs_nobody_elses_row(
    lie: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeHub, "lie", lie)
    rows = asked(lambda known: known.rows())
    assert [(row["name"], row["open"], row["known"]) for row in rows] == [
        ("ana", True, False),
        ("bia", True, False),
        ("caio", False, False),
        ("davi", False, False),
    ]
    assert board.hardest(rows, board.step_words(COURSE)) == []


def test_an_order_tells_who_it_did_not_reach() -> None:
    wrong = asked(lambda known: known.order(["ana", "bia"], {"message": "oi"}))
    assert wrong == {"bia": "o laboratório está fechado"}
    assert set(asked(lambda known: known.order(["ana"], {"helped": ""}))) == set()
    assert FakeHub.orders.pop() == ("user/ana/turma/pedido", {"helped": ""})
    assert sorted(FakeHub.orders, key=str) == [  # they come on two connections
        ("user/ana/turma/pedido", {"message": "oi"}),
        ("user/bia/turma/pedido", {"message": "oi"}),
    ]
    assert asked(lambda known: known.order(["ana"], {"prepare": "07/3"})) == {"ana": "o passo · falhou"}


def test_a_hub_that_does_not_answer_is_an_error_and_of_an_order_it_is_told() -> None:
    nobody = Learners("http://127.0.0.1:9/hub/api", "http://127.0.0.1:9", "secret")
    with pytest.raises(OSError, match=r"refused|conexão|Connect"):
        asyncio.run(nobody.rows())
    assert "não responde" in asyncio.run(nobody.order(["ana"], {"message": "oi"}))["ana"]

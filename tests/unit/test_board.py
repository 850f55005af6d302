"""What the instructor's board knows and does; `tests/image/test_class.py` has it in a hub, with learners."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from labs.base.settings import Settings
from labs.classroom.board import learners as board
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
    (settings.class_folder / "message.json").write_text("{")
    assert situation.message(settings) is None


@pytest.mark.parametrize(
    ("told", "minutes", "stuck"),
    [
        ({"lesson": "02-build", "last": at(2), "tries": 0}, 2, False),
        ({"lesson": "02-build", "last": at(12), "tries": 0}, 12, True),
        ({"lesson": "02-build", "last": at(1), "tries": 3}, 1, True),
        ({"lesson": "", "last": at(60), "tries": 0}, 60, False),
        ({"lesson": "00-comece-aqui", "last": "", "tries": 0}, 0, False),
    ],
)
def test_who_is_stuck(told: Mapping[str, Any], minutes: int, stuck: bool) -> None:
    assert board.judged({**told, "help": at(3)}, NOW) == {"minutes": minutes, "waiting": 3, "stuck": stuck}


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
    text = board.as_csv([{"name": "ana", **told, "help": at(0)}, {"name": "bia"}], sao_paulo)
    ana, bia = csv.DictReader(text.splitlines(), delimiter=";")
    assert ana == {
        "nome": "ana",
        "passos feitos": "0",
        "passos no total": str(told["total"]),
        "aula": FIRST.id,
        "próximo passo": f"passo 1 · {FIRST.steps[0].title}",
        "tentativas nesse passo": "5",
        "última tentativa": "2026-11-26 08:59",
        "pediu ajuda": "2026-11-26 09:00",
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


TOKEN = {"Authorization": "token secret"}
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
    {"title": "x" * board.MOST_BYTES},
]


class FakeHub(web.RequestHandler):
    """The hub's API and the learners' servers: ana's answers, bia's is broken, caio has none."""

    lie: dict[str, Any] = {}  # noqa: RUF012 - ana's lab tells this in the place of what is so
    orders: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012 - emptied by each test

    def prepare(self) -> None:
        if self.request.headers.get("Authorization") != TOKEN["Authorization"]:
            raise web.HTTPError(403)

    def get(self, path: str) -> None:
        if path == "hub/api/users":
            names: dict[str, dict[str, Any]] = {"prof": {}, "caio": {}, "bia": {"": {}}, "ana": {"": {}}}
            self.finish(json.dumps([{"name": name, "servers": servers} for name, servers in names.items()]))
        elif path == "user/ana/turma/situacao":
            self.finish({**ANA, **FakeHub.lie})
        else:
            raise web.HTTPError(503)

    def post(self, path: str) -> None:
        FakeHub.orders.append((path, json.loads(self.request.body)))
        if "ana" not in path:
            raise web.HTTPError(503)
        self.finish({"done": "prepare" not in FakeHub.orders[-1][1], "said": "o passo falhou"})


def asked(work: Any) -> Any:
    """What a board finds out in front of the fake hub."""

    async def run() -> Any:
        FakeHub.orders.clear()
        socket, port = bind_unused_port()
        server = HTTPServer(web.Application([(r"/(.*)", FakeHub)]))
        server.add_socket(socket)
        try:
            return await work(board.Learners(f"http://127.0.0.1:{port}/hub/api", f"http://127.0.0.1:{port}", "secret"))
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(run())


def test_the_board_reads_everybody_and_says_whose_lab_does_not_answer() -> None:
    ana, bia, caio = asked(lambda known: known.rows(NOW))
    assert ana["name"] == "ana" and ana["known"] and ana["stuck"] and ana["minutes"] == 1
    assert (bia["name"], bia["open"], bia["known"]) == ("bia", True, False)
    assert (caio["name"], caio["open"], caio["known"]) == ("caio", False, False)


@pytest.mark.parametrize("lie", LIES, ids=[str(lie)[:40] for lie in LIES])
def test_a_lab_that_lies_about_its_form_costs_nobody_elses_row(
    lie: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeHub, "lie", lie)
    rows = asked(lambda known: known.rows(NOW))
    assert [(row["name"], row["open"], row["known"]) for row in rows] == [
        ("ana", True, False),
        ("bia", True, False),
        ("caio", False, False),
    ]
    assert board.hardest(rows, board.step_words(COURSE)) == []


def test_an_order_tells_who_it_did_not_reach() -> None:
    wrong = asked(lambda known: known.order(["ana", "bia"], {"message": "oi"}))
    assert list(wrong) == ["bia"] and "não responde" in wrong["bia"]
    assert sorted(FakeHub.orders, key=str) == [  # they come on two connections
        ("user/ana/turma/pedido", {"message": "oi"}),
        ("user/bia/turma/pedido", {"message": "oi"}),
    ]
    assert asked(lambda known: known.order(["ana"], {"prepare": "07/3"})) == {"ana": "o passo falhou"}


def test_a_hub_that_does_not_answer_is_an_error() -> None:
    nobody = board.Learners("http://127.0.0.1:9/hub/api", "http://127.0.0.1:9", "secret")

    async def ask() -> None:
        await nobody.rows(NOW)

    with pytest.raises(OSError, match=r"refused|conexão|Connect"):
        asyncio.run(ask())

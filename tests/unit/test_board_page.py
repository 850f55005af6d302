"""The board's page and what answers it, with labs that are made up; in a browser: `tests/browser/test_board.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from labs.classroom.board.certificates import Certificates, Voucher
from labs.classroom.board.learners import Answer
from labs.course.catalog import Course
from tests.unit.test_class_certificates import served

NAMES = ("ana", "bia")
Orders = list[tuple[list[str], dict[str, str]]]


class Labs:
    """The class as the board asks for it: `ana` and `bia` of the list, and `zeca`, whom the hub alone knows."""

    def __init__(self) -> None:
        self.orders: Orders = []
        self.silent = False

    async def rows(self) -> list[dict[str, Any]]:
        if self.silent:
            raise OSError("HTTP 599: Timeout")
        return [{"name": name, "open": False, "known": False} for name in (*NAMES, "zeca")]

    async def order(self, names: Sequence[str], order: Mapping[str, str]) -> dict[str, str]:
        self.orders.append((list(names), dict(order)))
        return {"bia": "o passo falhou"} if "bia" in names else {}


@pytest.fixture
def voucher(tmp_path: Path) -> Voucher:
    return Voucher(tmp_path / "certificate-key", "192.0.2.7:8000", Course(()))


def answers(server: Any, voucher: Voucher, labs: Labs, *asked: tuple[str, str | None]) -> list[tuple[int, str]]:
    """Status and text of what the board answers to each path, with the body that is posted where there is one."""

    async def ask(address: str, body: str | None) -> HTTPResponse:
        headers = {"Cookie": "_xsrf=x", "X-XSRFToken": "x"}
        wanted = HTTPRequest(address, "GET" if body is None else "POST", headers, body)
        return await AsyncHTTPClient(force_instance=True).fetch(wanted, raise_error=False)

    async def prove(_: str) -> Answer:
        raise OSError

    async def work(address: str) -> list[tuple[int, str]]:
        found = [await ask(f"{address}/{path}", body) for path, body in asked]
        return [(one.code, one.body.decode()) for one in found]

    certificates = Certificates(lambda: NAMES, voucher, prove)
    found: list[tuple[int, str]] = served(server.application("/", labs, certificates, {}), work)
    return found


def wanted(names: Sequence[Any], **order: Any) -> str:
    return json.dumps({"names": names, "order": order})


WRONG = {
    "": "O painel não entendeu o pedido.\nObservado: termina no meio\nPróximo comando: recarregue a página",
    "[": "O painel não entendeu o pedido.",
    "[]": "O painel não entendeu o pedido.",
    '{"names": ["ana"]}': "falta o campo `order`",
    '{"names": "ana", "order": {}}': "O painel não entendeu o pedido.\nObservado: `names`: esperado `array`",
    wanted([1], message="oi"): "O painel não entendeu o pedido.",
    wanted(["ana"], message=1): "O painel não entendeu o pedido.",
    wanted([], message="oi"): "O pedido não diz para quem é.\nObservado: nenhum nome\n",
    wanted(["ana"]): "O painel não tem esse pedido.\nObservado: nenhum\n",
    wanted(["ana"], certificate="ana"): "O painel não tem esse pedido.\nObservado: certificate\n",
    wanted(["ana"], message="oi", reset="07"): "O painel não tem esse pedido.\nObservado: message, reset\n",
    wanted(["ana"], message="x" * 501): "O texto do pedido não serve: até 500 letras.\nObservado: 501 letras\n",
    wanted(["ana"], prepare="07; rm"): "uma aula e um passo, como 07/3.\nObservado: 07; rm\n",
    wanted(["ana"], reset="07/3"): "O texto do pedido não serve: uma aula, como 07.\nObservado: 07/3\n",
    wanted(["ana", "caio"], message="oi"): "Há um nome que não é da turma.\nObservado: caio\n",
    wanted(["../ana"], message="oi"): "Há um nome que não é da turma.\nObservado: ../ana\n",
}


def test_a_wrong_order_is_refused_in_words_and_no_lab_hears_it(server: Any, voucher: Voucher) -> None:
    labs = Labs()
    for (body, words), (status, said) in zip(
        WRONG.items(), answers(server, voucher, labs, *(("pedido", body) for body in WRONG)), strict=True
    ):
        assert status == 400 and words in said and "\nPróximo comando: " in said, (body, said)
    assert labs.orders == []


def test_an_order_goes_to_each_once_also_to_who_is_on_the_hubs_list_alone(server: Any, voucher: Voucher) -> None:
    labs = Labs()
    long = "x" * 499 + "\n"
    asked = [wanted(["ana", "ana", "zeca"], message=long), wanted(["bia"], prepare="07/push-v2")]
    told = answers(server, voucher, labs, *(("pedido", body) for body in asked))
    assert told == [(200, '{"wrong": {}}'), (200, '{"wrong": {"bia": "o passo falhou"}}')]
    assert labs.orders == [(["ana", "zeca"], {"message": long}), (["bia"], {"prepare": "07/push-v2"})]


def test_certificates_are_refused_in_words_too(server: Any, voucher: Voucher) -> None:
    asked = ("certificados", '{"names": ["caio"]}'), ("certificados", "x"), ("turma.csv?minutos=x", None)
    stranger, bad, zone = answers(server, voucher, Labs(), *asked)
    assert stranger[0] == bad[0] == zone[0] == 400
    assert stranger[1].startswith("Há um nome que não é da turma.\nObservado: caio\n")
    assert bad[1].startswith("O painel não entendeu o pedido.\nObservado: não é JSON")
    assert zone[1].startswith("O fuso do pedido não é um número de minutos, como -180.\nObservado: x\n")


def test_a_silent_hub_is_told_wherever_it_is_asked(server: Any, voucher: Voucher) -> None:
    labs = Labs()
    labs.silent = True
    asked = ("linhas", None), ("turma.csv", None), ("pedido", wanted(["zeca"], message="oi"))
    words = "O hub não respondeu ao painel.\nObservado: HTTP 599: Timeout\nPróximo comando: python3 -m labs class up"
    assert answers(server, voucher, labs, *asked) == [(502, words)] * 3


def test_an_open_board_stays_logged_in_while_the_hub_starts_anew(server: Any, tmp_path: Path) -> None:
    """Its cookies are signed alike by the next process, and otherwise than another class's; a damaged key is no key."""
    one, other, damaged = (tmp_path / name for name in ("one", "other", "damaged"))
    assert server.cookie_secret(one) == server.cookie_secret(one) != server.cookie_secret(other)
    assert len(server.cookie_secret(one)) == 32 and one.read_text().strip() != server.cookie_secret(one).hex()
    damaged.write_text("")
    assert server.cookie_secret(damaged) != server.cookie_secret(damaged)

"""The instructor's page in a browser, with a board that is made up: what it shows, says, and asks of the labs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect
from tornado import template

from labs.classroom import board

from .jupyterlab import VIEWPORT

ADDRESS = "http://turma.test/services/painel/"
FOLDER = Path(board.__path__[0])
NOW = datetime.now(UTC)
ANA: dict[str, Any] = {
    **{"name": "ana", "open": True, "starting": False, "known": True, "seen": NOW.isoformat()},
    **{"lesson": "02-build", "step": "build-v1", "title": "passo 3 · Faça o build", "done": 9, "total": 60},
    **{"last": NOW.isoformat(), "tries": 1, "observed": "A imagem não existe.", "help": "", "failed": {}},
    **{"minutes": 1, "waiting": 0, "stuck": False},
}
GONE = {**ANA, "name": "bia", "open": False, "known": False, "help": NOW.isoformat()}
NEVER = {"name": "caio", "open": False, "starting": False, "known": False, "seen": ""}


@dataclass
class Board:
    """What the page is answered: `rows`, and to an order `wrong`; what comes in place of that is in `answers`."""

    rows: list[dict[str, Any]]
    wrong: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """By path, what Playwright's `fulfill` takes; None where nobody answers."""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if route.request.method == "POST":
            self.asked.append(json.loads(route.request.post_data or ""))
        if path not in self.answers:
            route.fulfill(**({"body": page(), "content_type": "text/html"} if path == "" else {"json": self._of(path)}))
        elif (answer := self.answers[path]) is None:
            route.abort()
        else:
            route.fulfill(**answer)

    def _of(self, path: str) -> Any:
        known = {"linhas": {"rows": self.rows, "hardest": []}, "pedido": {"wrong": self.wrong}}
        return known.get(path, {"now": [], "left": 0, "rows": []})


def page() -> str:
    """The board's page as `labs/classroom/board/server.py` gives it."""
    script = (FOLDER / "board.js").read_text("utf-8")
    found = template.Loader(str(FOLDER)).load("board.html")
    return found.generate(nonce="n", xsrf="x", key="chave", script=script).decode()


@pytest.fixture
def made() -> Board:
    return Board([ANA, GONE, NEVER])


@pytest.fixture
def shown(chromium: Browser, made: Board) -> Iterator[Page]:
    """The page, with a clock that the test moves on."""
    with chromium.new_context(viewport=VIEWPORT, locale="pt-BR") as window:
        window.route("**/*", made.answer)
        page = window.new_page()
        page.clock.install()
        page.goto(ADDRESS)
        expect(page.locator("#rows tr")).to_have_count(len(made.rows))
        yield page


def later(page: Page) -> None:
    """The page reads the class anew."""
    with page.expect_request("**/linhas"):
        page.clock.run_for(3000)


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def test_who_left_is_shown_as_seen_last_and_who_never_came_as_nothing(shown: Page) -> None:
    expect(row(shown, "ana")).to_contain_text("passo 3 · Faça o buildA imagem não existe.há 1 min1segue")
    expect(row(shown, "bia")).to_contain_text("9 de 60aula 02, passo 3")
    expect(row(shown, "bia")).to_contain_text("foravisto às")
    expect(row(shown, "caio")).to_have_text("caiofora")
    assert "past" in (row(shown, "bia").get_attribute("class") or "")


SUMMARIES: list[tuple[list[dict[str, Any]], str]] = [
    ([GONE, NEVER], "Ninguém está com o laboratório aberto."),
    ([NEVER | {"starting": True}] * 3, "3 iniciando."),
    ([ANA, GONE, NEVER | {"starting": True}], "1 de 3 com o laboratório aberto; 1 iniciando; todas avançam."),
    ([ANA, ANA | {"stuck": True}], "2 de 2 com o laboratório aberto; 1 pessoa sem avançar."),
    ([ANA, ANA | {"known": False}], "2 de 2 com o laboratório aberto; 1 laboratório sem responder."),
    ([ANA | {"help": NOW.isoformat()}], "1 de 1 com o laboratório aberto. Ajuda pedida por ana."),
    ([], "Ninguém está com o laboratório aberto."),
]


def test_the_summary_counts_who_is_there(shown: Page, made: Board) -> None:
    for rows, words in SUMMARIES:
        made.rows = rows
        later(shown)
        expect(shown.locator("#summary")).to_have_text(words)


def test_a_state_is_said_for_what_it_is(shown: Page, made: Board) -> None:
    yesterday = (NOW - timedelta(days=1)).isoformat()
    for other, words in (
        ({"open": False, "known": False, "starting": True}, "iniciando"),
        ({"known": False, "seen": yesterday}, "o laboratório não respondevisto em "),
        ({"help": yesterday, "waiting": 1500}, "● pediu ajuda há 25 h"),
        ({"minutes": 4321}, "3 dias"),
    ):
        made.rows = [ANA | other]
        later(shown)
        expect(row(shown, "ana")).to_contain_text(words)


def test_all_are_ticked_at_once_and_who_leaves_the_class_is_ticked_no_more(shown: Page, made: Board) -> None:
    everybody = shown.get_by_role("checkbox", name="Marcar toda a turma")
    everybody.check()
    for name in ("ana", "bia", "caio"):
        expect(shown.get_by_role("checkbox", name=f"Marcar {name}")).to_be_checked()
    shown.get_by_role("checkbox", name="Marcar ana").uncheck()
    assert everybody.evaluate("box => box.indeterminate && !box.checked")
    made.rows = [ANA, GONE]
    later(shown)
    expect(shown.locator("#rows tr")).to_have_count(2)
    expect(shown.get_by_role("checkbox", name="Marcar bia")).to_be_checked()
    made.rows = [ANA, GONE, NEVER]
    later(shown)
    expect(shown.get_by_role("checkbox", name="Marcar caio")).not_to_be_checked()
    everybody.check()
    everybody.uncheck()
    expect(shown.get_by_role("checkbox", checked=True)).to_have_count(0)


# Orders -------------------------------------------------------------------------------------------


def said(page: Page) -> Any:
    """What was said last of an order."""
    return page.locator("#said p").first


def message(page: Page, text: str) -> None:
    page.get_by_label("Recado").fill(text)
    page.get_by_role("button", name="Enviar").click()


def test_a_message_says_whom_it_reached_and_whom_not(shown: Page, made: Board) -> None:
    made.rows = [ANA, ANA | {"name": "caio"}, ANA | {"name": "duda"}, GONE, NEVER | {"name": "eva", "starting": True}]
    made.wrong = {"duda": "o laboratório está fechado"}
    later(shown)
    meant = "Para ana, caio, duda. Fora: bia, eva. Quem não tem o laboratório aberto não recebe."
    expect(shown.locator("#meant")).to_have_text(meant)
    message(shown, " Pausa ")
    told = "Recado enviado a ana, caio. Não chegou a duda, bia: o laboratório está fechado."
    expect(said(shown)).to_have_text(f"{told} Não chegou a eva: o laboratório ainda inicia.")
    assert made.asked == [{"names": ["ana", "caio", "duda"], "order": {"message": "Pausa"}}]
    expect(shown.get_by_label("Recado")).to_have_value("")


def test_a_large_class_is_counted_and_who_was_missed_is_named(shown: Page, made: Board) -> None:
    made.rows = [ANA | {"name": f"aluno{number:02}"} for number in range(12)] + [GONE]
    later(shown)
    expect(shown.locator("#meant")).to_contain_text("Para 12 pessoas. Fora: bia.")
    message(shown, "Pausa")
    expect(said(shown)).to_have_text("Recado enviado a 12 pessoas. Não chegou a bia: o laboratório está fechado.")


def test_nothing_is_sent_where_nobody_is_there_or_nothing_is_said(shown: Page, made: Board) -> None:
    message(shown, "  ")
    expect(said(shown)).to_contain_text("Escreva o recado.")
    expect(shown.get_by_label("Recado")).to_be_focused()
    for name in ("bia", "caio"):
        shown.get_by_role("checkbox", name=f"Marcar {name}").check()
    expect(shown.locator("#meant")).to_contain_text("Para ninguém: não há laboratório aberto. Fora: bia, caio.")
    message(shown, "Pausa")
    expect(said(shown)).to_have_text("Nada foi enviado: ninguém tem o laboratório aberto. Fora: bia, caio.")
    expect(shown.get_by_label("Recado")).to_have_value("Pausa")
    assert made.asked == []


def test_a_message_is_taken_back_by_a_button_of_its_own(shown: Page, made: Board) -> None:
    shown.get_by_role("checkbox", name="Marcar ana").check()
    shown.get_by_role("button", name="Retirar o recado").click()
    expect(said(shown)).to_have_text("Recado retirado de ana.")
    assert made.asked == [{"names": ["ana"], "order": {"message": ""}}]


SILENT = "O hub não responde. Confira a rede; se ele parou: python3 -m labs class up"
REFUSED = "O texto do pedido não serve: até 500 letras.\nObservado: 501 letras\nPróximo comando: corrija o texto"
TEXT = "text/plain; charset=utf-8"
ANSWERS: list[tuple[dict[str, Any] | None, str]] = [
    (None, SILENT),
    ({"status": 400, "content_type": TEXT, "body": REFUSED}, "até 500 letras. Observado: 501 letras Próximo comando"),
    ({"status": 503, "content_type": "text/html", "body": "<h1>"}, "O painel não responde (HTTP 503)."),
    ({"status": 200, "content_type": "application/json", "body": "{"}, SILENT),
]


@pytest.mark.parametrize(("answer", "words"), ANSWERS, ids=["nobody", "refused", "proxy", "cut"])
def test_what_goes_wrong_is_said_for_every_button(
    answer: dict[str, Any] | None, words: str, shown: Page, made: Board
) -> None:
    made.answers = dict.fromkeys(("pedido", "certificados", "linhas"), answer)
    message(shown, "Pausa")
    expect(said(shown)).to_contain_text("Enviando o recado a ana: o painel não confirmou.")
    expect(said(shown)).to_contain_text(words)
    expect(shown.get_by_label("Recado")).to_have_value("Pausa")
    shown.on("dialog", lambda dialog: dialog.accept())
    shown.get_by_role("button", name="Certificados").click()
    expect(said(shown)).to_contain_text("O painel não confirmou o pedido dos certificados.")
    expect(said(shown)).to_contain_text(words)
    later(shown)
    expect(shown.locator("#summary")).to_contain_text("e tenta de novo sozinho. A tabela é a das ")
    expect(shown.locator("#summary")).to_contain_text(words)
    made.answers = {}
    later(shown)
    expect(shown.locator("#summary")).to_contain_text("com o laboratório aberto")


@pytest.mark.parametrize(("status", "kind"), [(403, TEXT), (200, "text/html")])
def test_an_ended_session_is_said_with_the_way_to_a_new_one(status: int, kind: str, shown: Page, made: Board) -> None:
    expect(shown.get_by_role("alert")).to_be_hidden()
    answer = {"status": status, "content_type": kind, "body": "<html>"}
    made.answers = {"pedido": answer, "linhas": answer}
    message(shown, "Pausa")
    expect(said(shown)).to_contain_text("A sua sessão terminou.")
    alert = shown.get_by_role("alert")
    expect(alert).to_have_text("A sua sessão terminou. Recarregue a página.")
    made.answers = {}
    alert.get_by_role("link").click()
    expect(shown.locator("#rows tr")).to_have_count(3)
    expect(shown.get_by_role("alert")).to_be_hidden()


def test_the_page_goes_on_while_an_order_runs(shown: Page, made: Board) -> None:
    """A lesson takes minutes to prepare: other orders are sent meanwhile, the same one is not, nor too many."""
    waiting: list[Route] = []
    shown.route("**/pedido", lambda route: waiting.append(route))
    where, prepare = shown.get_by_label("Aula ou passo"), shown.get_by_role("button", name="Preparar até ali")
    for place in ("07", "07", "07/3"):
        where.fill(place)
        prepare.click()
    texts = shown.locator("#said p")
    expect(texts.nth(0)).to_contain_text("Preparando até 07/3 para ana, desde ")
    expect(texts.nth(1)).to_have_text("Isso já está em andamento, para as mesmas pessoas.")
    expect(texts.nth(2)).to_contain_text("Preparando até 07 para ana, desde ")
    message(shown, "Pausa")
    expect(said(shown)).to_contain_text("Enviando o recado a ana, desde ")
    shown.get_by_role("button", name="Retirar o recado").click()
    expect(said(shown)).to_have_text("Há 3 pedidos em andamento: espere um deles terminar.")
    made.rows = [ANA | {"done": 10}, GONE, NEVER]
    later(shown)
    expect(row(shown, "ana")).to_contain_text("10 de 60")
    assert len(waiting) == 3
    waiting[0].fulfill(json={"wrong": {}})
    expect(texts.nth(4)).to_have_text(
        re.compile(r"Preparado até 07 para ana\. Não para bia, caio: o labor.* fechado\.")
    )
    expect(texts.nth(2)).to_contain_text("Preparando até 07/3 para ana, desde ")


def test_a_lesson_is_undone_only_after_who_loses_what_was_said(shown: Page, made: Board) -> None:
    made.rows = [ANA | {"name": f"aluno{number:02}"} for number in range(12)]
    later(shown)
    expect(shown.locator("#rows tr")).to_have_count(12)
    asked: list[str] = []
    agreed = [False, True]

    def hear(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if agreed.pop(0):
            dialog.accept()
        else:
            dialog.dismiss()

    shown.on("dialog", hear)
    undo = shown.get_by_role("button", name="Desfazer a aula")
    undo.click()
    expect(said(shown)).to_have_text("Diga a aula, como 07, ou a aula e o passo, como 07/3.")
    shown.get_by_label("Aula ou passo").fill("07/3")
    undo.click()
    undo.click()
    expect(said(shown)).to_have_text("Aula 07 desfeita para 12 pessoas.")
    names = ", ".join(f"aluno{number:02}" for number in range(10))
    assert asked[0].startswith(
        f"Desfazer a aula 07 de {names} e mais 2?\n\nNesses laboratórios somem o que a aula criou"
    )
    assert len(asked) == 2 and [one["order"] for one in made.asked] == [{"reset": "07"}]


def test_a_call_for_help_that_was_answered_is_closed(shown: Page, made: Board) -> None:
    shown.get_by_role("button", name="Ajuda dada").click()
    expect(said(shown)).to_have_text("Nenhum pedido de ajuda aberto, entre quem está marcado.")
    made.rows = [ANA | {"help": NOW.isoformat()}, ANA | {"name": "duda"}, GONE]
    later(shown)
    expect(shown.get_by_role("row").filter(has_text="ana")).to_contain_text("● pediu ajuda agora")
    shown.get_by_role("button", name="Ajuda dada").click()
    expect(said(shown)).to_contain_text("Ajuda dada a ana.")
    assert made.asked == [{"names": ["ana"], "order": {"helped": ""}}]


def test_the_certificates_of_a_whole_class_are_asked_for_after_a_question(shown: Page, made: Board) -> None:
    asked: list[str] = []

    def hear(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    shown.on("dialog", hear)
    shown.get_by_role("button", name="Certificados").click()
    assert "toda a turma" in asked[0] and made.asked == []
    shown.get_by_label("Marcar ana").check()
    shown.get_by_role("button", name="Certificados").click()
    expect(said(shown)).to_contain_text("Certificados pedidos: ana.")
    assert made.asked == [{"names": ["ana"]}] and len(asked) == 1

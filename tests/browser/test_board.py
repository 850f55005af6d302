"""The instructor's page in a browser, with a board that is made up: what it shows, says, and asks of the labs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
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
    """The page has read the class anew."""
    with page.expect_response("**/linhas"):
        page.clock.run_for(3000)


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def test_who_left_is_shown_as_seen_last_and_who_never_came_as_nothing(shown: Page) -> None:
    expect(row(shown, "ana")).to_contain_text("9 de 60aula 02, passo 3 · Faça o buildA imagem não existe.1 min1segue")
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

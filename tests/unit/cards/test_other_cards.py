"""Quiz, picture and preparation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from labs.base.errors import LabError, StateError
from labs.base.settings import Ports, Settings
from labs.course.catalog import Option, Question
from labs.pictures import Picture
from labs.secrecy.redact import Redactor
from labs.widgets.action import READY, PrepareCard
from labs.widgets.card import module_of
from labs.widgets.picture import PictureCard
from labs.widgets.quiz import QuizCard
from labs.widgets.transcript import Status

from .kit import EVIL, WIDGET, FakeRunner, card_of, click, wait_for


def bundle(card: Any) -> dict[str, Any]:
    data, _ = card._repr_mimebundle_()
    return dict(data)


def test_a_cards_script_knows_where_the_lab_answers_on_this_machine(settings: Settings) -> None:
    settings = dataclasses.replace(settings, first_port=3100, ports=Ports(hub=5000, aws=4566))
    assert "const PORTS = [3100, 3101, 3102, 3103, 3104, 3105, 5000, 4566];" in module_of("action.js", settings)


def test_the_quiz_explains_only_where_asked() -> None:
    question = Question("Qual?", (Option("esta", "porque sim", True), Option("aquela", "porque não")))
    assert QuizCard([question]).text() == "Quiz · 1 perguntas\n\n1. Qual?\n   a) esta\n   b) aquela"
    card = QuizCard([question], explained=True)
    assert "      porque sim\n" in card.text() and WIDGET in bundle(card)
    card.tries = [[1]]
    assert card.text().endswith("Respondidas: 1 de 1; certas de primeira: 0")


def test_a_picture_draws_again_with_what_was_typed(sent: list[Any]) -> None:
    card = PictureCard(
        lambda values: Picture(values["name"], f"<p>{values['name']}</p>"),
        [{"name": "name", "label": "N", "value": "a"}],
    )
    assert card.text() == "a" and card.html == "<p>a</p>"
    click(card, do="refresh", values={"name": "b", "other": "c"})
    wait_for(lambda: bool(sent), "drawn")
    assert (
        card.html == "<p>b</p>"
        and card.fields[0]["value"] == "b"
        and sent == [{"drawn": True, "changed": True, "said": ""}]
    )
    click(card, do="refresh", values="nonsense")
    wait_for(lambda: len(sent) == 2, "drawn again")
    assert sent[-1] == {"drawn": True, "changed": False, "said": ""}


def test_a_picture_stores_a_still_beside_its_text() -> None:
    stored = PictureCard(lambda _: Picture("palavras", "<p>x</p>", "<svg/>"))._repr_mimebundle_()[0]
    assert stored["text/plain"] == "palavras" and stored["image/svg+xml"] == "<svg/>" and WIDGET in stored
    assert "image/svg+xml" not in PictureCard(lambda _: Picture("palavras", "<p>x</p>"))._repr_mimebundle_()[0]


def test_a_picture_follows_what_cards_have_run(runner: FakeRunner, sent: list[Any]) -> None:
    """After a step's button the page hears that it should look; a picture that does not follow says nothing."""
    followed, apart = (PictureCard(lambda _: Picture("x", "<p>x</p>")) for _ in range(2))
    followed.follow()
    card_of(runner).press("run", wait=True)
    assert [message for message in sent if "look" in message] == [{"look": True}]
    assert apart.text() == "x"


def drawings(*htmls: str) -> Iterator[Picture]:
    yield from (Picture(html, html) for html in htmls)


def test_a_picture_keeps_how_it_was_before_its_last_change(sent: list[Any]) -> None:
    following = drawings("<svg>a</svg>", "<svg>a</svg>", "<svg>b</svg>", "<svg>b</svg>", "<svg>c</svg>")
    card = PictureCard(lambda _: next(following))
    kept = []
    for _ in range(4):
        card.refresh()
        kept.append(card.earlier)
    assert kept == ["", "<svg>a</svg>", "<svg>a</svg>", "<svg>b</svg>"]


def test_neither_what_was_typed_nor_a_page_is_kept(sent: list[Any]) -> None:
    typed = PictureCard(
        lambda values: Picture("", values["name"]), [{"name": "name", "label": "N", "value": "<svg>a</svg>"}]
    )
    typed.refresh({"name": "<svg>b</svg>"})
    pages = drawings('<iframe data-page="x"></iframe>', "<svg>b</svg>")
    page = PictureCard(lambda _: next(pages))
    page.refresh()
    assert (typed.html, page.html, typed.earlier, page.earlier) == ("<svg>b</svg>", "<svg>b</svg>", "", "")


def test_a_picture_of_no_state_follows_nothing(runner: FakeRunner, sent: list[Any]) -> None:
    card = PictureCard(lambda _: Picture("x", "<p>x</p>"), fixed=True)
    card.follow()
    card_of(runner).press("run", wait=True)
    assert not [message for message in sent if "look" in message] and card.fixed


@pytest.mark.parametrize("error", [LabError("Não há imagem.", EVIL, "docker image ls"), ValueError(EVIL)])
def test_a_picture_that_fails_says_so(error: Exception) -> None:
    def fail(_values: object) -> Picture:
        raise error

    card = PictureCard(fail)
    assert "<img" not in card.html and card.text()


def test_the_prepare_card_lists_what_is_missing(settings: Settings) -> None:
    card = PrepareCard(
        lambda: ["aula 02: Construa"], lambda _watch: Status("passed", "Tudo pronto."), lambda: Redactor(settings)
    )
    assert "  - aula 02: Construa\n○ Por fazer" in card.text()
    card.press("run", wait=True)
    assert "✓ Comprovado: Tudo pronto." in card.text()


def test_the_prepare_card_turns_by_itself_once_nothing_is_missing(settings: Settings) -> None:
    """What it names may be typed in a terminal, too."""
    missing = ["aula 02: Construa"]
    card = PrepareCard(lambda: missing, lambda _watch: Status(), lambda: Redactor(settings))
    card.look_again()
    assert card.status["state"] == "pending"
    missing.clear()
    card.look_again()
    assert card.text().endswith(f"✓ Comprovado: {READY}")
    missing.append("aula 02: Construa")
    card.look_again()
    assert card.status["state"] == "passed", "what was ready once is not taken back unasked"


def test_a_look_that_fails_says_nothing(settings: Settings) -> None:
    looks: list[int] = []

    def missing() -> list[str]:
        looks.append(1)
        if len(looks) > 1:
            raise StateError("Não.", "", "")
        return ["aula 02: Construa"]

    card = PrepareCard(missing, lambda _watch: Status(), lambda: Redactor(settings))
    card.look_again()
    assert len(looks) == 2 and card.status["state"] == "pending"

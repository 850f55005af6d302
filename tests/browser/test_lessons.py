"""Every lesson on the screen; each kind of step by real clicks, its verdict read from the page.

That each step passes is proven by typing it, by its notebook and headless; here is what only a click can show. One page
per lesson for all tests of it: opening JupyterLab is what takes longest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from labs.base.wait import Look, until
from labs.course.catalog import Lesson, Step, load_course
from labs.course.glossary import terms

from .jupyterlab import ARTIFACTS, VIEWPORT, Card, Notebook, Server, Terminal, open_notebook, window

LESSONS = load_course().lessons
CASES = ("sem-login", "token-vencido", "porta-ocupada")
"""Of the clinic: one at the Hub, one at AWS, one of this machine."""
DARK = ("00-comece-aqui", "07-push-ecr", "10-clinica-de-erros")
"""Looked at in the dark theme too, which changes colours alone: between them they have every kind of card."""
TYPED_SECONDS = 60.0
TALL: ViewportSize = {"width": VIEWPORT["width"], "height": 2400}
"""A card fits on it whole, for the photographs."""
LARGE: ViewportSize = {"width": 1440, "height": 900}
ZOOMED: ViewportSize = {"width": VIEWPORT["width"] // 2, "height": VIEWPORT["height"] // 2}
"""What 200 % zoom leaves of a 1280 × 720 window, in CSS pixels (WCAG 2.2, 1.4.4)."""


@dataclass(frozen=True)
class Opened:
    """A lesson on the screen, all cells run."""

    lesson: Lesson
    notebook: Notebook
    context: BrowserContext


def clicked() -> dict[str, list[Step]]:
    """By lesson: an engine's steps; a registry's, with failures that are meant; an open one; cases of the clinic."""
    course = load_course()
    hub, ecr, clinic = course.lesson("04"), course.lesson("07"), course.lesson("10")
    cases = [clinic.step(name) for case in clinic.cases if case.id in CASES for name in case.steps]
    first, final = course.lesson("00"), course.lesson("09")
    return {
        **{lesson.id: list(lesson.steps) for lesson in (first, hub, ecr)},
        final.id: [step for step in final.steps if step.open][:1],
        clinic.id: cases,
    }


CLICKED = clicked()
CHALLENGED = ("04-push-docker-hub", "07-push-ecr")
ORDER = sorted(LESSONS, key=lambda lesson: (lesson.id not in CHALLENGED, lesson.id not in CLICKED, lesson.id))
"""Each test takes this list or its beginning: pytest brings the tests of one page together by the place in it."""


@pytest.fixture(scope="module", params=ORDER, ids=lambda lesson: lesson.id)
def opened(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Opened]:
    lesson: Lesson = request.param
    with window(chromium, server) as context:
        notebook = open_notebook(context, server, lesson.id)
        notebook.wait_for_cards()
        if lesson.id in CLICKED:
            notebook.prepare()
        yield Opened(lesson, notebook, context)


# Doing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened", ORDER[: len(CLICKED)], ids=lambda one: one.id, indirect=True)
def test_a_step_passes_by_its_buttons(opened: Opened) -> None:
    for step in CLICKED[opened.lesson.id]:
        card = opened.notebook.card(opened.lesson, step)
        if step.open:
            card.press("Solução").press("Executar a solução")
        else:
            card.press("Executar")
        card.expect_passed()
        if step.expect:
            said = re.compile("|".join(map(re.escape, step.expect)))
            expect(card.where.locator(".lab-log")).to_contain_text(said)


def approve(card: Card, context: BrowserContext) -> None:
    """Follow the address in the card, compare the code, approve, as a person does."""
    log = card.where.locator(".lab-log")
    with context.expect_page() as waiting:
        log.get_by_role("link").click()
    page = waiting.value
    code = page.get_by_label("Código", exact=True).inner_text()
    expect(log).to_contain_text(f"Código: {code}")
    page.get_by_role("button", name="Aprovar acesso").click()
    expect(page.get_by_role("heading")).to_have_text("Acesso autorizado")
    page.close()


@pytest.mark.parametrize("opened", ORDER[: len(CHALLENGED)], ids=lambda one: one.id, indirect=True)
def test_the_challenge_is_solved_by_typing(opened: Opened) -> None:
    """Unsolved it does not pass; typed in JupyterLab's own terminal it does, by the state alone."""
    challenge = opened.lesson.challenge
    assert challenge
    card = opened.notebook.card(opened.lesson, challenge)
    assert card.press("Verificar").ended() == "failed", card.where.inner_text()
    terminal = Terminal(opened.notebook)
    terminal.type(challenge.command.strip())
    until("o desafio passar", lambda: _verified(card), TYPED_SECONDS)
    if challenge.cleanup:
        terminal.type(challenge.cleanup)


def _verified(card: Card) -> Look:
    state = card.press("Verificar").ended()
    return Look(state == "passed", card.where.inner_text())


def test_every_question_explains_its_answers(opened: Opened) -> None:
    card = opened.notebook.named("Quiz")
    questions = card.where.locator("fieldset")
    expect(questions).to_have_count(len(opened.lesson.quiz))
    for asked, question in zip(questions.all(), opened.lesson.quiz, strict=True):
        for index, option in sorted(enumerate(question.options), key=lambda pair: pair[1].right):
            asked.get_by_role("radio").nth(index).check()
            said = asked.get_by_role("status")
            expect(said).to_contain_text("Certa" if option.right else "Errada")
            expect(said).to_contain_text(option.because.replace("`", ""))


def test_each_term_is_linked_once_in_running_text(opened: Opened) -> None:
    """At its first use; what its link says stands in the glossary."""
    page = opened.notebook.page
    page.wait_for_function("() => document.querySelectorAll('.lab-term').length > 5")
    linked: list[str] = page.evaluate("() => [...document.querySelectorAll('.lab-term')].map((one) => one.hash)")
    assert len(linked) == len(set(linked))
    assert {unquote(one) for one in linked} <= {f"#{one.anchor}" for one in terms()}
    assert page.locator(":is(a, code, h1, h2, h3, h4, th, .lab-card) .lab-term").count() == 0


# Seeing ---------------------------------------------------------------------------------------------


def test_no_price_is_taken_for_a_formula(opened: Opened) -> None:
    expect(opened.notebook.page.locator("mjx-container")).to_have_count(0)


def test_the_cards_are_accessible(opened: Opened, pytestconfig: pytest.Config) -> None:
    """axe-core finds nothing serious inside the kit's cards; with `--photographs` a picture of each is kept."""
    photographs = bool(pytestconfig.getoption("--photographs"))
    everywhere = photographs or pytestconfig.getoption("--exhaustive")
    for theme in ("light", "dark") if everywhere or opened.lesson.id in DARK else ("light",):
        look(opened, theme, photographs)


def look(opened: Opened, theme: str, photographs: bool) -> None:
    notebook = opened.notebook
    notebook.theme(theme)
    notebook.page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")  # axe sees what is drawn
    try:
        found = Axe().run(notebook.page, context=".lab-card", options={"resultTypes": ["violations"]})
        wrong = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        assert not wrong, json.dumps(
            [{"id": one["id"], "nodes": [node["html"][:300] for node in one["nodes"]]} for one in wrong], indent=1
        )
        if photographs:
            notebook.page.set_viewport_size(TALL)
            keep_pictures(opened, theme)
    finally:
        notebook.page.set_viewport_size(VIEWPORT)
        notebook.theme("light")


def keep_pictures(opened: Opened, theme: str) -> None:
    folder = ARTIFACTS / opened.lesson.id
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"*-{theme}.png"):
        old.unlink()
    for number, card in enumerate(opened.notebook.cards.all()):
        name = re.sub(r"\W+", "-", card.get_attribute("aria-label") or "").strip("-").lower()
        card.screenshot(path=folder / f"{number:02}-{name}-{theme}.png", animations="disabled")


@pytest.mark.parametrize("size", [VIEWPORT, ZOOMED, LARGE], ids=["100%", "200%", "1440"])
def test_the_cards_fit(opened: Opened, size: ViewportSize) -> None:
    """Nothing sticks out of a card sideways; what is wide (a log, a table) scrolls inside."""
    page = opened.notebook.page
    page.set_viewport_size(size)
    try:
        page.wait_for_function("width => window.innerWidth === width", arg=size["width"])
        assert page.evaluate(OVERFLOWING) == []
    finally:
        page.set_viewport_size(VIEWPORT)


OVERFLOWING = """() => {
  const found = [];
  for (const card of document.querySelectorAll(".lab-card")) {
    const right = card.getBoundingClientRect().right;
    if (card.scrollWidth > card.clientWidth + 1) found.push(card.getAttribute("aria-label") + ": scrolls sideways");
    for (const node of card.querySelectorAll("*")) {
      const scrolls = node.parentElement.closest(".lab-log, .lab-table, .lab-scroll, .lab-hidden, svg");
      if (scrolls || node.matches(".lab-hidden")) continue;
      if (node.getBoundingClientRect().right > right + 1) {
        found.push(`${card.getAttribute("aria-label")}: ${node.outerHTML.slice(0, 160)}`);
      }
    }
  }
  return found;
}"""


@pytest.mark.parametrize("size", [VIEWPORT, LARGE], ids=["1280", "1440"])
def test_the_drawings_letters_can_be_read(opened: Opened, size: ViewportSize) -> None:
    """On a screen; and from the last row, but for what is cut to its box: code, and letters on a layer's slice."""
    page = opened.notebook.page
    page.set_viewport_size(size)
    page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")  # all of them are laid out
    try:
        page.wait_for_function("width => window.innerWidth === width", arg=size["width"])
        assert unreadable(page, LEAST_LETTER) == []
        page.keyboard.press("Control+Alt+p")
        expect(page.locator("body.lab-presenting")).to_be_attached()
        assert unreadable(page, LEAST_PROJECTED, bound=False) == []
    finally:
        if page.locator("body.lab-presenting").count():
            page.keyboard.press("Control+Alt+p")
        page.set_viewport_size(VIEWPORT)


def unreadable(page: Page, least: float, *, bound: bool = True) -> list[str]:
    """Texts of drawings that are smaller, or leave their drawing; without `bound` not those that have no more room."""
    return [
        f"{one['pixels']:.1f} px: {one['words']} ({one['drawing']})"
        for one in page.evaluate(LETTERS)
        if one["out"] or (one["pixels"] < least and (bound or not one["bound"]))
    ]


LEAST_LETTER, LEAST_PROJECTED = 12, 23.9
LETTERS = """() => [...document.querySelectorAll(".lab-picture .lab-drawing")].flatMap((drawing) => {
  const { width } = drawing.viewBox.baseVal;
  const scale = drawing.getBoundingClientRect().width / width;
  return [...(scale ? drawing.querySelectorAll("text") : [])].map((text) => {
    const box = text.getBBox();
    return {
      drawing: drawing.getAttribute("aria-label"),
      words: text.textContent,
      pixels: parseFloat(getComputedStyle(text).fontSize) * scale,
      bound: text.hasAttribute("font-family") || text.getAttribute("font-size") === "11",
      out: box.x < -1 || box.x + box.width > width + 1,
    };
  });
})"""
"""Each text of each drawing: how large its letters are, whether its place is fixed, whether it leaves the drawing."""


def test_nothing_moves_for_who_asked_for_less_motion(opened: Opened) -> None:
    """The windows of these tests ask for reduced motion."""
    page = opened.notebook.page
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    moving = """() => [...document.querySelectorAll(".lab-card, .lab-card *")].filter((node) => {
      const style = getComputedStyle(node);
      return style.animationName !== "none" || !/^0s(, 0s)*$/.test(style.transitionDuration);
    }).map((node) => node.outerHTML.slice(0, 120))"""
    assert page.evaluate(moving) == []

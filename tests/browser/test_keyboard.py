"""A lesson by keyboard alone: reach everything with Tab, see where the focus is, press with Enter and Space."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect

from labs.course.catalog import load_course

from .conftest import Open
from .jupyterlab import Card
from .test_interruptions import WAITING

LESSON = load_course().lesson("01")
TABS = 150
"""More stops than lie between two buttons that follow each other on the page."""


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until the target has the focus, and see the focus ring on the way."""
    for _ in range(TABS):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
        assert page.evaluate(RING) != "none", page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"not reached with {TABS} × {key}: {target}")


RING = """() => {
  const focused = document.activeElement;
  if (focused.tagName === "IFRAME") return "inside"; // the page in it shows where
  if (!focused.closest(".lab-card")) return "outside";
  const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(focused);
  return parseFloat(outlineWidth) >= 3 && parseFloat(outlineOffset) >= 2 ? outlineStyle : "none";
}"""
"""JupyterLab's own ring is one pixel, on the button's edge."""


def test_a_whole_lesson_by_keyboard(open_lesson: Open) -> None:
    notebook = open_lesson(LESSON.id)
    page = notebook.page
    notebook.select(0)  # the mouse only says where reading begins
    for step in LESSON.steps:
        card = notebook.card(LESSON, step)
        read_the_command(page, card)
        tab_to(page, card.button("Executar"))
        page.keyboard.press("Enter")
        card.expect_passed()
        expect(card.button("Executar")).to_be_focused()
        tab_to(page, card.button("Verificar"))
        page.keyboard.press("Space")
        card.expect_passed()
        open_panel(page, card, "Dica", "Enter")
        if step.solution:
            open_panel(page, card, "Solução", "Space")
    answer_the_quiz(page, notebook.named("Quiz"))
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)


def read_the_command(page: Page, card: Card) -> None:
    """Tab stops once at the command; the arrows go through its parts, and each is explained below."""
    parts = card.where.locator(".lab-part")
    tab_to(page, parts.first)
    for part in parts.all():
        expect(part).to_be_focused()
        meaning = part.get_attribute("data-meaning") or ""
        expect(card.where.locator(".lab-tip")).to_have_text(meaning.replace("`", ""))
        page.keyboard.press("ArrowRight")
    expect(parts.first).to_be_focused()


def test_the_key_to_the_next_step_takes_the_keyboard_there(open_lesson: Open) -> None:
    """Enter does not press a button that is out of view, and Tab goes on at the card."""
    notebook = open_lesson(LESSON.id)
    page, (first, second) = notebook.page, LESSON.steps[:2]
    notebook.card(LESSON, first).button("Executar").focus()
    page.keyboard.press("Control+Alt+ArrowDown")
    card = notebook.card(LESSON, second)
    expect(card.where).to_be_focused()
    expect(card.where).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(card.where.locator(".lab-part").first).to_be_focused()
    page.keyboard.press("Control+Alt+ArrowUp")
    expect(notebook.card(LESSON, first).where).to_be_focused()


def test_a_key_goes_to_the_terminal_and_back_to_the_card(open_lesson: Open) -> None:
    """Tab is the shell's there."""
    notebook = open_lesson(LESSON.id)
    page, step = notebook.page, LESSON.steps[1]
    notebook.select(0)
    page.keyboard.press("Control+Alt+ArrowDown")
    page.keyboard.press("Control+Alt+ArrowDown")
    card = notebook.card(LESSON, step)
    page.keyboard.press("Control+Alt+Enter")
    expect(page.locator(".jp-Terminal textarea")).to_be_focused()
    page.keyboard.press("Control+Alt+Enter")
    expect(card.where).to_be_focused()
    expect(card.where).to_be_in_viewport()


def open_panel(page: Page, card: Card, name: str, key: str) -> None:
    button = card.button(name)
    tab_to(page, button)
    page.keyboard.press(key)
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator(f"id={button.get_attribute('aria-controls')}")).to_be_visible()


def answer_the_quiz(page: Page, card: Card) -> None:
    """Arrows go through a question's options without answering; Space does."""
    for asked, question in zip(card.where.locator("fieldset").all(), LESSON.quiz, strict=True):
        radios = asked.get_by_role("radio")
        right = next(index for index, option in enumerate(question.options) if option.right)
        tab_to(page, radios.first)
        for _ in range(right):
            page.keyboard.press("ArrowDown")
        expect(radios.nth(right)).to_be_focused()
        expect(asked.get_by_role("radio", checked=True)).to_have_count(0)
        page.keyboard.press("Space")
        expect(radios.nth(right)).to_be_checked()
        expect(asked.get_by_role("status")).to_contain_text("✓ Certa")
    expect(card.where.locator(".lab-score")).to_have_text(
        f"Acertos: {len(LESSON.quiz)} de {len(LESSON.quiz)}; de primeira: {len(LESSON.quiz)}."
    )


def test_a_link_in_the_output_keeps_the_focus_while_more_is_said(open_lesson: Open, context: BrowserContext) -> None:
    lesson, step = WAITING
    card = open_lesson(lesson.id).card(lesson, step)
    page = card.where.page
    card.button("Executar").focus()
    page.keyboard.press("Enter")
    link = card.where.locator(".lab-log").get_by_role("link")
    expect(link).to_be_visible()
    tab_to(page, link)
    with context.expect_page() as waiting:
        page.keyboard.press("Enter")
    approval = waiting.value
    button = approval.get_by_role("button", name="Aprovar acesso")
    button.focus()
    approval.keyboard.press("Enter")
    expect(approval.get_by_role("heading")).to_have_text("Acesso autorizado")
    approval.close()
    card.expect_passed()
    expect(link).to_be_focused()


def test_one_key_shortcuts_of_the_notebook_do_not_reach_a_card(open_lesson: Open) -> None:
    """`d d` deletes a cell, `b` adds one, `0 0` restarts the kernel: not while a button has the focus."""
    notebook = open_lesson(LESSON.id)
    notebook.card(LESSON, LESSON.steps[0]).button("Executar").focus()
    notebook.page.keyboard.type("ddb00")
    expect(notebook.cells).to_have_count(notebook.count)
    expect(notebook.page.locator(".jp-Dialog")).to_have_count(0)

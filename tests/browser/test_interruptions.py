"""In the middle of a lesson: a reload, a kernel's restart, a second tab, a slow machine, the lab switched off."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, expect

from labs.course.catalog import Lesson, Step, load_course

from .conftest import Open
from .jupyterlab import LOADING, WORKING, Card, Server, open_notebook
from .test_lessons import approve


def find(text: str) -> tuple[Lesson, Step]:
    """The first step of the course whose command contains this text, and is meant to succeed."""
    steps = ((lesson, step) for lesson in load_course().lessons for step in lesson.steps)
    return next((lesson, step) for lesson, step in steps if text in step.command and not step.expect)


WAITING = find("labs.sso")
"""A step that runs until a person approves it elsewhere: it can be met in the middle for as long as a test needs."""
BUILD = find("docker build -t widget-server:v1 .")
LOGOUT = find("docker logout $HUB_REGISTRY")
PUSH = find("docker push $HUB_REGISTRY/$HUB_USER/widget-server:v1")


def running(card: Card) -> Card:
    expect(card.where).to_have_attribute("data-state", WORKING)
    return card


def test_a_reload_in_the_middle_of_a_step_loses_nothing(open_lesson: Open, context: BrowserContext) -> None:
    lesson, step = WAITING
    notebook = open_lesson(lesson.id)
    card = notebook.card(lesson, step).press("Executar")
    expect(card.where.locator(".lab-log a")).to_be_visible()
    notebook.save()
    notebook.reload()
    again = running(notebook.card(lesson, step))
    approve(again, context)
    again.expect_passed()


def test_a_step_can_be_stopped(open_lesson: Open) -> None:
    lesson, step = WAITING
    card = open_lesson(lesson.id).card(lesson, step).press("Executar")
    expect(card.where.locator(".lab-log a")).to_be_visible()
    card.press("Interromper")
    assert card.ended() == "stopped"
    expect(card.verdict).to_contain_text("■ Interrompido")
    expect(card.button("Executar")).to_be_focused()


def test_two_tabs_on_one_lesson_run_a_step_once(open_lesson: Open, context: BrowserContext, server: Server) -> None:
    lesson, step = WAITING
    first = open_lesson(lesson.id)
    first.save()
    second = open_notebook(context, server, lesson.id, workspace="outra")
    second.wait_for_cards()
    cards = [first.card(lesson, step), second.card(lesson, step)]
    # Both found before either is pressed: the other tab's button says "Executando…" at once.
    buttons = [card.button("Executar").element_handle() for card in cards]
    for button in buttons:
        button.evaluate("button => { button.click(); button.click(); }")
    for card in cards:
        running(card)
        expect(card.where.locator(".lab-log a")).to_have_count(1)
    links = [card.where.locator(".lab-log a").get_attribute("href") for card in cards]
    assert links[0] == links[1]
    approve(cards[1], context)
    for card in cards:
        card.expect_passed()


IMPATIENT = (
    "const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms === 2000 ? 0 : ms);"
)
"""anywidget's patience with a module that loads, 2 s, over at once: each card is as on a machine that took longer."""


def test_cards_that_a_slow_machine_draws_late_still_hear_the_kernel(open_lesson: Open, context: BrowserContext) -> None:
    context.add_init_script(IMPATIENT)
    lesson, step = BUILD
    card = open_lesson(lesson.id).card(lesson, step)
    card.press("Executar").expect_passed()
    expect(card.where.locator(".lab-log")).to_contain_text("Successfully tagged")


def test_after_a_restart_of_the_kernel_the_lesson_goes_on_by_itself(open_lesson: Open) -> None:
    lesson, step = BUILD
    notebook = open_lesson(lesson.id)
    notebook.card(lesson, step).press("Executar").expect_passed()
    before = notebook.card(lesson, step).where.element_handle()
    notebook.restart_kernel()
    notebook.page.wait_for_function("card => !card.isConnected", arg=before, timeout=LOADING)
    notebook.wait_for_cards()
    card = notebook.card(lesson, step)
    card.expect_passed()  # the state proves it: nothing has to be done again
    card.press("Executar").expect_passed()


def test_a_diagnosis_that_no_kernel_heard_says_so(open_lesson: Open) -> None:
    notebook = open_lesson("10-clinica-de-erros")
    card = notebook.cards.filter(has_text="Diagnóstico.").first
    answers = card.get_by_role("radio")
    answers.nth(0).check()
    expect(card.locator(".lab-score")).to_contain_text("tentativa")
    notebook.end_kernel()
    answers.nth(1).check()
    expect(card.locator(".lab-score")).to_contain_text("não foi guardada", timeout=15_000)


def test_the_lab_switched_off_under_an_open_lesson_and_on_again_by_its_button(
    open_lesson: Open, server: Server
) -> None:
    lesson, step = BUILD
    notebook = open_lesson(lesson.id)
    card = notebook.card(lesson, step)
    try:
        server.labs("down")
        assert card.press("Executar").ended() == "failed"
        expect(card.verdict).to_contain_text("O Docker Engine não responde")
        expect(card.where).not_to_contain_text("Traceback")
        expect(card.where.locator(".lab-next code")).to_have_text("python3 -m labs up")
        card.press("Executar o conserto")
        expect(card.where).to_have_attribute("data-state", WORKING)
        expect(card.where).not_to_have_attribute("data-state", WORKING, timeout=60_000)
    finally:
        server.labs("up")
    card.press("Executar").expect_passed()


def test_a_notebook_with_a_secret_is_not_saved_until_it_is_gone(context: BrowserContext, server: Server) -> None:
    notebook = open_notebook(context, server, WAITING[0].id)
    file = server.home / "work" / "notebooks" / f"{notebook.name}.ipynb"
    notebook.wait_for_cards()
    before, keys = file.read_bytes(), notebook.page.keyboard
    notebook.select(0)
    for key in ("b", "Enter"):  # a new cell, and into it
        keys.press(key)
    keys.type((server.home / "secrets" / "hub-token").read_text().strip())
    keys.press("Control+s")
    dialog = notebook.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text(re.compile(r"não foi salvo\. Onde: célula \d+, texto: secrets/hub-token\."))
    assert file.read_bytes() == before
    dialog.get_by_role("button").click()
    for key in ("Escape", "d", "d"):
        keys.press(key)
    notebook.save()


def test_the_usual_repair_of_a_refused_push(open_lesson: Open) -> None:
    lesson, step = PUSH
    notebook = open_lesson(lesson.id)
    logout, push = notebook.card(*LOGOUT), notebook.card(lesson, step)
    logout.press("Executar").expect_passed()
    assert push.press("Executar").ended() == "failed"
    expect(push.where.locator(".lab-next code")).to_contain_text("docker login")
    push.press("Executar o conserto")
    expect(push.verdict).to_contain_text("Conserto feito. Agora execute o passo de novo.")
    push.press("Executar").expect_passed()

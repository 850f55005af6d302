"""What a learner feels, measured in a real Chromium: a click's answer, a lesson's opening, a long log, a kernel."""

from __future__ import annotations

import itertools
import json
import statistics
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, expect

from labs.base.settings import Settings
from labs.course.catalog import load_course
from labs.jupyter import server as jupyter
from tests.browser.jupyterlab import (
    LOADING,
    Card,
    Server,
    chromium,
    expected_cards,
    open_notebook,
    seconds_until_green,
    started,
    wait_for_kernel,
    window,
)

CLICKS = 10
LINES = 10_000
LOG = f"""
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.running.runner import Runner
from labs.base.settings import Settings
from labs.widgets.action import StepCard
step = Step("log", "Log", "seq -f 'linha %.0f de uma saída longa' {LINES}", CheckSpec("engine_answers", {{}}))
lesson = Lesson("99-bench", "Bench", 1, "", (), (step,))
runner = Runner(Settings.load(), course=Course((lesson,)))
StepCard(lesson, step, lambda: runner)
"""
WATCH_CLICK = """card => {
  window.feedback = [];
  let clicked = 0;
  card.addEventListener("click", (event) => { clicked = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (!clicked || card.dataset.state !== "running") return;
    const began = clicked;
    clicked = 0;
    requestAnimationFrame(() => setTimeout(() => window.feedback.push(performance.now() - began)));
  }).observe(card, { attributes: true, attributeFilter: ["data-state"] });
}"""
WATCH_TASKS = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
}"""
WATCH_CARDS = """count => {
  let began = 0;
  document.addEventListener("keydown", () => { began = performance.now(); }, true);
  window.drawn = new Promise((resolve) => {
    const look = () => document.querySelectorAll(".lab-card").length >= count
      ? setTimeout(() => resolve(performance.now() - began))
      : requestAnimationFrame(look);
    look();
  });
}"""
"""From the last key (the one that runs the cells) to the end of the frame with the last card."""


def felt(settings: Settings, runs: int) -> list[tuple[str, str, str]]:
    """Rows of the table. Starts JupyterLab on the lab's folder, and stops both at the end."""
    with started(settings.home, 9721) as server, chromium() as browser:
        rows = []
        with window(browser, server) as context:
            rows += clicks(context, server)
        with window(browser, server) as context:
            rows += typed(context, server)
        rows += openings(browser, server, settings, runs)
        with window(browser, server) as context:
            rows += log(context, server, runs)
    return rows


def clicks(context: BrowserContext, server: Server) -> list[tuple[str, str, str]]:
    """From the click's own time stamp to the end of the frame that shows the answer."""
    lesson = load_course().lessons[0]
    notebook = open_notebook(context, server, lesson.id)
    notebook.wait_for_cards()
    card = notebook.card(lesson, lesson.steps[0])
    card.where.evaluate(WATCH_CLICK)
    for number in range(1, CLICKS + 1):
        card.press("Executar").expect_passed()
        notebook.page.wait_for_function("count => window.feedback.length === count", arg=number)
    took: list[float] = notebook.page.evaluate("window.feedback")
    return [("click → first visible feedback", _spread(took, "ms"), "≤ 100 ms")]


def typed(context: BrowserContext, server: Server) -> list[tuple[str, str, str]]:
    """From Enter in the terminal to the frame with the green card: steps whose command takes no time of its own."""
    took = []
    for lesson in (load_course().lesson("03"), load_course().lesson("04")):
        server.labs("prepare", lesson.id)
        notebook = open_notebook(context, server, lesson.id)
        notebook.wait_for_cards()
        quick = itertools.takewhile(lambda one: not one.line.builds, lesson.steps)
        for step in (one for one in quick if not (one.given or one.expect or one.open)):
            took.append(seconds_until_green(notebook.card(lesson, step), step.command.strip()))
    return [(f"command typed in the terminal → green card ({len(took)} commands)", _spread(took, "s"), "≤ 2 s")]


def openings(browser: Browser, server: Server, settings: Settings, runs: int) -> list[tuple[str, str, str]]:
    """All cells run at once in the lesson with most cards, its kernel ready; then that kernel's memory."""
    took, sizes = [], []
    cards, name = max((expected_cards(one.id), one.id) for one in load_course().lessons)
    for _ in range(runs):
        with window(browser, server) as context:
            notebook = open_notebook(context, server, name)
            notebook.select(0)
            notebook.page.evaluate(WATCH_CARDS, cards)
            notebook.page.keyboard.press("Control+a")
            notebook.page.keyboard.press("Control+Enter")
            took.append(notebook.page.evaluate("window.drawn") / 1000)
            notebook.wait_for_cards()
            sizes.append(_kernel_size(settings))
    return [
        (f"{name} opens with its {cards} cards drawn, kernel ready", _spread(took, "s"), "≤ 2 s"),
        ("kernel with that lesson open, proportional set size", _spread(sizes, "MB"), "≤ 150 MB"),
    ]


def log(context: BrowserContext, server: Server, runs: int) -> list[tuple[str, str, str]]:
    """The longest task of the page's main thread while a step prints ten thousand lines."""
    page = _scratch_notebook(context, server)
    card = Card(page.locator(".lab-card"))
    page.evaluate(WATCH_TASKS)
    for _ in range(runs):
        card.press("Executar").expect_passed()
        expect(card.where.locator(".lab-log")).to_contain_text(f"linha {LINES} ")
    tasks: list[float] = page.evaluate("window.tasks")
    longest = f"{max(tasks):.0f} ms ({len(tasks)} over 50 ms in {runs} runs)" if tasks else "none over 50 ms"
    return [(f"longest task of the page while a step prints {LINES:,} lines", longest, "≤ 200 ms")]


def _scratch_notebook(context: BrowserContext, server: Server) -> Page:
    """A notebook with one cell that shows a step of the benchmark's own."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "log",
        "metadata": {},
        "source": LOG,
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (server.home / "work" / "notebooks" / "bench.ipynb").write_text(json.dumps(book), "utf-8")
    page = context.new_page()
    page.goto(f"{server.origin}/lab/workspaces/bench/tree/notebooks/bench.ipynb?reset")
    wait_for_kernel(page)
    page.locator(".jp-CodeCell .jp-InputPrompt").first.click(force=True)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".lab-card")).to_be_visible(timeout=LOADING)
    return page


def _kernel_size(settings: Settings) -> float:
    for pid in jupyter.descendants(settings):
        process = psutil.Process(pid)
        if "ipykernel_launcher" in process.cmdline():
            return float(process.memory_full_info().pss) / 2**20
    raise RuntimeError("no kernel runs")


def _spread(values: list[float], unit: str) -> str:
    digits = 2 if unit == "s" else 0
    median, least, most = statistics.median(values), min(values), max(values)
    return f"{median:.{digits}f} {unit} ({least:.{digits}f}–{most:.{digits}f})"

"""JupyterLab in a real Chromium, as a learner uses it: notebooks, cards, terminal, themes.

Nothing here knows a lesson: cards are found by the heading that the catalogue gives them, JupyterLab's own parts by
what does not change with its language.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect, sync_playwright

from labs import sandbox
from labs.base.foreign import without_foreign
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.course.catalog import Lesson, Step
from labs.jupyter import server as jupyter
from labs.widgets.action import described

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
ARTIFACTS = CLONE / "artifacts" / "browser"
NOTEBOOKS = CLONE / "notebooks"
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
LOADING = 60_000.0  # ms; Playwright's unit
STEP = 120_000.0  # ms; a step may build an image
START_SECONDS = 180.0
THEMES = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
RESTING = re.compile("passed|holding|failed|stopped")
WORKING = re.compile("running|checking")


@dataclass(frozen=True)
class Server:
    """A running `python3 -m labs start`: where it answers, its token, its state folder."""

    origin: str
    token: str
    home: Path
    opened: str = ""
    """The address that `start` opens."""

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    def labs(self, *words: str) -> None:
        """A verb of the kit, typed in a terminal of the machine."""
        subprocess.run(
            [sys.executable, "-m", "labs", *words],
            cwd=CLONE,
            env=_environment(self.home),
            check=True,
            capture_output=True,
        )


def _environment(home: Path) -> dict[str, str]:
    return without_foreign(os.environ) | {"LABS_HOME": str(home), "LABS_ENGINE": "private", "PYTHONPATH": str(CLONE)}


class Card:
    """One of the kit's cards in the page."""

    def __init__(self, where: Locator) -> None:
        self.where = where
        self.verdict = where.locator(".lab-verdict")

    def button(self, name: str) -> Locator:
        return self.where.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> Card:
        self.button(name).click()
        return self

    def state(self) -> str:
        return self.where.get_attribute("data-state") or ""

    def ended(self, timeout: float = STEP) -> str:
        """Wait until the card rests; returns how it stands."""
        expect(self.where).to_have_attribute("data-state", RESTING, timeout=timeout)
        return self.state()

    def expect_passed(self, timeout: float = STEP) -> None:
        """Wait for the verdict; what did not pass shows the whole card."""
        assert self.ended(timeout) == "passed", self.where.inner_text()
        expect(self.verdict).to_contain_text("✓ Comprovado: ")


def cells_of(name: str) -> list[str]:
    """The sources of a lesson's cells."""
    book = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
    return ["".join(cell["source"]) for cell in book["cells"]]


def expected_cards(name: str) -> int:
    """How many cards a lesson shows once all its cells have run: one per call of `lab`."""
    return sum(source.startswith("lab.") for source in cells_of(name))


def wait_for_kernel(page: Page) -> None:
    """The notebook has its kernel, and it is idle. (Without one, the indicator says idle too.)"""
    expect(page.locator(".jp-Toolbar-kernelName").first).to_contain_text("Python", timeout=LOADING)
    indicator = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first
    expect(indicator).to_be_attached(timeout=LOADING)


PROMPTED = """() => {
  const areas = ["main", "down"].flatMap((area) => [...window.jupyterapp.shell.widgets(area)]);
  const terminals = areas.map((widget) => widget.content?._term).filter(Boolean);
  return terminals.length > 0 && terminals.every((one) => one.buffer.active.getLine(0)?.translateToString(true));
}"""


def wait_for_prompt(page: Page) -> None:
    """Every terminal shows its first line. (JupyterLab loses what is typed before a terminal is connected.)"""
    page.wait_for_function(PROMPTED, timeout=LOADING)


WATCH_GREEN = """card => {
  let began = 0;
  const enter = (event) => { if (event.key === "Enter") began = event.timeStamp; };
  document.addEventListener("keydown", enter, true);
  window.green = new Promise((resolve) => new MutationObserver((_, observer) => {
    if (card.dataset.state !== "passed") return;
    document.removeEventListener("keydown", enter, true);
    observer.disconnect();
    requestAnimationFrame(() => resolve((performance.now() - began) / 1000));
  }).observe(card, { attributes: true, attributeFilter: ["data-state"] }));
}"""


def seconds_until_green(card: Card, line: str) -> float:
    """Type a line in the terminal below; from Enter's own time stamp to the frame that shows the card's proof."""
    page = card.where.page
    wait_for_prompt(page)
    card.where.evaluate(WATCH_GREEN)
    page.locator("#jp-down-stack .xterm-helper-textarea").first.focus()
    page.keyboard.type(line)
    page.keyboard.press("Enter")
    card.expect_passed()
    return float(page.evaluate("window.green"))


class Notebook:
    """An open notebook."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.count = len(cells_of(name))
        self.expected_cards = expected_cards(name)
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        self.cards = page.locator(".lab-card")

    def wait_until_ready(self) -> None:
        """Cells drawn and the kernel idle."""
        expect(self.cells).to_have_count(self.count, timeout=LOADING)
        wait_for_kernel(self.page)

    def reload(self) -> None:
        self.page.reload()
        self.wait_until_ready()

    def select(self, index: int) -> None:
        """Select a cell as a click beside it does."""
        self.cells.nth(index).locator(".jp-InputPrompt").first.click(force=True)
        self.page.keyboard.press("Escape")

    def wait_for_cards(self) -> None:
        """The lesson has drawn every card, by itself."""
        awake = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)[data-lab=awake]")
        expect(awake).to_have_count(1, timeout=LOADING)
        expect(self.page.locator(".jp-CodeCell .jp-InputPrompt", has_text="*")).to_have_count(0, timeout=LOADING)
        self.page.wait_for_function(
            "count => document.querySelectorAll('.lab-card').length >= count", arg=self.expected_cards, timeout=LOADING
        )

    def card(self, lesson: Lesson, step: Step) -> Card:
        return self.named(described(lesson, step)["heading"])

    def named(self, heading: str) -> Card:
        return Card(self.page.locator(f'section.lab-card[aria-label="{heading}"]'))

    def prepare(self) -> None:
        """Press the button of the card that names what the lesson lacks, where there is one."""
        card = self.named("Antes de começar")
        if card.where.count():
            card.press("Preparar esta aula").expect_passed()

    def show(self) -> None:
        """Bring the notebook's tab to the front."""
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=f"{self.name}.ipynb").click()

    def save(self) -> None:
        """Returns once the file is written: a lesson that was only looked at is not marked as changed."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save().then(() => null)")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0, timeout=LOADING)

    def restart_kernel(self) -> None:
        """The toolbar's button, and the question that it asks."""
        self.page.locator('[data-jp-item-name="restart"] button, [data-jp-item-name="restart"] jp-button').first.click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0, timeout=LOADING)

    def end_kernel(self) -> None:
        """As who presses "Desligar kernel", and goes on to click."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def theme(self, theme: str) -> None:
        """`light` or `dark`: JupyterLab follows the system's (`window` asked it to)."""
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        flag = "false" if theme == "dark" else "true"
        expect(self.page.locator(f"body[data-jp-theme-light={flag}]")).to_be_attached(timeout=LOADING)


class Terminal:
    """A terminal of JupyterLab's own, in another tab of the notebook's page, standing in the learner's working copy."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook, self.page = notebook, notebook.page
        icon = self.page.locator('[data-icon="ui-components:terminal"]')
        self.page.locator("#jp-main-dock-panel .lm-TabBar-addButton").first.click()
        self.page.locator(".jp-LauncherCard:visible", has=icon).first.click()
        self.tab = self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has=icon).last
        self.keys = self.page.locator(".jp-Terminal .xterm-helper-textarea").last
        wait_for_prompt(self.page)
        self.type('cd "$LAB_WORK/widget-server" && clear')

    def type(self, line: str) -> None:
        """Type a line, press Enter, and go back to the notebook."""
        self.tab.click()
        self.keys.focus()
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")
        self.notebook.show()


@contextmanager
def started(home: Path, port: int = 9720) -> Iterator[Server]:
    """`python3 -m labs start --no-browser` with this state folder, until it is told to stop."""
    log = home / "start.txt"
    command = [sys.executable, "-m", "labs", "start", "--no-browser", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CLONE, env=_environment(home), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield _server(process, log, home)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        jupyter.stop(Settings(home=home))
        sandbox.down(Settings(home=home), lambda _: None)


def _server(process: subprocess.Popen[bytes], log: Path, home: Path) -> Server:
    address = re.compile(r"JupyterLab pronto: ((http://127\.0\.0\.1:\d+)/\S*token=(\S+))")

    def look() -> Look:
        text = log.read_text("utf-8")
        return Look(bool(address.search(text)) or process.poll() is not None, text)

    until("o endereço do JupyterLab aparecer", look, START_SECONDS)
    found = address.search(log.read_text("utf-8"))
    assert found, log.read_text("utf-8")
    return Server(found[2], found[3], home, found[1])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium with an empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A logged-in browser window; JupyterLab follows the system's theme. Its kernels and terminals end with it."""
    context = browser.new_context(viewport=VIEWPORT, locale="pt-BR", reduced_motion="reduce")
    context.set_default_timeout(LOADING)
    try:
        context.request.get(f"{server.origin}/lab?token={server.token}")
        wish = {"raw": '{"adaptive-theme": true}'}
        context.request.put(f"{server.origin}{THEMES}", headers=server.headers(), data=wish)
        yield context
    except BaseException:
        photograph(context, "fixture")
        raise
    finally:
        for kind, key in (("sessions", "id"), ("terminals", "name")):
            for one in context.request.get(f"{server.origin}/api/{kind}").json():
                context.request.delete(f"{server.origin}/api/{kind}/{one[key]}", headers=server.headers())
        context.close()


def photograph(context: BrowserContext, name: str) -> None:
    """What every tab shows, below `failed/`."""
    folder = ARTIFACTS / "failed"
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=folder / f"{name}-{number}.png")


def open_notebook(context: BrowserContext, server: Server, name: str, workspace: str = "aula") -> Notebook:
    """Open a notebook in a tab of its own and wait until its kernel is ready."""
    page = context.new_page()
    page.goto(f"{server.origin}/lab/workspaces/{workspace}/tree/notebooks/{name}.ipynb?reset")
    notebook = Notebook(page, name)
    notebook.wait_until_ready()
    return notebook

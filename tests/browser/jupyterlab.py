"""JupyterLab in a real Chromium, as a learner uses it: notebooks, cards, terminal, themes.

Nothing here knows a lesson: cards are found by the heading that the catalogue gives them, JupyterLab's own parts by
what does not change with its language.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from labs.catalog import Lesson, Step
from labs.settings import CLONE
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
RESTING = re.compile("passed|failed|stopped")
WORKING = re.compile("running|checking")


@dataclass(frozen=True)
class Server:
    """A running `python3 -m labs start`: where it answers, its token, its state folder."""

    origin: str
    token: str
    home: Path

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}


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


class Notebook:
    """An open notebook."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        source = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
        self.count = len(source["cells"])
        self.expected_cards = sum("".join(cell["source"]).startswith("lab.") for cell in source["cells"])
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        self.cards = page.locator(".lab-card")

    def wait_until_ready(self) -> None:
        """Cells drawn and the kernel idle."""
        expect(self.cells).to_have_count(self.count, timeout=LOADING)
        idle = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        expect(idle.first).to_be_attached(timeout=LOADING)

    def reload(self) -> None:
        self.page.reload()
        self.wait_until_ready()

    def run_all(self) -> None:
        """Shift+Enter from the first cell to the last but one, Ctrl+Enter on the last; waits for every card."""
        self.select(0)
        for _ in range(self.count - 1):
            self.page.keyboard.press("Shift+Enter")
        self.page.keyboard.press("Control+Enter")
        self.wait_for_cards()

    def select(self, index: int) -> None:
        """Select a cell as a click beside it does."""
        self.cells.nth(index).locator(".jp-InputPrompt").first.click(force=True)
        self.page.keyboard.press("Escape")

    def wait_for_cards(self) -> None:
        """Every cell has run and every card is drawn."""
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
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0, timeout=LOADING)

    def restart_kernel(self) -> None:
        """The toolbar's button, and the question that it asks."""
        self.page.locator('[data-jp-item-name="restart"] button, [data-jp-item-name="restart"] jp-button').first.click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0, timeout=LOADING)

    def theme(self, theme: str) -> None:
        """`light` or `dark`: JupyterLab follows the system's (`conftest.window` asked it to)."""
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
        expect(self.keys).to_be_attached(timeout=LOADING)
        self.type('cd "$LABS_HOME/work/widget-server" && clear')

    def type(self, line: str) -> None:
        """Type a line, press Enter, and go back to the notebook."""
        self.tab.click()
        self.keys.focus()
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")
        self.notebook.show()


def open_notebook(context: BrowserContext, server: Server, name: str, workspace: str = "aula") -> Notebook:
    """Open a notebook in a tab of its own and wait until its kernel is ready."""
    page = context.new_page()
    page.goto(f"{server.origin}/lab/workspaces/{workspace}/tree/notebooks/{name}.ipynb?reset")
    notebook = Notebook(page, name)
    notebook.wait_until_ready()
    return notebook

"""One JupyterLab, started as a learner starts it, and one Chromium for all tests of this folder.

Playwright's loop lives as long as its fixture: a package's, so that other tests may run loops of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.courses import unmeasured

from . import jupyterlab
from .jupyterlab import Notebook, Server, open_notebook, photograph, window

Open = Callable[[str], Notebook]


@pytest.fixture(scope="package", autouse=True)
def _unmeasured() -> Iterator[None]:
    with unmeasured():
        yield


@pytest.fixture(scope="package")
def server(lab_homes: Path) -> Iterator[Server]:
    """`python3 -m labs start --no-browser`, a lab on its first day."""
    home = lab_homes / "browser"
    home.mkdir()
    with jupyterlab.started(home) as server:
        yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with jupyterlab.chromium() as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """A window for one test."""
    with window(chromium, server) as context:
        yield context


@pytest.fixture
def open_lesson(context: BrowserContext, server: Server) -> Open:
    """Open a lesson's notebook in a tab of its own, wait for its cards, prepare what it starts from."""

    def open_one(name: str) -> Notebook:
        notebook = open_notebook(context, server, name)
        notebook.wait_for_cards()
        notebook.prepare()
        return notebook

    return open_one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """What the browser showed when a test failed goes to the artefacts."""
    report = yield
    chromium = getattr(item, "funcargs", {}).get("chromium")
    if report.failed and isinstance(chromium, Browser):  # type: ignore[attr-defined]
        for context in chromium.contexts:
            photograph(context, re.sub(r"\W+", "-", item.name))
    return report

"""One JupyterLab, started as a learner starts it, and one Chromium for all tests of this folder.

Playwright's loop lives as long as its fixture: a package's, so that other tests may run loops of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from labs import jupyter, sandbox
from labs.sandbox.wait import Look, until
from labs.settings import CLONE, FOREIGN_VARIABLES, Settings

from .jupyterlab import ARTIFACTS, CHROMIUM, FLAGS, LOADING, VIEWPORT, Notebook, Server, open_notebook

START_SECONDS = 180.0
THEMES = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
Open = Callable[..., Notebook]


@pytest.fixture(scope="package")
def server(lab_homes: Path) -> Iterator[Server]:
    """`python3 -m labs start --no-browser`, a lab on its first day."""
    home = lab_homes / "browser"
    home.mkdir()
    log = home / "start.txt"
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    environment |= {"LABS_HOME": str(home), "LABS_ENGINE": "private", "PYTHONPATH": str(CLONE)}
    command = [sys.executable, "-m", "labs", "start", "--no-browser", "--port", "9720"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CLONE, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield _server(process, log, home)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        jupyter.stop(Settings(home=home), None)
        sandbox.down(Settings(home=home), lambda _: None)


def _server(process: subprocess.Popen[bytes], log: Path, home: Path) -> Server:
    address = re.compile(r"JupyterLab pronto: (http://127\.0\.0\.1:\d+)/\S*token=(\S+)")

    def look() -> Look:
        text = log.read_text("utf-8")
        return Look(bool(address.search(text)) or process.poll() is not None, text)

    until("o endereço do JupyterLab aparecer", look, START_SECONDS)
    found = address.search(log.read_text("utf-8"))
    assert found, log.read_text("utf-8")
    return Server(found[1], found[2], home)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium with an empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """A logged-in browser window; JupyterLab follows the system's theme. Its kernels and terminals end with it."""
    context = chromium.new_context(viewport=VIEWPORT, locale="pt-BR", reduced_motion="reduce")
    context.set_default_timeout(LOADING)
    try:
        context.request.get(f"{server.origin}/lab?token={server.token}")
        wish = {"raw": '{"adaptive-theme": true}'}
        context.request.put(f"{server.origin}{THEMES}", headers=server.headers(), data=wish)
        yield context
    except BaseException:
        _photograph(context, "fixture")
        raise
    finally:
        for kind, key in (("sessions", "id"), ("terminals", "name")):
            for one in context.request.get(f"{server.origin}/api/{kind}").json():
                context.request.delete(f"{server.origin}/api/{kind}/{one[key]}", headers=server.headers())
        context.close()


def _photograph(context: BrowserContext, name: str) -> None:
    """What the browser showed when something failed."""
    folder = ARTIFACTS / "failed"
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-{number}.png")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    chromium = getattr(item, "funcargs", {}).get("chromium")
    if report.failed and isinstance(chromium, Browser):
        for context in chromium.contexts:
            _photograph(context, item.name)
    return report


@pytest.fixture
def context(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """A window for one test."""
    with window(chromium, server) as context:
        yield context


@pytest.fixture
def open_lesson(context: BrowserContext, server: Server) -> Open:
    """Open a lesson's notebook in a tab of its own, run all its cells, prepare what it starts from."""

    def open_one(name: str) -> Notebook:
        notebook = open_notebook(context, server, name)
        notebook.run_all()
        notebook.prepare()
        return notebook

    return open_one

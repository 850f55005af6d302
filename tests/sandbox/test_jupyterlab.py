"""The JupyterLab that `start` opens: who it answers, what it forwards, and its first screen in a real browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from labs import sandbox
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.course.progress import Progress
from labs.jupyter import server as jupyter
from labs.seams import sso_login
from labs.seams.unix_http import Reply, request
from tests.browser.jupyterlab import VIEWPORT, chromium, wait_for_prompt

from .test_start import Started


@pytest.fixture(scope="module")
def started(lab_homes: Path) -> Iterator[Started]:
    home = lab_homes / "jupyterlab"
    home.mkdir()
    running = Started(home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(60)
        jupyter.stop(running.settings)
        sandbox.down(Settings(home=home), lambda _: None)


def ask(started: Started, path: str, **headers: str) -> Reply:
    """A request with the token."""
    origin, token = started.address()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(origin, "GET", path, headers={"Authorization": f"token {token}", **named}, timeout=30)


# Who it answers ------------------------------------------------------------------------------------


def test_a_foreign_host_header_is_refused(started: Started) -> None:
    """DNS rebinding: a page elsewhere whose name suddenly means 127.0.0.1."""
    assert ask(started, "/api/contents").status == 200
    assert ask(started, "/api/contents", Host="evil.example").status == 403
    assert ask(started, "/mapa/", Host="evil.example").status == 403


@pytest.mark.parametrize("path", ["/mapa/", "/producao/", "/server-proxy/servers-info"])
def test_nothing_answers_without_the_token(started: Started, path: str) -> None:
    origin, _ = started.address()
    assert request(origin, "GET", path, timeout=30).status in (302, 403)


def test_there_is_no_open_proxy(started: Started) -> None:
    """With jupyter-server-proxy's own handlers this would answer with the sandbox's own gateway."""
    port = Settings.load(started.settings.home).ports.hub
    assert port
    for path in (f"/proxy/{port}/v2/x", f"/proxy/absolute/{port}/v2/x", f"/proxy/127.0.0.1:{port}/v2/x"):
        assert ask(started, path).status == 404


def test_the_map_is_served_with_what_is_proven(started: Started) -> None:
    assert "Comece aqui: aula 00, passo 1" in ask(started, "/mapa/").text
    Progress(started.settings).record("00-comece-aqui/engine", passed=True, observed="", seconds=1, evidence={})
    assert "Continue de onde parou: aula 00, passo 2" in ask(started, "/mapa/").text


# What it forwards ----------------------------------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """A container that tells what it was told."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"path": self.path, **self.headers}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def container() -> Iterator[None]:
    with HTTPServer(("127.0.0.1", 3002), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(10)


def test_a_page_is_forwarded_without_what_would_let_it_act_as_the_learner(started: Started, container: None) -> None:
    reply = ask(started, "/producao/feedbacks?x=1", Cookie="_xsrf=secret")
    assert reply.status == 200
    told = json.loads(reply.text)
    assert told["path"] == "/feedbacks?x=1"
    assert started.address()[1] not in reply.text and "secret" not in reply.text


def test_a_page_that_is_not_there_says_what_to_do(started: Started) -> None:
    reply = ask(started, "/homologacao/")
    assert reply.status == 502
    assert "Homologação ainda não está no ar" in reply.text and "docker ps --filter publish=3001" in reply.text
    assert "a aula 08" in reply.text and "Traceback" not in reply.text


def test_links_to_this_machine_lead_to_the_same_page_below_jupyterlab(started: Started, container: None) -> None:
    leads = {
        "http://127.0.0.1:3002/feedbacks": "/producao/feedbacks",
        "http://127.0.0.1:9/other": "http://127.0.0.1:9/other",
    }
    for link, place in leads.items():
        reply = ask(started, f"/endereco?{urlencode({'de': link})}")
        assert (reply.status, reply.headers.get("Location")) == (302, place)
    assert ask(started, f"/endereco?{urlencode({'de': 'http://evil.example/'})}").status == 404


def test_an_sso_login_is_approved_below_jupyterlab(started: Started) -> None:
    """The browser may be on another machine than the gateway's loopback."""
    settings = Settings.load(started.settings.home)
    shown: list[str] = []

    def show(address: str, code: str) -> None:
        parts = urlsplit(address)
        assert parts.netloc == f"127.0.0.1:{settings.ports.aws}"
        page = ask(started, f"{parts.path}?{parts.query}")
        assert page.status == 200 and code in page.text and 'action="/sso/device"' in page.text
        assert ask(started, "/sso/device?user_code=NADA-NADA").status == 404
        shown.append(page.text)
        origin, token = started.address()
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf
        form = urlencode({"user_code": code, "_xsrf": xsrf[1]}).encode()
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"token {token}"}
        done = request(origin, "POST", "/sso/device", body=form, headers=sent, timeout=30)
        assert done.status == 200 and "Acesso autorizado" in done.text

    session = sso_login.login(settings, "sso", show)
    assert shown and session.account == settings.account
    assert request(started.address()[0], "GET", "/sso/device?user_code=X", timeout=30).status in (302, 403)


# What a learner sees -------------------------------------------------------------------------------


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(viewport=VIEWPORT, locale="pt-BR")


def test_the_first_screen(started: Started, page: Page) -> None:
    origin, token = started.address()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(f"{origin}/lab/tree/notebooks/00-comece-aqui.ipynb?token={token}")
    patience = 60_000
    expect(page.locator(".jp-Notebook h1").first).to_contain_text("Comece aqui", timeout=patience)
    expect(page.locator(".jp-TableOfContents").get_by_text("O que você vai conseguir fazer")).to_be_visible(
        timeout=patience
    )
    expect(page.locator(".lm-MenuBar-itemLabel")).to_have_text(
        ["Arquivo", "Editar", "Ver", "Executar", "Kernel", "Abas", "Configurações", "Ajuda"], timeout=patience
    )
    expect(page.locator(".jp-Terminal")).to_be_visible(timeout=patience)
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    _terminal_stands_in_the_working_copy(started, page)
    _links_lead_through_jupyterlab(page, origin)
    _launcher_opens_the_map(page)
    outside = [url for url in asked if not url.startswith((origin, "data:", "blob:"))]
    assert outside == []
    _kernels_are_encrypted(started)


def _terminal_stands_in_the_working_copy(started: Started, page: Page) -> None:
    mark = started.settings.home / "typed"

    def look() -> Look:
        return Look(mark.is_file() and bool(mark.read_text()), "nada escrito")

    wait_for_prompt(page)
    page.locator(".jp-Terminal").click()
    page.keyboard.type(f'echo "$PWD $HUB_USER" > {mark}\n')
    until("o terminal executar", look, 20)
    assert mark.read_text() == f"{started.settings.work / 'widget-server'} aluno\n"


def _links_lead_through_jupyterlab(page: Page, origin: str) -> None:
    """Where the browser is on another machine, its own loopback has nothing of the lab's."""
    pressed = """href => {
      const link = document.body.appendChild(document.createElement("a"));
      link.href = href;
      link.dispatchEvent(new MouseEvent("auxclick", { bubbles: true }));
      link.remove();
      return link.href;
    }"""
    way = f"{origin}/endereco?de=http%3A%2F%2F127.0.0.1%3A3000%2F"
    assert page.evaluate(pressed, "http://127.0.0.1:3000/") == way
    assert page.evaluate(pressed, "https://hub.docker.com/") == "https://hub.docker.com/"


def _launcher_opens_the_map(page: Page) -> None:
    page.locator(".lm-MenuBar-item").first.click()
    page.get_by_role("menuitem", name="Novo iniciador").click()
    for title in ("Busca e glossário", "Widget-server", "Homologação", "Produção", "Mapa do curso"):
        expect(page.locator(".jp-LauncherCard", has_text=title)).to_be_visible()
    page.locator(".jp-LauncherCard", has_text="Mapa do curso").click()
    course_map = page.frame_locator("iframe")
    course_map.get_by_role("link", name=re.compile("^01 ")).click()
    expect(page.locator(".jp-Notebook h1").filter(has_text="O que é um registry")).to_be_visible(timeout=30_000)


def _kernels_are_encrypted(started: Started) -> None:
    runtime = started.settings.home / "jupyter" / "runtime"
    kernels = [json.loads(path.read_text()) for path in runtime.glob("kernel-*.json")]
    assert kernels and all(kernel.get("curve_publickey") for kernel in kernels), kernels
    assert "without encryption" not in (started.settings.sandbox / "logs" / "jupyter.log").read_text()

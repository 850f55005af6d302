"""JupyterLab's side of the course: the launcher's entries, the course's map, and what its interface has in English.

A Jupyter Server extension that `labs/jupyter/configuration.py` turns on in the place of jupyter-server-proxy's own.
That one also forwards `/proxy/<any port>`; here only the course's own pages are (`addresses.py`), behind JupyterLab's
token.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from jupyter_server_proxy.api import IconHandler, ServersInfoHandler
from jupyter_server_proxy.config import ServerProcess
from jupyter_server_proxy.handlers import AddSlashHandler, NamedLocalProxyHandler
from tornado import web

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.course import glossary, target_words
from labs.course.progress import Progress
from labs.jupyter import addresses, classroom, configuration, hub, portuguese
from labs.pages import render
from labs.running import journey
from labs.seams.unix_http import request

ICONS = Path(__file__).with_name("icons")
CATEGORY = "Notebook"
"""The launcher's first section: one of our own would stand last, below the fold."""
MAP = "mapa"
SEARCH = "busca"
STATE = "curso/estado"
GLOSSARY = "curso/glossario"
LONGEST_SEARCH = 100
ADDRESS = "endereco"
SSO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
PRIVATE_HEADERS = {"Cookie": "", "Authorization": "", "X-XSRFToken": ""}
"""What a container must not learn: with JupyterLab's cookie or token it could act as the learner."""


class PageHandler(JupyterHandler):
    """A whole page of the kit's, with a Content-Security-Policy of its own."""

    policy = "default-src 'none'"

    @property
    def content_security_policy(self) -> str:
        return self.policy

    def show(self, page: str, policy: str) -> None:
        """Answer with this page."""
        self.policy = policy
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Cache-Control", "no-store")
        self.finish(page)


class MapHandler(PageHandler):
    """The course's map."""

    @web.authenticated
    def get(self) -> None:
        try:
            settings = Settings.load()
            course, records = target_words.course(settings), Progress(settings).all()
        except LabError as error:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(str(error))
            return
        self.show(*render.course_map(course, records, self.base_url))


class SearchHandler(PageHandler):
    """Search over the course, with the glossary."""

    @web.authenticated
    def get(self) -> None:
        wanted = " ".join(self.get_query_argument("q", "").split())[:LONGEST_SEARCH]
        self.show(*render.search_page(wanted, self.base_url))


class StateHandler(JupyterHandler):
    """What the bar above a lesson says (`labs/jupyter/lab_extension/static/bar.js`)."""

    @web.authenticated
    def get(self) -> None:
        try:
            settings = Settings.load()
            course = target_words.course(settings)
            ahead = journey.ahead(course, Progress(settings).all(), course.lesson(self.get_query_argument("aula")))
        except LabError as error:
            self.finish({"words": [str(error)]})
            return
        following = ahead.following
        self.set_header("Cache-Control", "no-store")
        self.finish(
            {
                **(classroom.state(settings) if hub.is_there() else {}),
                "words": ahead.words,
                "here": ahead.here,
                "continue": ahead.goes_on,
                "next": following.id if following else "",
                "nextTitle": f"Aula {following.id[:2]} · {following.title}" if following else "",
            }
        )


class AddressHandler(JupyterHandler):
    """Where a link to this machine's loopback leads: to the same page below JupyterLab's, where there is one."""

    @web.authenticated
    def get(self) -> None:
        wanted = self.get_query_argument("de", "")
        place = ""
        with contextlib.suppress(LabError):
            place = addresses.below(wanted, Settings.load())
        if place:
            self.redirect(url_path_join(self.base_url, place))
        elif addresses.is_loopback(wanted):  # no page of the course's: the browser may as well try
            self.redirect(wanted)
        else:
            raise web.HTTPError(404)


class SsoHandler(PageHandler):
    """The approval page of an SSO login, asked of the gateway by the server: the browser may be on another machine."""

    @web.authenticated
    async def get(self) -> None:
        await self._pass_on("GET")

    @web.authenticated
    async def post(self) -> None:
        await self._pass_on("POST")

    async def _pass_on(self, method: str) -> None:
        fields = urlencode({"user_code": self.get_argument("user_code", "")})
        target, body = (f"/{addresses.SSO}?{fields}", None) if method == "GET" else (f"/{addresses.SSO}", fields)
        try:
            reply = await asyncio.to_thread(
                request, Settings.load().aws_endpoint, method, target, body=body.encode() if body else None
            )
        except (OSError, LabError) as error:
            self.set_status(502)
            self.show(
                html.escape(f"O laboratório não responde. Próximo comando: python3 -m labs up. {error}"), SSO_POLICY
            )
            return
        self.set_status(reply.status)
        self.show(self._as_ours(reply.text), SSO_POLICY)

    def _as_ours(self, page: str) -> str:
        """The form comes back here, with what JupyterLab asks of every form."""
        place = html.escape(url_path_join(self.base_url, addresses.SSO), quote=True)
        mark = f'<input type="hidden" name="_xsrf" value="{html.escape(self.xsrf_token.decode(), quote=True)}">'
        page = page.replace(f'action="/{addresses.SSO}"', f'action="{place}"')
        return page.replace("</form>", f"{mark}</form>") if 'method="post"' in page else page


class GlossaryHandler(JupyterHandler):
    """The terms that a lesson's prose links (`labs/jupyter/lab_extension/static/terms.js`)."""

    @web.authenticated
    def get(self) -> None:
        known = [{"term": one.term, "meaning": one.meaning, "anchor": one.anchor} for one in glossary.terms()]
        self.finish({"terms": known})


class Forwarded(NamedLocalProxyHandler):
    """The page of a container; where none answers, what to do instead of a server's error in English."""

    def __init__(self, *arguments: Any, name: str, title: str, port: int, lesson: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.name = self.proxy_base = name
        self.title, self.port, self.lesson = title, port, lesson

    def write_error(self, status_code: int, **options: Any) -> None:
        if status_code != web.HTTPError(500).status_code:
            super().write_error(status_code, **options)
            return
        error = options.get("exc_info", (None, "sem resposta"))[1]
        observed = getattr(error, "log_message", None) or str(error)
        page, policy = render.absent(self.title, self.port, observed, self.lesson)
        self.set_status(502)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", policy)
        self.finish(page)

    def get_request_headers_override(self) -> dict[str, str]:
        return PRIVATE_HEADERS


def launcher() -> list[ServerProcess]:
    """The launcher's entries, in their order."""
    return [
        ServerProcess(
            name=name,
            launcher_entry={
                "title": title,
                "path_info": f"{name}/",
                "category": CATEGORY,
                "icon_path": str(ICONS / f"{name}.svg"),
            },
            new_browser_tab=False,
        )
        for name, title in (
            (MAP, "Mapa do curso"),
            (SEARCH, "Busca e glossário"),
            *((name, title) for name, (title, _, _) in addresses.CONTAINERS.items()),
        )
    ]


def handlers(base: str) -> list[tuple[Any, ...]]:
    """What answers below JupyterLab's address: the map, the launcher's data, and a page per container."""
    entries = launcher()
    icons = {entry.name: entry.launcher_entry.icon_path for entry in entries}
    found: list[tuple[Any, ...]] = [
        (url_path_join(base, MAP, "/"), MapHandler),
        (url_path_join(base, SEARCH, "/"), SearchHandler),
        (url_path_join(base, STATE), StateHandler),
        (url_path_join(base, ADDRESS), AddressHandler),
        (url_path_join(base, addresses.SSO), SsoHandler),
        (url_path_join(base, GLOSSARY), GlossaryHandler),
        (url_path_join(base, "server-proxy/servers-info"), ServersInfoHandler, {"server_processes": entries}),
        (url_path_join(base, "server-proxy/icon/(.*)"), IconHandler, {"icons": icons}),
    ]
    for name, (title, port, lesson) in addresses.PAGES.items():
        page = {"name": name, "title": title, "port": on_this_machine(port), "lesson": lesson}
        found += [
            (url_path_join(base, name, "(.*)"), Forwarded, page),
            (url_path_join(base, name), AddSlashHandler),
        ]
    return found


def on_this_machine(port: int) -> int:
    """The host port that the lab uses where the course says `port`."""
    with contextlib.suppress(LabError):
        return Settings.load().course_port(port)
    return port


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    with contextlib.suppress(LabError):  # what is wrong with the lab's folder is told by what a learner does first
        configuration.write_layout(Settings.load())
    base = app.web_app.settings["base_url"]
    app.web_app.add_handlers(".*", [*handlers(base), *(classroom.handlers(base) if hub.is_there() else [])])
    portuguese.install()

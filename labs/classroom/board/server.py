"""The board's pages, for who may see them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import web

from labs.base.documents import Damaged, Typed, decode
from labs.base.errors import LabError
from labs.classroom import accounts
from labs.classroom.board.certificates import Certificates, Voucher, class_name
from labs.classroom.board.learners import Learners
from labs.classroom.board.rows import as_csv, hardest, step_words
from labs.course.catalog import load_course

FOLDER = Path(__file__).parent
ORDERS = {"message", "prepare", "reset"}


class Board(HubOAuthenticated, web.RequestHandler):
    """Only who has `access:services` for this one: the teacher (`deploy/hub/jupyterhub_config.py`)."""

    @property
    def learners(self) -> Learners:
        found: Learners = self.settings["learners"]
        return found

    @property
    def certificates(self) -> Certificates:
        found: Certificates = self.settings["certificates"]
        return found

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")


class PageHandler(Board):
    """The page itself."""

    @web.authenticated
    def get(self) -> None:
        nonce = secrets.token_urlsafe(16)
        parts = ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")
        own = (f"style-src 'nonce-{nonce}'", f"script-src 'nonce-{nonce}'", "form-action 'none'")
        self.set_header("Content-Security-Policy", "; ".join((*parts, *own)))
        script = (FOLDER / "board.js").read_text("utf-8")
        key, xsrf = self.certificates.voucher.key_words(), self.xsrf_token.decode()
        self.render(str(FOLDER / "board.html"), nonce=nonce, script=script, xsrf=xsrf, key=key)


class RowsHandler(Board):
    """What the page shows, as JSON."""

    @web.authenticated
    async def get(self) -> None:
        try:
            rows = await self.learners.rows()
        except OSError as error:
            raise web.HTTPError(502, str(error)) from error
        self.finish({"rows": rows, "hardest": hardest(rows, self.settings["steps"])})


class TableHandler(Board):
    """The same for a spreadsheet; `?minutos=-180`: how far the reader's clock is from UTC."""

    @web.authenticated
    async def get(self) -> None:
        try:
            zone = timezone(timedelta(minutes=int(self.get_query_argument("minutos", "0"))))
        except (ValueError, OverflowError) as error:
            raise web.HTTPError(400, "minutos: um número inteiro, como -180") from error
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="turma.csv"')
        self.finish("\ufeff" + as_csv(await self.learners.rows(), zone))


class OrderHandler(Board):
    """A message to learners, or a lesson prepared or undone in their labs."""

    @web.authenticated
    async def post(self) -> None:
        asked = json.loads(self.request.body)
        order = {name: str(value) for name, value in asked["order"].items() if name in ORDERS}
        if len(order) != 1:
            raise web.HTTPError(400)
        self.finish({"wrong": await self.learners.order([str(name) for name in asked["names"]], order)})


class Asked(Typed, frozen=True):
    """Whose certificates; nobody's name means everybody's."""

    names: tuple[str, ...]


class CertificatesHandler(Board):
    """How far the certificates are; and the order of them, which goes on whoever looks."""

    @web.authenticated
    def get(self) -> None:
        self.finish(self.certificates.state())

    @web.authenticated
    def post(self) -> None:
        try:
            self.certificates.order(decode(self.request.body, Asked).names)
        except (Damaged, LabError) as error:
            raise web.HTTPError(400, str(error)) from error
        self.finish(self.certificates.state())


class ArchiveHandler(Board):
    """The certificates that there are, with who has none and why."""

    @web.authenticated
    def get(self) -> None:
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", 'attachment; filename="certificados.zip"')
        self.finish(self.certificates.archive())


def application(
    prefix: str, learners: Learners, certificates: Certificates, steps: Mapping[str, str]
) -> web.Application:
    """The board's pages below `prefix`.

    Args:
        steps: what each step is called, by its path.
    """
    routes: list[Any] = [
        (f"{prefix}", PageHandler),
        (f"{prefix}linhas", RowsHandler),
        (f"{prefix}turma.csv", TableHandler),
        (f"{prefix}pedido", OrderHandler),
        (f"{prefix}certificados", CertificatesHandler),
        (f"{prefix}certificados.zip", ArchiveHandler),
        (f"{prefix}oauth_callback", HubOAuthCallbackHandler),
    ]
    own: dict[str, Any] = {"learners": learners, "certificates": certificates, "steps": steps}
    return web.Application(routes, cookie_secret=secrets.token_bytes(32), xsrf_cookies=True, **own)


async def serve() -> None:
    """Serve until the hub ends this."""
    at = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    learners = Learners(
        os.environ["JUPYTERHUB_API_URL"], os.environ["LABS_CLASS_SERVERS"], os.environ["JUPYTERHUB_API_TOKEN"]
    )
    names = [name for name in accounts.read(Path(os.environ["LABS_CLASS_CODES"])) if name != accounts.TEACHER]
    course = load_course()
    voucher = Voucher(Path(os.environ["LABS_CLASS_KEY"]), class_name(os.environ["LABS_CLASS_ADDRESS"]), course)
    certificates = Certificates(names, voucher, learners.certificate)
    made = application(os.environ["JUPYTERHUB_SERVICE_PREFIX"], learners, certificates, step_words(course))
    made.listen(at.port or 80, at.hostname or "127.0.0.1")
    await asyncio.Event().wait()

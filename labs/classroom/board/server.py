"""The board's pages, for who may see them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import web

from labs.classroom.board.learners import Learners, as_csv, hardest

FOLDER = Path(__file__).parent
ORDERS = {"message", "prepare", "reset"}


class Board(HubOAuthenticated, web.RequestHandler):
    """Only who has `access:services` for this one: the teacher (`deploy/hub/jupyterhub_config.py`)."""

    @property
    def learners(self) -> Learners:
        found: Learners = self.settings["learners"]
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
        self.render(str(FOLDER / "board.html"), nonce=nonce, script=script, xsrf=self.xsrf_token.decode())


class RowsHandler(Board):
    """What the page shows, as JSON."""

    @web.authenticated
    async def get(self) -> None:
        try:
            rows = await self.learners.rows(datetime.now(UTC))
        except OSError as error:
            raise web.HTTPError(502, str(error)) from error
        self.finish({"rows": rows, "hardest": hardest(rows)})


class TableHandler(Board):
    """The same for a spreadsheet."""

    @web.authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="turma.csv"')
        self.finish("\ufeff" + as_csv(await self.learners.rows(datetime.now(UTC))))


class OrderHandler(Board):
    """A message to learners, or a lesson prepared or undone in their labs."""

    @web.authenticated
    async def post(self) -> None:
        asked = json.loads(self.request.body)
        order = {name: str(value) for name, value in asked["order"].items() if name in ORDERS}
        if len(order) != 1:
            raise web.HTTPError(400)
        self.finish({"wrong": await self.learners.order([str(name) for name in asked["names"]], order)})


def application(prefix: str, learners: Learners) -> web.Application:
    """The board's pages below `prefix`."""
    routes: list[Any] = [
        (f"{prefix}", PageHandler),
        (f"{prefix}linhas", RowsHandler),
        (f"{prefix}turma.csv", TableHandler),
        (f"{prefix}pedido", OrderHandler),
        (f"{prefix}oauth_callback", HubOAuthCallbackHandler),
    ]
    return web.Application(routes, learners=learners, cookie_secret=secrets.token_bytes(32), xsrf_cookies=True)


async def serve() -> None:
    """Serve until the hub ends this."""
    at = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    learners = Learners(
        os.environ["JUPYTERHUB_API_URL"], os.environ["LABS_CLASS_SERVERS"], os.environ["JUPYTERHUB_API_TOKEN"]
    )
    application(os.environ["JUPYTERHUB_SERVICE_PREFIX"], learners).listen(at.port or 80, at.hostname or "127.0.0.1")
    await asyncio.Event().wait()

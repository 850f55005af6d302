"""The board's pages, for who may see them."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import web

from labs.base.documents import Damaged, Typed, decode
from labs.base.errors import LabError
from labs.base.files import lasting_key
from labs.classroom import accounts, origins
from labs.classroom.board.certificates import Certificates, Voucher, class_name
from labs.classroom.board.learners import Learners
from labs.classroom.board.rows import as_csv, hardest, step_words
from labs.course.catalog import load_course
from labs.running import situation

FOLDER = Path(__file__).parent
AGAIN = "recarregue a página do painel e peça de novo"
ORDERS = {
    "message": (re.compile(rf"[\s\S]{{0,{situation.LONGEST}}}"), f"até {situation.LONGEST} letras"),
    "helped": (re.compile(""), "nenhum"),
    "prepare": (re.compile(r"\d\d(/[\w-]+)?"), "uma aula, como 07, ou uma aula e um passo, como 07/3"),
    "reset": (re.compile(r"\d\d"), "uma aula, como 07"),
}
"""What may be ordered: the form of each one's text, and the same in words."""
FORBIDDEN = "O painel é só de quem dá a aula. Se é você, a sessão terminou.\nPróximo comando: recarregue a página"


class Refusal(web.HTTPError):
    """What is refused, in words for who asked."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(status, words)
        self.words = words


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Within it, a wrong request is answered with 400 and a silent hub with 502, both in words.

    Raises:
        Refusal: that answer.
    """
    try:
        yield
    except Damaged as error:
        raise Refusal(400, str(LabError("O painel não entendeu o pedido.", str(error), AGAIN))) from error
    except LabError as error:
        raise Refusal(400, str(error)) from error
    except OSError as error:
        silent = LabError("O hub não respondeu ao painel.", str(error), "python3 -m labs class up")
        raise Refusal(502, str(silent)) from error


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

    def write_error(self, status_code: int, **given: Any) -> None:
        """Plain text, which the page shows as it is, and who downloads reads."""
        error = given.get("exc_info", (None, None))[1]
        other = FORBIDDEN if status_code == 403 else f"O painel não conseguiu responder (HTTP {status_code})."
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(error.words if isinstance(error, Refusal) else other)


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
        with told():
            rows = await self.learners.rows()
        brief = [{name: value for name, value in row.items() if name != "failed"} for row in rows]
        self.finish({"rows": brief, "hardest": hardest(rows, self.settings["steps"])})


class TableHandler(Board):
    """The same for a spreadsheet; `?minutos=-180`: how far the reader's clock is from UTC."""

    @web.authenticated
    async def get(self) -> None:
        with told():
            zone = _zone(self.get_query_argument("minutos", "0"))
            table = as_csv(await self.learners.rows(), zone)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="turma.csv"')
        self.finish("\ufeff" + table)


def _zone(minutes: str) -> timezone:
    try:
        return timezone(timedelta(minutes=int(minutes)))
    except (ValueError, OverflowError) as error:
        raise LabError("O fuso do pedido não é um número de minutos, como -180.", minutes, AGAIN) from error


class Wanted(Typed, frozen=True):
    """An order and for whom: `{"message": TEXT}` (an empty one takes the last back), `{"helped": ""}`,
    `{"prepare": "07/3"}` or `{"reset": "07"}`.
    """

    names: tuple[str, ...]
    order: dict[str, str]

    def require(self) -> None:
        """Raises LabError where nobody is named, or the order is none."""
        if not self.names:
            raise LabError("O pedido não diz para quem é.", "nenhum nome", AGAIN)
        if len(self.order) != 1 or not self.order.keys() <= ORDERS.keys():
            raise LabError("O painel não tem esse pedido.", ", ".join(self.order) or "nenhum", AGAIN)
        ((name, value),) = self.order.items()
        form, words = ORDERS[name]
        if not form.fullmatch(value):
            shown = f"{len(value)} letras" if name == "message" else value[:40]
            raise LabError(f"O texto do pedido não serve: {words}.", shown, "corrija o texto e peça de novo")


class OrderHandler(Board):
    """A message to learners, or a lesson prepared or undone in their labs."""

    @web.authenticated
    async def post(self) -> None:
        with told():
            wanted = decode(self.request.body, Wanted)
            wanted.require()
            await self._require(wanted.names)
            names = list(dict.fromkeys(wanted.names))
            self.finish({"wrong": await self.learners.order(names, wanted.order)})

    async def _require(self, names: Sequence[str]) -> None:
        """They are of the class's list, or users of the hub: with another login there is no list."""
        strangers = set(names) - set(self.certificates.names())
        if strangers:
            strangers -= {row["name"] for row in await self.learners.rows()}
        if strangers:
            raise LabError("Há um nome que não é da turma.", ", ".join(sorted(strangers))[:200], AGAIN)


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
        with told():
            self.certificates.order(decode(self.request.body, Asked).names)
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
    secret = cookie_secret(certificates.voucher.key_file)
    return web.Application(routes, cookie_secret=secret, xsrf_cookies=True, **own)


def cookie_secret(key_file: Path) -> bytes:
    """What the board's cookies are signed with: of the class's key, or a new one where that is damaged."""
    try:
        key = bytes.fromhex(lasting_key(key_file))
    except LabError:  # the page says so, where the fingerprint would be
        return secrets.token_bytes(32)
    # A new one for each process would end the session of a board that is open while the hub starts anew.
    return hmac.digest(key, b"the board's cookies", "sha256")


async def serve() -> None:
    """Serve until the hub ends this."""
    at = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    address, course, codes = os.environ["LABS_CLASS_ADDRESS"], load_course(), Path(os.environ["LABS_CLASS_CODES"])
    learners = Learners(
        os.environ["JUPYTERHUB_API_URL"],
        os.environ["LABS_CLASS_SERVERS"],
        os.environ["JUPYTERHUB_API_TOKEN"],
        partial(origins.below, address) if os.environ["LABS_CLASS_SUBDOMAINS"] else None,
        memory=Path(os.environ["LABS_CLASS_SEEN"]),
    )
    voucher = Voucher(Path(os.environ["LABS_CLASS_KEY"]), class_name(address), course)
    certificates = Certificates(lambda: accounts.learners(codes), voucher, learners.certificate)
    made = application(os.environ["JUPYTERHUB_SERVICE_PREFIX"], learners, certificates, step_words(course))
    made.listen(at.port or 80, at.hostname or "127.0.0.1")
    await asyncio.Event().wait()

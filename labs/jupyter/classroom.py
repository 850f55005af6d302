"""A learner's server in a class: what the instructor's board asks of it, and what the learner tells the board.

Whoever may enter the server may ask: the learner, and the board (`access:servers` of JupyterHub's scopes).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from labs.base.errors import LabError
from labs.base.foreign import without_foreign
from labs.base.settings import CLONE, Settings
from labs.base.text import plural
from labs.course import target_words
from labs.course.progress import Progress
from labs.running import situation
from labs.running.journey import MISSING

SITUATION, HELP, ORDER = "turma/situacao", "turma/ajuda", "turma/pedido"
ORDERS = ("message", "helped", "prepare", "reset", "certificate")
CERTIFICATE_SECONDS = 540.0
"""How long all checks may take, on a machine where others prove too: less than the board waits."""


class SituationHandler(JupyterHandler):
    """Where the learner is."""

    @web.authenticated
    def get(self) -> None:
        try:
            settings = Settings.load()
            records = Progress(settings).all()
            told = situation.of(target_words.course(settings), records, situation.called(settings))
        except LabError as error:
            raise web.HTTPError(503, str(error)) from error
        self.set_header("Cache-Control", "no-store")
        self.finish(told)


class HelpHandler(JupyterHandler):
    """The learner calls for help, or takes the call back: `{"wanted": true}`."""

    @web.authenticated
    def post(self) -> None:
        wanted = bool(_body(self).get("wanted"))
        try:
            situation.call(Settings.load(), wanted)
        except LabError as error:
            raise web.HTTPError(503, str(error)) from error
        self.finish({"wanted": wanted})


class OrderHandler(JupyterHandler):
    """What the board has done in this lab: `{"message": TEXT}`, `{"helped": ""}`, `{"prepare": "07/3"}`,
    `{"reset": "07"}` or `{"certificate": LOGIN}`; the answer says how it ended, with a certificate's `page`.
    """

    @web.authenticated
    async def post(self) -> None:
        asked = [(name, str(value)) for name, value in _body(self).items() if name in ORDERS]
        if len(asked) != 1:
            raise web.HTTPError(400, f"um pedido de {', '.join(ORDERS)}")
        ((name, value),) = asked
        try:
            self.finish(await _done(name, value))
        except LabError as error:
            self.finish({"done": False, "said": str(error)})


async def _done(name: str, value: str) -> dict[str, Any]:
    match name:
        case "message":
            return await _said(value)
        case "helped":
            await asyncio.to_thread(situation.call, Settings.load(), False)
            return {"done": True, "said": ""}
        case "certificate":
            return await _certified(value)
        case _:
            return await _ran(name, value)


async def _said(text: str) -> dict[str, Any]:
    await asyncio.to_thread(situation.say, Settings.load(), text)
    return {"done": True, "said": ""}


async def _ran(verb: str, where: str) -> dict[str, Any]:
    """`python3 -m labs prepare …` or `reset …`, as the learner would type it, and tell the learner."""
    settings = Settings.load()
    lesson = target_words.course(settings).lesson(where.partition("/")[0])
    done, said = await _labs(settings, *(["reset", lesson.id, "--yes"] if verb == "reset" else ["prepare", where]))
    if done:
        title = f"A aula {lesson.id[:2]} ({lesson.title})"
        told = "foi desfeita no seu laboratório e recomeça" if verb == "reset" else "está preparada no seu laboratório"
        await asyncio.to_thread(situation.say, settings, f"{title} {told}. Abra o notebook {lesson.id}.")
    return {"done": done, "said": said[-500:]}


async def _certified(login: str) -> dict[str, Any]:
    """The certificate that there is, or `python3 -m labs certificate --nome LOGIN`, beside the learner's page."""
    from labs.pages import certificate

    settings = Settings.load()
    if kept := await asyncio.to_thread(certificate.reissued, target_words.course(settings), settings, login):
        return {"done": True, "said": "", "page": kept}
    path = settings.class_folder / "certificado.html"
    words = ("certificate", f"--nome={login}", f"--output={path}")
    try:
        done, said = await asyncio.wait_for(_labs(settings, *words), CERTIFICATE_SECONDS)
    except TimeoutError as error:
        waited = f"esperei {CERTIFICATE_SECONDS:.0f} s"
        raise LabError("Os checks do certificado não terminaram a tempo.", waited, "peça de novo no painel") from error
    return {"done": True, "said": "", "page": path.read_text("utf-8")} if done else {"done": False, "said": why(said)}


def why(said: str) -> str:
    """Why there is no certificate, of all that the command said: what is missing, and where to return to."""
    _, found, rest = said.rpartition(MISSING)
    if not found:
        return said[-500:]
    missing, _, where = rest.partition("\n")
    steps = [step for step in missing.split(", ") if step]
    shown = textwrap.shorten(missing, 200, placeholder=" …")
    return f"{where.strip()}\nFalta comprovar {plural(len(steps), 'passo', 'passos')}: {shown}"


async def _labs(settings: Settings, *words: str) -> tuple[bool, str]:
    """Run a command of the kit in this lab; whether it succeeded, and all that it said. Cancelled, it ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "labs", *words),
        cwd=CLONE,
        env=without_foreign(os.environ) | settings.environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0, said.decode(errors="replace")


def _body(handler: JupyterHandler) -> Mapping[str, Any]:
    try:
        found = json.loads(handler.request.body or b"{}")
    except ValueError as error:
        raise web.HTTPError(400, "não é JSON") from error
    if not isinstance(found, dict):
        raise web.HTTPError(400, "não é um objeto JSON")
    return found


def state(settings: Settings) -> dict[str, Any]:
    """What the bar above a lesson says of the class: whether help is called, and what the instructor said last."""
    said = situation.message(settings)
    return {
        "class": {
            "help": situation.called(settings) is not None,
            "message": said.text if said else "",
            "at": said.at if said else "",
        }
    }


def handlers(base: str) -> list[tuple[Any, ...]]:
    """What answers below a learner's address."""
    return [
        (url_path_join(base, SITUATION), SituationHandler),
        (url_path_join(base, HELP), HelpHandler),
        (url_path_join(base, ORDER), OrderHandler),
    ]

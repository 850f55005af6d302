"""A learner's server in a class: what the instructor's board asks of it, and what the learner tells the board.

Whoever may enter the server may ask: the learner, and the board (`access:servers` of JupyterHub's scopes).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from labs.base.errors import LabError
from labs.base.foreign import without_foreign
from labs.base.settings import CLONE, Settings
from labs.course import target_words
from labs.course.progress import Progress
from labs.running import situation

SITUATION, HELP, ORDER = "turma/situacao", "turma/ajuda", "turma/pedido"
ORDERS = ("message", "prepare", "reset")


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
    """What the board has done in this lab: `{"message": TEXT}`, `{"prepare": "07/3"}` or `{"reset": "07"}`; the answer
    says how it ended.
    """

    @web.authenticated
    async def post(self) -> None:
        asked = [(name, str(value)) for name, value in _body(self).items() if name in ORDERS]
        if len(asked) != 1:
            raise web.HTTPError(400, f"um pedido de {', '.join(ORDERS)}")
        ((name, value),) = asked
        try:
            self.finish(await _said(value) if name == "message" else await _ran(name, value))
        except LabError as error:
            self.finish({"done": False, "said": str(error)})


async def _said(text: str) -> dict[str, Any]:
    await asyncio.to_thread(situation.say, Settings.load(), text)
    return {"done": True, "said": ""}


async def _ran(verb: str, where: str) -> dict[str, Any]:
    """`python3 -m labs prepare …` or `reset …`, as the learner would type it."""
    settings = Settings.load()
    lesson = target_words.course(settings).lesson(where.partition("/")[0])
    words = ["reset", lesson.id, "--yes"] if verb == "reset" else ["prepare", where]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "labs", *words),
        cwd=CLONE,
        env=without_foreign(os.environ) | settings.environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return {"done": process.returncode == 0, "said": said.decode(errors="replace")[-500:]}


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

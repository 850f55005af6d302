"""The card of a shift in the clinic: it calls a case by chance, and asks whether it is solved."""

from __future__ import annotations

import threading
from collections.abc import Callable

from labs.base.events import Line, Watcher
from labs.course.catalog import Lesson
from labs.running import on_call
from labs.running.runner import Runner
from labs.secrecy.redact import Redactor
from labs.widgets.action import ActionCard
from labs.widgets.transcript import Status, status_line, status_of

HEADING = "Plantão por sorteio"
TEXT = (
    f"Um plantão tem {on_call.CALLS} chamados: casos da clínica por sorteio, sem nome e sem opções. O relógio corre "
    "desde o chamado até você resolver. No terminal é `python3 -m labs.drill --on-call`, e `--solved` confere."
)


class OnCallCard(ActionCard):
    """A shift. `runner` gives the runner of the moment."""

    def __init__(self, lesson: Lesson, runner: Callable[[], Runner]) -> None:
        self._lesson, self._runner = lesson, runner
        card = {
            "heading": HEADING,
            "text": TEXT,
            "unfolded": True,
            "labels": {"run": "Chamar", "verify": "Resolvi"},
        }
        super().__init__(card, Status(), lambda: Redactor(runner().settings))

    def _do(self, doing: str, watch: Watcher, cancel: threading.Event) -> Status:
        world = self._runner().world

        def say(text: str) -> None:
            watch(Line(text))

        if doing == "run":
            on_call.begin(world, self._lesson, say, on_call.CALLS)
            shift = on_call.current(world.settings)
            return Status("pending", f"{shift.spoken} está aberto." if shift else "")
        verdict = on_call.solved(world, self._lesson, say)
        if not verdict.passed and on_call.current(world.settings):
            on_call.begin(world, self._lesson, say, on_call.CALLS)  # a press empties the log: the task stays in view
        return status_of(verdict)

    def text(self) -> str:
        """What a shift is, and how it stands."""
        return "\n".join([HEADING, TEXT, status_line(self.standing)])

"""Cards with a button that runs something: a step of the course, or what a lesson needs beforehand.

The click is answered at once by the browser; the work runs in a thread of its own, and a second thread sends what is
new ten times a second. Only that second thread writes traits while something runs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import traitlets

from labs.base.errors import LabError
from labs.base.events import Event, Line, Watcher
from labs.base.verdict import Verdict
from labs.course.catalog import Lesson, Step
from labs.running import journey
from labs.running.repair import repair
from labs.running.runner import Runner
from labs.secrecy.redact import Redactor
from labs.widgets import changes
from labs.widgets.card import Card, in_thread, status_of_error
from labs.widgets.feed import PERIOD, Feed
from labs.widgets.transcript import (
    EXPECTED,
    MARKS,
    REQUIRED,
    SHOWS,
    TYPED,
    Status,
    is_command,
    output_of,
    status_after,
    status_after_repair,
    status_line,
    status_of,
    step_text,
)

STOP = "Interromper"
GIVEN = "Já é assim no seu laboratório, antes de qualquer comando:"
LOST = "Estava feito, mas agora não se confirma."
READY = "Tudo pronto: pode começar a aula."
_LOOKING = threading.Lock()
"""One card at a time looks at the state."""


class ActionCard(Card):
    """The wiring between buttons and work. Subclasses say what a button does (`_do`) and what the card says (`text`).

    Traits:
        card: what never changes: heading, command, hint …
        status: how it stands, in words.
        runs: how many presses began. A click names the count that it saw, so that a late second one does nothing.
        logged: whether there is a log to ask for.
    """

    _module = "action.js"
    card = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    runs = traitlets.Int(0).tag(sync=True)
    logged = traitlets.Bool(False).tag(sync=True)

    def __init__(self, card: dict[str, Any], status: Status, redact: Callable[[], Callable[[str], str]]) -> None:
        self._redact_now = redact
        self._redact: Callable[[str], str] = redact()
        self._guard = threading.Lock()
        self._busy = False
        self._cancel = threading.Event()
        self._feed = Feed(self._redact)
        self.standing = self._before = status
        super().__init__(card=card, status=self._words(status))
        self.on_msg(self._on_message)

    def _do(self, doing: str, watch: Watcher, cancel: threading.Event) -> Status:
        """Do what a button says; returns how things stand then."""
        raise NotImplementedError

    def press(self, doing: str, *, wait: bool = False) -> bool:
        """What a button's click calls. Returns False where something already runs; with `wait`, returns when done."""
        with self._guard:
            if self._busy:
                return False
            try:
                self._redact = self._redact_now()
            except LabError as error:  # without knowing the secrets nothing runs
                self._show(status_of_error(error))
                return False
            self._busy = True
            self._cancel = threading.Event()
            self._feed = Feed(self._redact)
            self._before = self.standing
            self.runs += 1
        self._show(Status("checking" if doing == "verify" else "running"))
        if wait:
            self._end(self._result(doing))
        else:
            in_thread(lambda: self._attend(doing))
        return True

    def stop(self) -> None:
        """What the stop button calls."""
        self._cancel.set()

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        doing = content.get("do") if isinstance(content, dict) else None
        if doing == "stop":
            self.stop()
        elif doing == "log":
            self.send(self._feed.everything())
        elif doing in ("run", "verify", "repair"):
            if content.get("runs") == self.runs:
                self.press(doing)
            else:  # a click that asks again, or one from a tab that missed something: it learns how things stand
                self.send_state(["status", "runs", "logged"])
                self.send({"standing": self.status})

    def _attend(self, doing: str) -> None:
        """Send what is new while the work runs in its own thread, then its end."""
        results: list[Status] = []
        worker = in_thread(lambda: results.append(self._result(doing)))
        while worker.is_alive():
            worker.join(PERIOD)
            self._flush()
        self._end(results[0])

    def _result(self, doing: str) -> Status:
        try:
            return self._do(doing, self._feed, self._cancel)
        except KeyboardInterrupt:
            return Status("stopped", "Passo interrompido. O que já estava pronto continua como está.")
        except Exception as error:  # noqa: BLE001 - a learner never sees a traceback
            return status_of_error(error)

    def _flush(self) -> None:
        batch = self._feed.batch()
        if batch:
            self.send(batch)
            self.logged = True

    def _end(self, status: Status) -> None:
        self._flush()
        with self._guard:
            self._busy = False
        self._show(status)
        changes.announce()

    def _show(self, status: Status) -> None:
        self.standing = Status(status.state, self._redact(status.observed), self._redact(status.next))
        self.status = self._words(self.standing)

    def _repair(self, status: Status) -> str:
        """The command that a repair button may run; empty for no button."""
        return ""

    def _words(self, status: Status) -> dict[str, Any]:
        sign, word = MARKS[status.state]
        repair = self._repair(status)
        return {
            "state": status.state,
            "sign": sign,
            "word": word,
            "observed": status.observed,
            "next": repair or status.next,
            "command": is_command(status.next),
            "repair": bool(repair),
        }


class StepCard(ActionCard):
    """One step or challenge, through the one runner. `runner` gives the runner of the moment.

    Traits:
        preparing: of what comes before the step: "" for not asked, "written" in a terminal, or "done".
    """

    preparing = traitlets.Unicode("").tag(sync=True)

    def __init__(self, lesson: Lesson, step: Step, runner: Callable[[], Runner], recorded: str | None = None) -> None:
        self._lesson, self._step, self._runner = lesson, step, runner
        self._output: list[str] = []
        self._over = False
        """Whether the last press failed although the state shows what the step makes."""
        self._asked = datetime.min.replace(tzinfo=UTC)
        """When what comes before the step was asked for last."""
        status = Status() if recorded is None else Status("passed", recorded)
        super().__init__(described(lesson, step), status, lambda: Redactor(runner().settings))

    def look(self) -> threading.Thread:
        """Check the state once the card is on the page, in a thread: a step that the state already proves shows as
        done, whoever did it. The cards of a lesson look one after the other, so that opening it stays light.
        """
        return in_thread(self._look)

    def _look(self) -> None:
        with _LOOKING:
            if self._busy or not self._step.lasting:
                return
            recorded = self.standing.state == "passed"
            try:
                verdict = self._runner().look(self._lesson.id, self._step.id)
            except Exception as error:  # noqa: BLE001 - a learner never sees a traceback
                verdict = Verdict(False, status_of_error(error).observed, status_of_error(error).next)
            with self._guard:
                if self._busy:
                    return
                if verdict.passed and self._step.given and not recorded:
                    self._show(Status("pending", f"{GIVEN} {verdict.observed}"))
                elif verdict.passed:
                    self._show(status_of(verdict))
                elif recorded:
                    self._show(Status("pending", f"{LOST} {verdict.observed}", verdict.hint))

    def _on_message(self, widget: object, content: Any, buffers: object) -> None:
        if isinstance(content, dict) and content.get("do") == "prepare":
            self._asked, self.preparing = datetime.now(UTC).replace(microsecond=0), "written"
        else:
            super()._on_message(widget, content, buffers)

    def _look_whether_prepared(self) -> None:
        """What a terminal was asked to prepare may be done by now."""
        if self.preparing != "written":
            return
        with contextlib.suppress(LabError):  # nobody asked just now
            records = self._runner().progress.all()
            if journey.prepared_since(records, self._lesson, self._step, self._asked):
                self.preparing = "done"

    @property
    def path(self) -> str:
        """ "lesson/step"."""
        return f"{self._lesson.id}/{self._step.id}"

    def look_again(self) -> None:
        """Something was typed: what the state proves now shows as done; what it does not stays as it stands, and so
        does a press that failed over a state that was there already.
        """
        self._look_whether_prepared()
        with _LOOKING:
            if self.standing.state not in ("pending", "failed", "stopped") or self._over or self._busy:
                return
            try:
                verdict = self._runner().look(self._lesson.id, self._step.id)
            except Exception:  # noqa: BLE001 - nobody asked: who presses Verificar reads it
                return
            with self._guard:
                if verdict.passed and not self._step.given and not self._busy:
                    self._show(status_of(verdict))

    def _repair(self, status: Status) -> str:
        if status.state == "passed" or not status.next:
            return ""
        try:
            return repair(status.next, self._runner().settings)
        except LabError:
            return ""

    def _do(self, doing: str, watch: Watcher, cancel: threading.Event) -> Status:
        runner = self._runner()
        self._over = False
        if doing == "verify":
            return status_of(runner.verify(self._lesson.id, self._step.id))
        if doing == "repair":
            command = self._repair(self._before)
            if not command:
                return self._before
            return status_after_repair(runner.repair(self._lesson.id, self._step.id, command, watch, cancel))
        said: set[str] = set()

        def noting(event: Event) -> None:
            if isinstance(event, Line):
                said.update(line.strip() for line in event.text.splitlines())
            watch(event)

        outcome = runner.run(self._lesson.id, self._step.id, noting, cancel)
        self._output = output_of(outcome)
        self._over = outcome.ran and not outcome.verdict.passed and runner.shows(self._lesson.id, self._step.id)
        for line in self._output[len([row for text in outcome.transcript for row in text.splitlines()]) :]:
            if line.strip() not in said:  # a refusal in the tool's own words, which a seam gave as an error
                watch(Line(line))
        return status_after(outcome)

    def text(self) -> str:
        """The transcript that the notebook stores."""
        return step_text(self.card["heading"], self._step, map(self._redact, self._output), self.standing)


POINT = "Passe o mouse sobre uma parte do comando, ou vá a ela com Tab e as setas."
"""Said in the first lesson; whoever has read it there knows it from then on."""
SYMPTOM = 1
"""Which of a case's steps meets its message."""


def described(lesson: Lesson, step: Step) -> dict[str, Any]:
    """What a step's card says from the start.

    An open step gives its task; the solution waits for its button. Elsewhere the command stands in the card already,
    and a solution is offered only where the step has one of its own: why it works, another way, what to look at. What a
    case's symptom means is its last hint: the diagnosis is the learner's.
    """
    challenge = step is lesson.challenge
    is_open = step.open or challenge
    tells = any(step.id == case.steps[SYMPTOM] for case in lesson.cases)
    return {
        "heading": f"{_place(lesson, step)} · {step.title}",
        "text": step.text,
        "command": "" if is_open else step.command.strip(),
        "parts": [] if is_open else [[part.text, part.meaning] for part in step.parts],
        "idle": POINT if lesson.id.startswith("00-") else "",
        "why": "" if tells else step.why,
        "hints": [hint for hint in (step.nudge, step.hint, step.why if tells else "") if hint],
        "solution": step.solution.strip() or (step.command.strip() if is_open else ""),
        "note": _note(step),
        "open": is_open,
        "unfolded": bool(step.case),
        "prepare": _prepared_by(lesson, step),
        "labels": {"run": "Executar a solução" if is_open else "Executar", "verify": "Verificar", "stop": STOP},
    }


def _note(step: Step) -> str:
    """What is special of a step: it is meant to be refused, asked for by the certificate, or not proven by itself."""
    if step.expect:
        return f"{EXPECTED} {TYPED}" if step.given else EXPECTED
    return REQUIRED if step.required else SHOWS if step.given else ""


def _prepared_by(lesson: Lesson, step: Step) -> str:
    """The command that does what comes before a step; empty where the lesson's own card does it, where it would give
    solutions away, and in the clinic, whose cases do not build on each other.
    """
    if step.open or lesson.cases or step is lesson.challenge or step is lesson.steps[0]:
        return ""
    return f"python3 -m labs prepare {lesson.id[:2]}/{lesson.steps.index(step) + 1}"


def _place(lesson: Lesson, step: Step) -> str:
    """What a step is called in its lesson: by its number, or by the case of the clinic that it belongs to."""
    if step is lesson.challenge:
        return "Desafio"
    if lesson.cases:
        return f"Caso {lesson.case(step.case).number}" if step.case else "Fim"
    return f"Passo {lesson.steps.index(step) + 1}"


class PrepareCard(ActionCard):
    """What is missing before a lesson, and one button that does it."""

    def __init__(
        self,
        missing: Callable[[], Sequence[str]],
        prepare: Callable[[Watcher], Status],
        redact: Callable[[], Callable[[str], str]],
    ) -> None:
        self._look_for, self._prepare = missing, prepare
        self._missing = tuple(missing())
        card = {
            "heading": "Antes de começar",
            "text": "Esta aula parte do que as anteriores deixaram pronto. Faltava, quando ela foi aberta:",
            "missing": list(self._missing),
            "labels": {"run": "Preparar esta aula"},
        }
        super().__init__(card, Status(), redact)

    path = "prepare"
    """One lesson has one such card."""

    def look_again(self) -> None:
        """Something was typed: where nothing is missing any more, the card says so."""
        with _LOOKING:
            if self.standing.state not in ("pending", "failed", "stopped") or self._busy:
                return
            try:
                missing = self._look_for()
            except Exception:  # noqa: BLE001 - nobody asked: who presses the button reads it
                return
            with self._guard:
                if not missing and not self._busy:
                    self._show(Status("passed", READY))

    def _do(self, doing: str, watch: Watcher, cancel: threading.Event) -> Status:
        return self._prepare(watch)

    def text(self) -> str:
        """What is missing, as a list."""
        missing = (f"  - {item}" for item in self._missing)
        return "\n".join([self.card["heading"], self.card["text"], *missing, status_line(self.standing)])

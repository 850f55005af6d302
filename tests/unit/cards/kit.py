"""Cards without a browser: a runner that does what a test says, and the messages that cards send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from labs.base.errors import LabError
from labs.base.events import Watcher
from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.course.catalog import CheckSpec, Lesson, Step
from labs.running.runner import Outcome
from labs.widgets.action import StepCard

EVIL = "</script><img src=x onerror=alert(1)>"
WIDGET = "application/vnd.jupyter.widget-view+json"


def wait_for(test: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not test():
        assert time.monotonic() < deadline, f"still not: {what}"
        threading.Event().wait(0.005)


class FakeRunner:
    """A runner whose steps do what the test says; remembers its calls."""

    def __init__(self, settings: Settings, act: Callable[[Watcher, threading.Event], None] = lambda *_: None) -> None:
        self.settings, self.act = settings, act
        self.verdict = Verdict(True, "feito")
        self.error: LabError | None = None
        self.there = False
        self.transcript: tuple[str, ...] = ()
        self.calls: list[str] = []

    def run(self, lesson: str, step: str, watch: Watcher, cancel: threading.Event | None = None) -> Outcome:
        self.calls.append(f"run {lesson}/{step}")
        self.act(watch, cancel or threading.Event())
        return Outcome(LESSON, LESSON.steps[0], self.verdict, 1.5, self.transcript, self.error)

    def verify(self, lesson: str, step: str) -> Verdict:
        self.calls.append(f"verify {lesson}/{step}")
        return self.verdict

    def look(self, lesson: str, step: str) -> Verdict:
        self.calls.append(f"look {lesson}/{step}")
        return self.verdict

    def shows(self, lesson: str, step: str) -> bool:
        return self.there

    def repair(
        self, lesson: str, step: str, command: str, watch: Watcher, cancel: threading.Event | None = None
    ) -> Outcome:
        self.calls.append(f"repair {lesson}/{step}: {command}")
        self.act(watch, cancel or threading.Event())
        return Outcome(LESSON, LESSON.steps[0], self.verdict, 1.5, (), self.error)


def step(**changes: Any) -> Step:
    fields: dict[str, Any] = {"id": "one", "title": "Faça", "command": "docker build .", "check": CheckSpec("x", {})}
    return Step(**{**fields, **changes})


LESSON = Lesson("02-build", "Build", 5, "", (), (step(),), (), step(id="challenge", title="Sozinho", text="Tente."))


def card_of(runner: FakeRunner, one: Step = LESSON.steps[0], recorded: str | None = None) -> StepCard:
    lesson = LESSON if one in (LESSON.steps[0], LESSON.challenge) else Lesson("02-build", "B", 5, "", (), (one,))
    return StepCard(lesson, one, lambda: runner, recorded)  # type: ignore[arg-type, return-value]


def click(card: Any, **content: Any) -> None:
    """What the browser's message does."""
    card._on_message(card, content, [])


def look(card: StepCard) -> None:
    card.look().join(10)

"""What is typed turns its card green, without a press: in the lab's own terminal, and in another that talks to it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.jupyter import configuration
from labs.notebook.lab import Kit
from labs.running.runner import Runner
from labs.widgets.action import StepCard

SECONDS = 20.0
LESSON = "02-build"
TypeLine = Callable[[Settings, str], float]


def in_the_labs_terminal(settings: Settings, line: str) -> float:
    """Type a line where JupyterLab's terminals start; returns when it was done."""
    return _typed(settings, ["bash", "--rcfile", str(configuration.terminal_file(settings)), "-i"], f"{line}\n", {})


def in_another_terminal(settings: Settings, line: str) -> float:
    """The same in a terminal that was told `labs env`, whose prompt is not the kit's."""
    return _typed(settings, ["bash", "-c", f"cd widget-server && {line}"], "", settings.environment())


def _typed(settings: Settings, command: list[str], said: str, variables: dict[str, str]) -> float:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}
    done = subprocess.run(
        command, input=said, cwd=settings.work, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic()


@pytest.fixture(scope="module")
def kit(new_lab: Settings) -> Iterator[Kit]:
    configuration.write(new_lab, 8888)
    runner = Runner(new_lab)
    for outcome in runner.prepare(LESSON):
        assert outcome.verdict.passed, outcome
    yield Kit(lambda: Settings.load(new_lab.home))


@pytest.mark.parametrize(
    ("step", "line", "typed"),
    [
        ("build-v1", "docker build -t widget-server:v1 .", in_the_labs_terminal),
        ("build-untagged", "docker build --build-arg APP_VERSION=sem-tag .", in_the_labs_terminal),
        ("run-v1", "docker run -d -p 3000:3333 --name widget-v1 widget-server:v1", in_another_terminal),
    ],
)
def test_its_card_turns_green(kit: Kit, step: str, line: str, typed: TypeLine) -> None:
    runner = kit.runner()
    lesson = runner.course.lesson(LESSON)
    card = StepCard(lesson, lesson.step(step), kit.runner)
    kit.watch.add(card)
    assert card.status["state"] == "pending"
    done = typed(runner.settings, line)
    until("o cartão ficar verde", lambda: Look(card.status["state"] == "passed", card.text()), SECONDS)
    print(f"{step}: {time.monotonic() - done:.1f} s")
    assert runner.done(LESSON, step)

"""The checks and the steps of the lessons, timed one by one while the course is done by button."""

from __future__ import annotations

import os
import statistics
import time

from labs.base.settings import Settings
from labs.course.catalog import Step
from labs.running.journey import steps_of
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.running.unattended import VARIABLE


def while_the_course_is_done(settings: Settings) -> list[tuple[str, str, str]]:
    """Rows of the table: each step's check before and after its command, and the steps that ask `aws` in a `$(…)`."""
    os.environ[VARIABLE] = "1"
    runner = Runner(settings)
    checks: dict[str, float] = {}
    runs: dict[str, float] = {}
    for lesson in (one for one in runner.course.lessons if not one.cases):
        for step in steps_of(lesson):
            path = f"{lesson.id}/{step.id}"
            before = _judged(runner, step)
            runs[path] = runner.run(lesson.id, step.id).seconds
            checks[path] = max(before, _judged(runner, step))
    slowest = max(checks, key=lambda path: checks[path])
    asking = {path: took for path, took in runs.items() if "$(aws" in _command(runner, path)}
    longest = max(asking, key=lambda path: asking[path])
    return [
        (
            f"a step's check, before and after its command ({len(checks)} steps, median {_median(checks):.3f} s)",
            f"at most {checks[slowest]:.2f} s ({slowest})",
            "≤ 0.3 s",
        ),
        (
            f"a step with `$(aws …)` by button ({len(asking)} steps)",
            f"at most {asking[longest]:.2f} s ({longest})",
            "≤ 1 s",
        ),
    ]


def _judged(runner: Runner, step: Step) -> float:
    started = time.perf_counter()
    judge(step, runner.world)
    return time.perf_counter() - started


def _command(runner: Runner, path: str) -> str:
    _, step = runner.course.step(path)
    return step.command


def _median(values: dict[str, float]) -> float:
    return statistics.median(values.values())

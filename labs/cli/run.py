"""The course without a browser: each step through the same runner as its button, and a table of what came out."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence

from labs.base.errors import LabError
from labs.base.events import ignore
from labs.base.settings import Settings
from labs.base.verdict import STANDS
from labs.course import target_words
from labs.course.catalog import Lesson
from labs.course.command_line import CommandLine
from labs.live import guard
from labs.running import journey
from labs.running.commands import Context, execute
from labs.running.runner import Outcome, Runner
from labs.running.unattended import VARIABLE


def main(lessons: Sequence[str], as_json: bool, settings: Settings) -> int:
    """Run lessons (all where none is named) with their challenges' solutions; print a table or JSON.

    Args:
        settings: of a lab that is up.

    Returns:
        0 only if every step passed.

    Raises:
        CatalogError: a lesson does not exist.
        LiveLocked: the target is live, and nothing was confirmed.
    """
    os.environ[VARIABLE] = "1"
    if settings.live:
        guard.require_session(settings)
    runner = Runner(settings)
    print(f"Alvo: {target_words.title(settings)}", file=sys.stderr if as_json else sys.stdout, flush=True)
    chosen = [runner.course.lesson(name) for name in lessons] or list(runner.course.lessons)
    outcomes: list[Outcome] = []
    for lesson in chosen:
        for outcome in runner.prepare(lesson.id):
            outcomes.append(outcome)
            _report(outcome, as_json)
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            outcomes.append(runner.run(lesson.id, step.id))
            _report(outcomes[-1], as_json)
            _tidy(runner, outcomes[-1])
    if as_json:
        print(json.dumps([_row(outcome) for outcome in outcomes], ensure_ascii=False, indent=2))
    else:
        skipped = sum(bool(outcome.step.skip) for outcome in outcomes)
        good = sum(outcome.verdict.passed for outcome in outcomes) - skipped
        seconds = sum(outcome.seconds for outcome in outcomes)
        only_sandbox = f" ({skipped} são só da sandbox)" if skipped else ""
        print(f"\n{good} de {len(outcomes)} passos comprovados em {seconds:.1f} s{only_sandbox}")
    return 0 if all(outcome.verdict.passed for outcome in outcomes) else 1


def prepare(lesson: Lesson, before: int, settings: Settings) -> int:
    """Do what a lesson needs, and so many of its steps; print a line for each.

    Args:
        settings: of a lab that is up.

    Returns:
        0 only if every step passed.

    Raises:
        LiveLocked: the target is live, and nothing was confirmed.
        LabError: an open case of the clinic cannot be closed.
    """
    os.environ[VARIABLE] = "1"
    if settings.live:
        guard.require_session(settings)
    runner = Runner(settings)
    outcomes = runner.prepare(lesson.id)
    for outcome in outcomes:
        _report(outcome, as_json=False)
    for step in lesson.steps[:before]:
        if not all(outcome.verdict.passed for outcome in outcomes):
            break
        outcomes.append(runner.run(lesson.id, step.id))
        _report(outcomes[-1], as_json=False)
    if not all(outcome.verdict.passed for outcome in outcomes):
        print("\nA preparação parou no passo que falhou.")
        return 1
    print(f"\nPronto para a aula {lesson.id[:2]} ({lesson.title}), {journey.step_words(lesson, lesson.steps[before])}.")
    return 0


_MARKS = {(True, False): "✓ passou", (False, False): "✗ falhou", (False, True): "⚠ falhou agora"}


def _report(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        print(f"{outcome.lesson.id}/{outcome.step.id}", file=sys.stderr)
        return
    mark = "– pulado" if outcome.step.skip else _MARKS[outcome.verdict.passed, outcome.verdict.holds]
    name = f"{outcome.lesson.id}/{outcome.step.id}"
    print(f"{name:45} {mark}  {outcome.seconds:6.2f} s  {outcome.verdict.observed.splitlines()[0][:110]}", flush=True)
    if not outcome.verdict.passed:
        for line in outcome.verdict.observed.splitlines()[1:]:
            print(f"{'':47}{line}")
        if outcome.verdict.holds:
            print(f"{'':47}{STANDS}")
        if outcome.verdict.hint:
            print(f"{'':47}próximo: {outcome.verdict.hint}")


def _tidy(runner: Runner, outcome: Outcome) -> None:
    """Remove what a challenge's solution left, so that a second run starts as the first."""
    if outcome.step.cleanup:
        folder = runner.settings.work / "widget-server"
        context = Context(runner.settings, runner.world.engine, runner.world.cloud, folder)
        with contextlib.suppress(LabError):  # what cannot be removed now is told by the next check that meets it
            execute(CommandLine.of(outcome.step.cleanup), context, ignore)


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "lesson": outcome.lesson.id,
        "step": outcome.step.id,
        "passed": outcome.verdict.passed,
        "holds": outcome.verdict.holds,
        "skipped": bool(outcome.step.skip),
        "seconds": round(outcome.seconds, 3),
        "observed": outcome.verdict.observed,
        "evidence": dict(outcome.verdict.evidence),
    }

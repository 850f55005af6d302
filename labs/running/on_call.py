"""On call: cases of the clinic by chance, one after the other, with their count and their time.

A shift outlives kernels and terminals: it is kept in one file until its last case is solved, or it is given up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labs.base import documents
from labs.base.errors import CommandError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.base.text import plural
from labs.base.verdict import Verdict, failed, passed
from labs.clinic import cases
from labs.course.catalog import Case, Lesson, Step
from labs.running.judge import judge
from labs.seams.world import World

CALLS = 3
"""Cases of a shift, where nobody says how many."""
BEGIN, SOLVED = "python3 -m labs.drill --on-call", "python3 -m labs.drill --solved"


@dataclass(frozen=True)
class Shift:
    """A shift that goes on.

    Attributes:
        calls: ids of its cases, in their order; the first that is not in `seconds` is open.
        since: when that one was called (machine's time, seconds since 1970).
        seconds: how long each solved one took.
    """

    calls: tuple[str, ...]
    since: float
    seconds: tuple[float, ...] = ()

    @property
    def case(self) -> str:
        return self.calls[len(self.seconds)]

    @property
    def spoken(self) -> str:
        return f"Chamado {len(self.seconds) + 1} de {len(self.calls)}"


def current(settings: Settings) -> Shift | None:
    """The shift that goes on; None where there is none, or its case was closed meanwhile."""
    try:
        found = documents.read(settings.on_call_file, Shift)
    except (OSError, documents.Damaged):
        return None
    going_on = len(found.seconds) < len(found.calls) and cases.current(settings) == found.case
    return found if going_on else None


def begin(world: World, lesson: Lesson, say: Report, count: int) -> None:
    """Begin a shift of so many cases, none of them twice; one that goes on says its case once more.

    Raises:
        CommandError: there are not so many cases.
        LabError: the sandbox refused.
    """
    if shift := current(world.settings):
        _tell(shift, lesson.case(shift.case), lesson, say)
        return
    if not 1 <= count <= len(lesson.cases):
        raise CommandError(f"Um plantão tem de 1 a {len(lesson.cases)} chamados.", str(count), BEGIN)
    drawn = random.sample([case.id for case in lesson.cases], count)
    _call(world, Shift(tuple(drawn), 0.0), lesson, say)


def _call(world: World, shift: Shift, lesson: Lesson, say: Report) -> None:
    cases.open_case(world, shift.case, lambda _: None)  # what it says names the case
    called = replace(shift, since=time.time())
    documents.write(world.settings.on_call_file, called)
    _tell(called, lesson.case(shift.case), lesson, say)


def _tell(shift: Shift, case: Case, lesson: Lesson, say: Report) -> None:
    symptom = next(lesson.step(step) for step in case.steps[1:])
    task = next(step.text for step in repairs(lesson, case))
    say(f"{shift.spoken}. {case.story}")
    say(f"Comece por aqui:  {symptom.command.strip()}")
    say(f"A tarefa: {task}")
    say(f"Quando achar que resolveu:  {SOLVED}")


def repairs(lesson: Lesson, case: Case) -> tuple[Step, ...]:
    """The steps of a case that a person is to find, in order."""
    return tuple(step for step in map(lesson.step, case.steps) if step.open)


def solved(world: World, lesson: Lesson, say: Report) -> Verdict:
    """Whether the open call is solved, from the state alone; if so, the next one is called, or the shift ends.

    Raises:
        LabError: the sandbox refused.
    """
    shift = current(world.settings)
    if shift is None:
        return failed("Nenhum plantão em andamento.", BEGIN)
    case = lesson.case(shift.case)
    for step in repairs(lesson, case):
        verdict = judge(step, world)
        if not verdict.passed:
            return replace(verdict, hint=step.nudge)
    took = time.time() - shift.since
    shift = replace(shift, seconds=(*shift.seconds, took))
    cause = next(option for option in case.diagnosis.options if option.right)
    say(f"✓ Resolvido em {clock(took)}. Era o caso {case.number}. {cause.text}. {cause.because}")
    if len(shift.seconds) < len(shift.calls):
        _call(world, shift, lesson, say)
        return passed(f"Resolvido. {shift.spoken} está aberto.")
    cases.close_case(world, lambda _: None)
    world.settings.on_call_file.unlink(missing_ok=True)
    return passed(_summary(shift.seconds))


def _summary(seconds: Sequence[float]) -> str:
    calls = plural(len(seconds), "chamado resolvido", "chamados resolvidos")
    return f"Fim do plantão: {calls} em {clock(sum(seconds))}; o mais demorado levou {clock(max(seconds))}."


def clock(seconds: float) -> str:
    """ "45 s" or "2 min 05 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"

"""Asking a step's check: the one place where the course's names of checks meet the functions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from string import Template
from typing import Any

import labs.checks.cloud
import labs.checks.container
import labs.checks.edited
import labs.checks.image
import labs.checks.lab
import labs.checks.mfa
import labs.checks.registry
import labs.checks.release
import labs.clinic.checks  # noqa: F401 - importing a module registers its checks
from labs.base.errors import (
    CatalogError,
    CloudError,
    CommandError,
    EngineError,
    LabError,
    MissingDependency,
    RegistryError,
    SandboxError,
)
from labs.base.explain import explain
from labs.base.verdict import Verdict, failed, passed, unseen
from labs.base.wait import Look, until
from labs.checks import CHECKS, check, misfit, witness
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import Course, Lesson, Seen, Step, case_number
from labs.course.progress import Progress
from labs.running import residue
from labs.running.hints import hinted
from labs.seams.world import World

ENGINE = "engine"
"""The one witness that is there live too: the engine is the lab's with both targets."""
WATCHED = ("unix://", "tcp://", "http://")
"""Addresses of engines whose events the gateway follows (`labs/sandbox/gateway/engine_watch.py`)."""
ANY = {"digest": "*"}
"""What of a verdict's evidence a pattern may name (`$digest`), where no verdict is known."""
EVENT_SECONDS = 0.2
"""How long after a command the engine's stream may take to bring its event to the gateway."""


def check_names() -> tuple[str, ...]:
    """Names of all checks, sorted."""
    return tuple(sorted(CHECKS))


def judge(step: Step, world: World) -> Verdict:
    """Run a step's check. What the outside systems refuse becomes a verdict that did not pass.

    Raises:
        CatalogError: the catalogue names a check that does not exist, or gives it wrong arguments.
    """
    if closed := closed_case(step, world):
        return closed
    verdict = _judged(step, world)
    if verdict.passed and step.seen:
        verdict = _witnessed(verdict, step.seen, world, step)
    return hinted(verdict, step, world)


def _witnessed(verdict: Verdict, seen: Seen, world: World, step: Step) -> Verdict:
    """A state that was there before the step proves it only where the gateway saw the command."""
    watched = world.settings.engine_host.startswith(WATCHED) if seen.service == ENGINE else not world.settings.live
    if not watched:  # the real registries and AWS, and an engine over ssh: there the state alone is known
        return verdict
    try:
        find = partial(seen_event, seen, world, verdict.evidence)
        event = find() or (_awaited(find) if seen.service == ENGINE else None)
    except LabError as error:
        return unproven_by(error, step)
    if event is None:
        observed = f"O laboratório ainda não viu este passo ser feito. O que há agora: {verdict.observed}"
        return unseen(observed, step.hint)
    return replace(verdict, evidence={**verdict.evidence, "event": str(event["seq"])})


def seen_event(seen: Seen, world: World, evidence: Mapping[str, str] = ANY) -> dict[str, Any] | None:
    """The last event that fits; None where there is none.

    Args:
        evidence: of the check's verdict, which patterns may name too; what it does not say fits anything.

    Raises:
        SandboxError: the sandbox is not up.
    """
    before = seen_event(seen.after, world) if seen.after else None
    after = int(before["seq"]) if before else 0
    return witness.find(world, seen.service, seen.kind, after=after, ran=seen.ran, **_patterns(seen, world, evidence))


def _awaited(find: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    with contextlib.suppress(SandboxError):
        until("o evento do engine chegar", lambda: Look(find() is not None), EVENT_SECONDS)
    return find()


def _patterns(seen: Seen, world: World, evidence: Mapping[str, str]) -> dict[str, str]:
    variables = {**ANY, **world.settings.environment(), **evidence}
    names = ("repository", "reference", "user", "subject", "code", "app_env")
    return {name: Template(text).safe_substitute(variables) for name in names if (text := getattr(seen, name))}


def _judged(step: Step, world: World) -> Verdict:
    kind, arguments = step.check.kind, step.check.expanded(world.settings.environment())
    if wrong := misfit(kind, arguments):
        raise CatalogError(
            "O catálogo do curso tem um erro (não é culpa sua).",
            f"passo {step.id}, verificação {kind}: {wrong}",
            "python3 -m labs doctor",
        )
    try:
        return CHECKS[kind](world, **arguments)
    except CatalogError:
        raise  # of a check that runs the checks of other steps
    except LabError as error:
        return unproven_by(error, step)
    except Exception as error:  # noqa: BLE001 - the last resort: state that no check foresaw is no proof and no traceback
        observed = f"A verificação não entendeu o estado que encontrou: {type(error).__name__}: {error}"
        return Verdict(False, observed, step.hint or "python3 -m labs doctor", answered=False)


OUTSIDE = (EngineError, RegistryError, SandboxError, CloudError, CommandError, MissingDependency)
"""What comes of systems and programs that give no answer: down, out of reach, refusing whoever asks."""


def unproven_by(error: LabError, step: Step) -> Verdict:
    """The verdict where a check ended in an error. A refusal is not an absence: only "no such thing" is an answer."""
    found = isinstance(error, CloudError) and error.not_found
    absent = explain(error.observed).what if found else ""  # nothing was refused: the check asked whether it is there
    observed = absent or f"{error.what} {error.observed}".strip()
    answered = found or not isinstance(error, OUTSIDE)
    return Verdict(False, observed, error.next_command or step.hint, answered=answered)


def closed_case(step: Step, world: World) -> Verdict | None:
    """Why a step of the clinic proves nothing now: its case is not open. None where it is, or there is none."""
    case = OpenCase.load(world.settings) if step.case else None
    if not step.case or (case and case.name == step.case):
        return None
    number = case_number(step.case)
    return failed(f"O caso {number} não está aberto.", f"python3 -m labs.drill {number}")


# Checks of the whole course -----------------------------------------------------------------------


@check
def course_proven(world: World) -> Verdict:
    """All that the certificate asks for holds now, and it was issued."""
    missing = [f"{lesson.id}/{step.id}" for lesson, step, verdict in demanded(world) if not verdict.passed]
    if missing:
        return failed(f"Falta comprovar: {', '.join(missing)}.", f"Volte à aula {missing[0][:2]}.")
    if not world.settings.certificate_file.is_file():
        return failed("Tudo está comprovado; falta o certificado.", "python3 -m labs.certificate")
    return passed("Tudo o que o certificado pede vale agora, a partir do estado real.")


def demanded(world: World, course: Course | None = None) -> Iterator[tuple[Lesson, Step, Verdict]]:
    """What the certificate asks for: each step of the lessons and each required challenge. A check that lasts is run
    now; what a later step undoes on purpose must have been proven in its time.
    """
    records = Progress(world.settings).all()
    for lesson in (course or target_words.course(world.settings)).lessons:
        for step in lesson.demanded:
            record = records.get(f"{lesson.id}/{step.id}")
            done = passed(record.observed, **record.evidence) if record and record.passed else None
            if step.lasting:
                verdict = judge(step, world)
                yield lesson, step, done if done and verdict.unseen else verdict
            else:
                yield lesson, step, done or failed("Ainda não foi comprovado.")


@check
def zero_residue(world: World) -> Verdict:
    """Nothing that the lab made is left in the engine, the registries and the account."""
    left = residue.names(world)
    if left:
        return failed(f"Ainda existe: {', '.join(left[:5])}.", "python3 -m labs.cleanup")
    return passed("Nada do curso ficou no engine, nos registries e na conta.")

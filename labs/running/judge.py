"""Asking a step's check: the one place where the course's names of checks meet the functions."""

from __future__ import annotations

from dataclasses import replace

import labs.checks.cloud
import labs.checks.container
import labs.checks.image
import labs.checks.lab
import labs.checks.registry
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
from labs.base.verdict import Verdict, failed, passed
from labs.checks import CHECKS, check, misfit
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import Step
from labs.running import residue
from labs.seams.world import World


def check_names() -> tuple[str, ...]:
    """Names of all checks, sorted."""
    return tuple(sorted(CHECKS))


def judge(step: Step, world: World) -> Verdict:
    """Run a step's check. What the outside systems refuse becomes a verdict that did not pass.

    Raises:
        CatalogError: the catalogue names a check that does not exist, or gives it wrong arguments.
    """
    if step.case:
        return closed_case(step, world) or _without_repair(_judged(step, world), step)
    return _judged(step, world)


def _without_repair(verdict: Verdict, step: Step) -> Verdict:
    """In the clinic what to do next is the learner's to find: a check may only name the lab's own commands."""
    if verdict.passed or verdict.hint.startswith("python3 -m labs"):
        return verdict
    return replace(verdict, hint=step.hint)


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
    observed = f"{error.what} {error.observed}".strip()
    found = isinstance(error, CloudError) and error.not_found
    answered = found or not isinstance(error, OUTSIDE)
    return Verdict(False, observed, error.next_command or step.hint, answered=answered)


def closed_case(step: Step, world: World) -> Verdict | None:
    """Why a step of the clinic proves nothing now: its case is not open. None where it is, or there is none."""
    case = OpenCase.load(world.settings) if step.case else None
    if not step.case or (case and case.name == step.case):
        return None
    return failed(f"O caso {step.case} não está aberto.", f"python3 -m labs.drill {step.case}")


# Checks of the whole course -----------------------------------------------------------------------


@check
def course_proven(world: World) -> Verdict:
    """Every check that lasts to the end of the course passes now, and the certificate was issued."""
    missing = unproven(world)
    if missing:
        return failed(f"Falta comprovar: {', '.join(missing)}.", f"python3 -m labs run {missing[0].partition('/')[0]}")
    if not world.settings.certificate_file.is_file():
        return failed("Tudo está comprovado; falta o certificado.", "python3 -m labs.certificate")
    return passed("Todas as verificações do curso passam agora, a partir do estado real.")


def unproven(world: World) -> list[str]:
    """Steps, as "lesson/step", whose lasting check does not pass."""
    return [
        f"{lesson.id}/{step.id}"
        for lesson in target_words.course(world.settings).lessons
        for step in lesson.steps
        if step.lasting and not judge(step, world).passed
    ]


@check
def zero_residue(world: World) -> Verdict:
    """Nothing that the lab made is left in the engine, the registries and the account."""
    left = residue.names(world)
    if left:
        return failed(f"Ainda existe: {', '.join(left[:5])}.", "python3 -m labs.cleanup")
    return passed("Nada do curso ficou no engine, nos registries e na conta.")

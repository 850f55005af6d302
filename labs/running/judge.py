"""Asking a step's check: the one place where the course's names of checks meet the functions."""

from __future__ import annotations

import labs.checks.cloud
import labs.checks.container
import labs.checks.image
import labs.checks.lab
import labs.checks.registry
import labs.clinic.checks  # noqa: F401 - importing a module registers its checks
from labs.base.errors import CatalogError, LabError
from labs.base.verdict import Verdict, failed, passed
from labs.checks import CHECKS, check, misfit
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import Step
from labs.running import residue
from labs.running.hints import hinted
from labs.seams.world import World


def check_names() -> tuple[str, ...]:
    """Names of all checks, sorted."""
    return tuple(sorted(CHECKS))


def judge(step: Step, world: World) -> Verdict:
    """Run a step's check. What the outside systems refuse becomes a verdict that did not pass.

    Raises:
        CatalogError: the catalogue names a check that does not exist, or gives it wrong arguments.
    """
    return closed_case(step, world) or hinted(_judged(step, world), step, world)


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
        observed = f"{error.what} {error.observed}".strip()
        return Verdict(False, observed, error.next_command or step.hint)
    except Exception as error:  # noqa: BLE001 - the last resort: state that no check foresaw is no proof and no traceback
        observed = f"A verificação não entendeu o estado que encontrou: {type(error).__name__}: {error}"
        return Verdict(False, observed, step.hint or "python3 -m labs doctor")


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

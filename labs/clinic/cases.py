"""The clinic's cases: each puts one real fault into the sandbox, and is taken out again.

files/            what the patients are made of: Dockerfiles and scripts, copied to `work/clinica`
open_case.py      the open case: what was there before the fault, written down before anything changes
belongings.py     all that a case may make, by exact name, and how what the ledger knows of it is removed
ingredients.py    what faults are made of: images, logins, an IAM user, repositories
faults_remote.py  what is wrong with registries and AWS;  faults_local.py  with names, builds and containers

A case is open from its fault until `close_case`; opening another closes it first. So whoever leaves in the middle
loses nothing: logins, the lab's clock and the pull limit come back as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from labs.base.errors import CommandError
from labs.base.events import Report
from labs.base.files import locked
from labs.base.settings import Settings
from labs.base.things import Thing
from labs.base.verdict import Verdict
from labs.clinic import belongings, faults_local, faults_remote
from labs.clinic.ingredients import Fault, Ingredients
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import case_number, load_course
from labs.ownership.ledger import things_of
from labs.seams.world import World

LESSON = "10-clinica-de-erros"
FAULTS: Mapping[str, Fault] = {**faults_remote.FAULTS, **faults_local.FAULTS}


def current(settings: Settings) -> str:
    """The open case's name; empty where none is open."""
    case = OpenCase.load(settings)
    return case.name if case else ""


def open_case(world: World, name: str, say: Report) -> None:
    """Put a fault into the sandbox; a case that is open is closed first.

    Raises:
        CommandError: there is no such case, something that is not the clinic's bears one of its names, or the target is
            live: no fault is planted in a real account.
        LabError: the engine, a registry or AWS refused; the case is open and can be closed or opened again.
    """
    fault = _fault(name)
    if world.settings.live:
        raise CommandError(
            "A clínica só existe na sandbox: numa conta de verdade não se planta defeito.",
            f"alvo: {target_words.title(world.settings)}",
            "python3 -m labs.target sandbox",
        )
    with _locked(world.settings):
        if before := OpenCase.load(world.settings):
            belongings.leave(world, before, keep=belongings.WEB)
        elif stranger := next(belongings.named(world), None):
            raise CommandError(
                f"Já existe no laboratório: {stranger.name}. A clínica usa esse nome e não mexe no que não é dela.",
                stranger.name,
                stranger.next_command,
            )
        case = OpenCase.of(world, name).save(world.settings)
        ingredients = Ingredients(world, say)
        ingredients.note(*_made_by_its_steps(world.settings, name))
        fault.apply(ingredients)
        case.ready_at(world).save(world.settings)
    say(f"Caso {case_number(name)} aberto. {fault.said}")


def close_case(world: World, say: Report, name: str = "") -> None:
    """Undo the open case (only if it is `name`, where given); without one, say so.

    Raises:
        CommandError: there is no such case.
        LabError: something cannot be removed; the case stays open, and closing can be repeated.
    """
    if name:
        _fault(name)
    with _locked(world.settings):
        case = OpenCase.load(world.settings)
        if case is None or name not in ("", case.name):
            say(
                f"O caso {case_number(name)} não está aberto: nada a desfazer."
                if name
                else "Nenhum caso aberto: nada a desfazer."
            )
            return
        belongings.leave(world, case)
        case.forget(world.settings)
    say(f"Caso {case_number(case.name)} encerrado. O laboratório está como antes dele.")


def _made_by_its_steps(settings: Settings, name: str) -> list[Thing]:
    """What the case's own commands create: from now on somebody may type them."""
    lesson = load_course().lesson(LESSON)
    steps = (step for step in (*lesson.steps, lesson.challenge) if step and step.case == name)
    return things_of(settings, (step.line for step in steps))


def present(world: World, name: str) -> Verdict:
    """Whether the case's fault is in the state now."""
    return _fault(name).present(world)


def _fault(name: str) -> Fault:
    if name not in FAULTS:
        raise CommandError(
            f"A clínica não tem o caso “{name}”.",
            f"casos: 1 a {len(load_course().lesson(LESSON).cases)}",
            "python3 -m labs.drill",
        )
    return FAULTS[name]


def _locked(settings: Settings) -> AbstractContextManager[None]:
    """One change of the case at a time, over all kernels and terminals of this lab."""
    return locked(settings.home / "locks" / "clinic")

"""Checks of the whole course: everything proven, nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labs.base.settings import Settings
from labs.checks import Verdict, World, check, failed, passed, run_check
from labs.clinic import cases
from labs.course import target_words
from labs.ownership import removal
from labs.ownership.removal import Item


@check
def course_proven(world: World) -> Verdict:
    """Every check that lasts to the end of the course passes now, and the certificate was issued."""
    missing = unproven(world)
    if missing:
        return failed(f"Falta comprovar: {', '.join(missing)}.", f"python3 -m labs run {missing[0].partition('/')[0]}")
    if not certificate_file(world.settings).is_file():
        return failed("Tudo está comprovado; falta o certificado.", "python3 -m labs.certificate")
    return passed("Todas as verificações do curso passam agora, a partir do estado real.")


def certificate_file(settings: Settings) -> Path:
    """Where `labs.certificate` writes its page."""
    return settings.home / "certificado.html"


def unproven(world: World) -> list[str]:
    """Steps, as "lesson/step", whose lasting check does not pass."""
    return [
        f"{lesson.id}/{step.id}"
        for lesson in target_words.course(world.settings).lessons
        for step in lesson.steps
        if step.lasting and not run_check(step, world).passed
    ]


def items(world: World) -> Iterator[Item]:
    """All that the course made and is there now, in the order in which it can be removed: an open case first."""
    if name := cases.current(world.settings):
        yield Item(f"caso {name} da clínica", lambda: cases.close_case(world, lambda _: None))
    yield from removal.items(world)


def residue(world: World) -> list[str]:
    """Names of what the course made and is still there."""
    return [item.name for item in items(world)]


@check
def zero_residue(world: World) -> Verdict:
    """Nothing that the lab made is left in the engine, the registries and the account."""
    left = residue(world)
    if left:
        return failed(f"Ainda existe: {', '.join(left[:5])}.", "python3 -m labs.cleanup")
    return passed("Nada do curso ficou no engine, nos registries e na conta.")

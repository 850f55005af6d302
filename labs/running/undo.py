"""One lesson undone: what its steps made goes, what proved them is forgotten, and the rest of the course stays."""

from __future__ import annotations

from collections.abc import Iterator

from labs.base.events import Report
from labs.base.marks import APP
from labs.base.things import BUDGET, KEY, KEY_FILE, LOGIN, MFA, PROFILE
from labs.base.totp import SEED_FILE
from labs.clinic import cases
from labs.course.aws_words import AwsWords
from labs.course.catalog import Lesson, Step
from labs.course.command_line import KitWords, Program
from labs.course.docker_words import DockerWords
from labs.course.tries import Tries
from labs.ownership import removal
from labs.ownership.items import Item
from labs.ownership.ledger import Ledger, things_of
from labs.running.journey import steps_of
from labs.running.judge import judge, seen_event
from labs.running.runner import Runner
from labs.sandbox import workspace
from labs.seams.world import World

EDITED = "edited"
"""The check of a step in which the learner changes a file of their copy."""


def items(world: World, lesson: Lesson) -> Iterator[Item]:
    """What the lesson's steps made and is there now, in the order in which it can be removed. What another lesson's
    steps make too, under the same name, is this one's as well.

    Raises:
        LabError: what exists cannot be read.
    """
    made = set(_made(world, lesson))
    nameless = {entry.identity for entry in Ledger(world.settings).entries() if entry.by.startswith(f"{lesson.id}/")}
    for item in removal.items(world):
        thing = item.thing
        if thing and ((thing.kind, thing.name) in made or (not thing.name and thing.identity in nameless)):
            yield item


def undo(runner: Runner, lesson: Lesson, report: Report) -> tuple[list[str], list[Step]]:
    """Remove those, put the files back that its steps change, and forget proofs, events and answers.

    Returns:
        names of what could not be removed; steps that the state still proves, since something else made it so.

    Raises:
        LabError: what exists cannot be read, or the state folder not be written.
    """
    if lesson.cases and cases.current(runner.settings):
        cases.close_case(runner.world, report)
    for step in steps_of(lesson):
        if step.check.kind == EDITED and judge(step, runner.world).passed:
            workspace.recover(runner.settings, f"{APP}/{step.check.arguments['file']}")
    left = removal.remove_all(runner.world, lambda: items(runner.world, lesson), report)
    for step in steps_of(lesson):
        runner.progress.forget(f"{lesson.id}/{step.id}")
        _forget_witnesses(runner.world, step)
    if any(kind == BUDGET for kind, _ in _made(runner.world, lesson)):
        runner.world.admin.spend("0")
    if any(step.check.kind == "course_proven" for step in steps_of(lesson)):
        runner.settings.certificate_file.unlink(missing_ok=True)
    Tries(runner.settings).forget([lesson.id, *(case.id for case in lesson.cases)])
    return left, [step for step in steps_of(lesson) if not step.given and _still_proven(runner.world, step)]


def _forget_witnesses(world: World, step: Step) -> None:
    """Whatever its check says now: what the step is about may be gone, and be made anew by another."""
    while step.seen and (event := seen_event(step.seen, world)):
        world.admin.withdraw(int(event["seq"]))


def _still_proven(world: World, step: Step) -> bool:
    """Whether the state proves it without the events that did, which are forgotten one after the other."""
    forgotten = set[str]()
    while (verdict := judge(step, world)).passed:
        event = str(verdict.evidence.get("event", ""))
        if not event or event in forgotten:
            return True
        world.admin.withdraw(int(event))
        forgotten.add(event)
    return False


def _made(world: World, lesson: Lesson) -> Iterator[tuple[str, str]]:
    lines = [step.line for step in steps_of(lesson)]
    for thing in things_of(world.settings, lines):
        yield thing.kind, thing.name
        if thing.kind in (KEY, MFA):
            yield KEY_FILE, "widget-dev.json" if thing.kind == KEY else SEED_FILE
    for line in lines:
        for program in line.programs:
            yield from _kept(world, program)


def _kept(world: World, program: Program) -> Iterator[tuple[str, str]]:
    """What a program leaves in the lab's files: logins and credentials."""
    settings = world.settings
    services = set(program.services(settings.environment()))
    match program.asks:
        case DockerWords(verb="login"):
            asked = {address for address, name in settings.registries.items() if name in services}
            yield from ((LOGIN, address) for address in asked or {settings.hub_registry})
        case AwsWords(service="configure"):
            yield PROFILE, "default"
        case KitWords(verb="sso"):
            yield PROFILE, "sso"

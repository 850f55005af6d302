"""What a learner is told to do next after a verdict that did not pass.

A check and an explanation name the nearest next command; which of them may be told depends on the step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from labs.base.errors import LabError
from labs.base.reference import with_tag
from labs.base.settings import DEFAULT_REGION
from labs.base.things import IMAGE, Thing
from labs.base.verdict import Verdict
from labs.checks.cloud import kept_key, key_statuses
from labs.course import target_words
from labs.course.catalog import Step
from labs.seams.world import World

LIST = "docker image ls"
"""What a check and an explanation say of an image that is not there."""
KEYS = "aws iam list-access-keys --user-name widget-dev --profile console"
"""What an explanation says of an access key that AWS does not accept."""
KEYS_LESSON = "06-credenciais-aws"
KEY_FILE = "widget-dev.json"
MOST_KEYS = 2
"""Of a user (IAM user guide, "IAM and AWS STS quotas")."""
PREPARE = "python3 -m labs prepare"
_ARGUMENTS = ("ref", "refs", "image", "kept")
"""What checks call the images that they look at."""


def hinted(verdict: Verdict, step: Step, world: World, *, ran: bool = False) -> Verdict:
    """The verdict with the next command that its step may be told.

    Args:
        ran: the step's own command was just run, so to run it once more is no advice.
    """
    if verdict.passed:
        return verdict
    if _is_open(step):
        return replace(verdict, hint=verdict.hint if _is_the_labs(verdict.hint, step) else step.nudge or step.hint)
    hint = target_words.literal(verdict.hint, world.settings)
    if hint == LIST:
        hint = _maker(step, world) or hint
    elif hint == KEYS:
        hint = _another_key(step, world) or hint
    elif ran and hint == step.command.strip():
        hint = ""
    return replace(verdict, hint=(hint or step.hint).replace(DEFAULT_REGION, world.settings.region))


def _is_open(step: Step) -> bool:
    """In an open step, a challenge and a case of the clinic what to do next is the learner's to find."""
    return step.open or bool(step.case)


def _is_the_labs(hint: str, step: Step) -> bool:
    """The lab's own commands may be named, unless they are the solution and the task keeps them for itself."""
    solves = step.open and hint in step.command and hint not in step.text
    return hint.startswith("python3 -m labs") and not solves


def _maker(step: Step, world: World) -> str:
    """Which step makes the image that this one lacks, in words; empty where the course does not know."""
    with contextlib.suppress(LabError):
        for name in dict.fromkeys(_images(step, world.settings.environment())):
            if world.engine.image(name) is None:
                return _step_that_makes(Thing(IMAGE, name), step, world)
    return ""


def _another_key(step: Step, world: World) -> str:
    """How the profile gets a key that AWS accepts; empty in the lesson about keys, and where its own is active."""
    lesson, number = _place(step, world)
    with contextlib.suppress(LabError):
        if lesson in ("", KEYS_LESSON):
            return ""
        statuses = key_statuses(world, "widget-dev")
        kept = kept_key(world.settings.learner_secrets / KEY_FILE) or {}
        if statuses.get(world.cloud.profile("default").get("aws_access_key_id", "")) == "Active":
            return ""
        if statuses.get(kept.get("AccessKeyId", "")) == "Active":
            return "aws configure"
        if len(statuses) == MOST_KEYS:
            return f"Nenhuma das duas access keys serve: apague uma (aula 06, passo 12) e rode {PREPARE} {lesson[:2]}."
        return f"{PREPARE} {lesson[:2]}/{number}"
    return ""


def _place(step: Step, world: World) -> tuple[str, int]:
    """A step's lesson and its number there; of a step of no lesson, an empty name."""
    for lesson in target_words.course(world.settings).lessons:
        if step in lesson.steps:
            return lesson.id, lesson.steps.index(step) + 1
    return "", 0


def _images(step: Step, variables: Mapping[str, str]) -> Iterator[str]:
    """The images that a step's command and its check need."""
    yield from (thing.name for thing in step.line.touches(variables) if thing.kind == IMAGE)
    for name, value in step.check.expanded(variables).items():
        yield from map(with_tag, _texts(value) if name in _ARGUMENTS else ())


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _step_that_makes(image: Thing, step: Step, world: World) -> str:
    settings = world.settings
    for lesson in target_words.course(settings).lessons:
        for number, other in enumerate(lesson.steps, 1):
            mine = _is_open(other) or other == step
            if not mine and image in other.line.creates(settings.environment(), settings.work):
                return f"Quem cria {image.name} é o passo {number} da aula {lesson.id[:2]}, “{other.title}”."
    return ""

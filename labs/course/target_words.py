"""The same course elsewhere: what the live target (the real Docker Hub and AWS), and other host ports, change of the
steps' literal words.

Without a host in the name, push and pull go to Docker Hub, so `$HUB_REGISTRY/` disappears; files with the account's
number stand in `aws-live/`. What only the sandbox can do is marked, and never run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from labs.base.settings import DEFAULT_REGION, FIRST_PORT, PORTS, Settings
from labs.course.catalog import CheckSpec, Course, Lesson, Part, Step, changed, load_course, load_overlay

NO_PORTAL = "você não informou o endereço do seu portal de SSO (`--sso-start-url` em `python3 -m labs.target live`)"
SSO_STEPS = ("06-credenciais-aws/sso-login", "06-credenciais-aws/sso-whoami")
MARK = "AO VIVO"
COURSE_PORTS = range(FIRST_PORT, FIRST_PORT + PORTS)
PORT = re.compile(rf"(?<![\d./])(?:{'|'.join(map(str, COURSE_PORTS))})(?!\d)")
"""A host port in a text of the course."""


def course(settings: Settings) -> Course:
    """The course for the chosen target.

    Raises:
        CatalogError: a file of the catalogue is wrong.
    """
    lessons = load_course().lessons
    if settings.live:
        overlay = load_overlay()
        lessons = tuple(_lesson(lesson, overlay, settings) for lesson in lessons)
    if settings.first_port != FIRST_PORT:
        lessons = tuple(on_ports(lesson, settings) for lesson in lessons)
    return Course(lessons)


def on_ports(value: Any, settings: Settings) -> Any:
    """A lesson, or anything in it, with this machine's host ports where the course says 3000 to 3005."""
    if isinstance(value, str):
        return PORT.sub(lambda found: str(settings.course_port(int(found[0]))), value)
    if isinstance(value, int) and not isinstance(value, bool):
        return settings.course_port(value) if value in COURSE_PORTS else value
    if isinstance(value, tuple | list):
        return type(value)(on_ports(item, settings) for item in value)
    if isinstance(value, dict):
        return {name: on_ports(item, settings) for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return replace(value, **{name: on_ports(getattr(value, name), settings) for name in value.__struct_fields__})
    return value


def title(settings: Settings) -> str:
    """The target in one line, for every place that shows it."""
    if not settings.live:
        return "sandbox (nada sai desta máquina)"
    return f"{MARK}: Docker Hub {settings.hub_user}, AWS {settings.account}, região {settings.region}"


def literal(text: str, settings: Settings) -> str:
    """Words of the course as they read with the chosen target."""
    if not settings.live:
        return text
    for old, new in (
        ("$HUB_REGISTRY/", ""),
        (" $HUB_REGISTRY", ""),
        (" --insecure", ""),
        ("file://aws/", "file://aws-live/"),
        (DEFAULT_REGION, settings.region),
    ):
        text = text.replace(old, new)
    return text


def _lesson(lesson: Lesson, overlay: Mapping[str, Mapping[str, Any]], settings: Settings) -> Lesson:
    def adapt(step: Step) -> Step:
        path = f"{lesson.id}/{step.id}"
        return _step(changed(step, {**overlay.get(lesson.id, {}), **overlay.get(path, {})}), path, settings)

    challenge = adapt(lesson.challenge) if lesson.challenge else None
    return replace(lesson, steps=tuple(adapt(step) for step in lesson.steps), challenge=challenge)


def _step(step: Step, path: str, settings: Settings) -> Step:
    skip = step.skip or (NO_PORTAL if path in SSO_STEPS and not (settings.live and settings.live.start_url) else "")
    arguments = {name: _argument(value, settings) for name, value in step.check.arguments.items()}
    check = CheckSpec(step.check.kind, arguments)
    if step.check.kind in (
        "refused",
        "key_refused",
    ):  # nobody watches the real registries: only the step's own run can witness it
        check = CheckSpec("refusal_witnessed", {"step": path})
    return replace(
        step,
        title=f"{step.title} · {'só na sandbox' if skip else MARK}",
        command=literal(step.command, settings),
        solution=literal(step.solution, settings),
        text=f"Só na sandbox: {skip}." if skip else literal(step.text, settings),
        parts=tuple(
            Part(literal(part.text, settings).strip(), part.meaning)
            for part in step.parts
            if literal(part.text, settings).strip()
        ),
        check=check,
        skip=skip,
        lasting=step.lasting and not skip,
    )


def _argument(value: Any, settings: Settings) -> Any:
    if isinstance(value, list):
        return [_argument(item, settings) for item in value]
    return literal(value, settings) if isinstance(value, str) else value

"""The same course elsewhere: what real-life names, the live target (the real Docker Hub and AWS), and other host ports
change of the course's words.

The course is written with variables, `$HUB_REGISTRY/$HUB_USER/widget-server:v1`. Where images bear the names of real
life (`Settings.has_real_names`), its commands and texts say those: without a host in the name, push and pull go to
Docker Hub, so `$HUB_REGISTRY/` disappears. Live, files with the account's number stand in `aws-live/`, and what only
the sandbox can do is marked, and never run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from labs.base.settings import BASE_IMAGE, DEFAULT_REGION, ECR_PUBLIC_ALIAS, FIRST_PORT, PORTS, Settings
from labs.course.catalog import CheckSpec, Course, Lesson, Part, Step, changed, load_course, load_overlay

NO_PORTAL = "você não informou o endereço do seu portal de SSO (`--sso-start-url` em `python3 -m labs.target live`)"
SSO_STEPS = ("06-credenciais-aws/sso-login", "06-credenciais-aws/sso-whoami")
MARK = "AO VIVO"
GONE = ("", "$HUB_REGISTRY", "--insecure")
"""Parts of commands that real-life names do without."""
COURSE_PORTS = range(FIRST_PORT, FIRST_PORT + PORTS)
PORT = re.compile(rf"(?<![\d./])(?:{'|'.join(map(str, COURSE_PORTS))})(?!\d)")
"""A host port in a text of the course."""
PASSAGE = re.compile(
    r"<!-- nome real -->\n?(?P<real>.*?)<!-- nome com endereço -->\n?(?P<address>.*?)<!-- fim do nome -->\n?", re.DOTALL
)
"""A passage of a lesson in two forms: as it reads where images have their real-life names, and where an address."""


def course(settings: Settings) -> Course:
    """The course for the chosen target.

    Raises:
        CatalogError: a file of the catalogue is wrong.
    """
    lessons = load_course().lessons
    if settings.live:
        overlay = load_overlay()
        lessons = tuple(_lesson(lesson, overlay, settings) for lesson in lessons)
    elif settings.has_real_names:
        lessons = tuple(in_real_names(lesson, settings) for lesson in lessons)
    if settings.first_port != FIRST_PORT:
        lessons = tuple(on_ports(lesson, settings) for lesson in lessons)
    return Course(lessons)


def on_ports(value: Any, settings: Settings) -> Any:
    """A lesson, or anything in it, with this machine's host ports where the course says 3000 to 3005."""

    def moved(leaf: Any) -> Any:
        if isinstance(leaf, str):
            return PORT.sub(lambda found: str(settings.course_port(int(found[0]))), leaf)
        return settings.course_port(leaf) if leaf in COURSE_PORTS else leaf

    return _rewritten(value, moved)


def in_real_names(value: Any, settings: Settings) -> Any:
    """A lesson, or anything in it, with the names of real life."""
    found = _rewritten(value, lambda leaf: literal(leaf, settings) if isinstance(leaf, str) else leaf)
    return _with_parts(found) if isinstance(found, Lesson) else found


def _with_parts(lesson: Lesson) -> Lesson:
    """Without the parts of commands that are no longer there."""

    def step(one: Step) -> Step:
        return replace(one, parts=_kept(one.parts))

    challenge = step(lesson.challenge) if lesson.challenge else None
    return replace(lesson, steps=tuple(step(one) for one in lesson.steps), challenge=challenge)


def _kept(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(Part(part.text.strip(), part.meaning) for part in parts if part.text.strip() not in GONE)


def _rewritten(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A lesson, or anything in it, with each text, number and flag as `leaf` makes it."""
    if isinstance(value, tuple | list):
        return type(value)(_rewritten(item, leaf) for item in value)
    if isinstance(value, dict):
        return {name: _rewritten(item, leaf) for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return replace(value, **{name: _rewritten(getattr(value, name), leaf) for name in value.__struct_fields__})
    return leaf(value)


def title(settings: Settings) -> str:
    """The target in one line, for every place that shows it."""
    if not settings.live:
        return "sandbox (nada sai desta máquina)"
    return f"{MARK}: Docker Hub {settings.hub_user}, AWS {settings.account}, região {settings.region}"


def literal(text: str, settings: Settings) -> str:
    """Words of the course as they read with the names of real life, and with the chosen target."""
    if not settings.has_real_names:
        return text
    for old, new in (*_real_names(settings), *(_live_words(settings) if settings.live else ())):
        text = text.replace(old, new)
    return text


def prose(text: str, settings: Settings) -> str:
    """A lesson's text as this lab's learner reads it: of two forms of a passage the one with this lab's names."""
    chosen = "real" if settings.has_real_names else "address"
    return literal(PASSAGE.sub(lambda found: found[chosen], text), settings)


def _real_names(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What the course writes, and what it reads as: Docker Hub's address is left out, as people leave it out."""
    return (
        ("--digests $HUB_REGISTRY/library/", "--digests "),  # Docker lists an official image without its namespace
        ("$HUB_REGISTRY/", ""),
        ("docker login $HUB_REGISTRY", "docker login"),
        ("docker logout $HUB_REGISTRY", "docker logout"),
        (" --insecure", ""),
        (BASE_IMAGE, settings.base_image),
        ("$HUB_USER", settings.hub_user),
        ("$ECR_REGISTRY", settings.ecr_registry),
        ("$ECR_PUBLIC_REGISTRY", settings.ecr_public_registry),
        ("$ECR_PUBLIC_ALIAS", ECR_PUBLIC_ALIAS),
    )


def _live_words(settings: Settings) -> tuple[tuple[str, str], ...]:
    return ("file://aws/", "file://aws-live/"), (DEFAULT_REGION, settings.region)


def _lesson(lesson: Lesson, overlay: Mapping[str, Mapping[str, Any]], settings: Settings) -> Lesson:
    def adapt(step: Step) -> Step:
        path = f"{lesson.id}/{step.id}"
        return _step(changed(step, {**overlay.get(lesson.id, {}), **overlay.get(path, {})}), path, settings)

    challenge = adapt(lesson.challenge) if lesson.challenge else None
    return replace(lesson, steps=tuple(adapt(step) for step in lesson.steps), challenge=challenge)


def _step(step: Step, path: str, settings: Settings) -> Step:
    skip = step.skip or (NO_PORTAL if path in SSO_STEPS and not (settings.live and settings.live.start_url) else "")
    check = CheckSpec(step.check.kind, in_real_names(step.check.arguments, settings))
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
        parts=_kept(Part(literal(part.text, settings), part.meaning) for part in step.parts),
        check=check,
        skip=skip,
        lasting=step.lasting and not skip,
    )

"""The usual repair of a failed step: which next commands a button may run.

A verdict's next command is offered as a button only where it is one of the lab's own, needs no person, and takes
nothing away: logging in with the lab's token, naming, sending or fetching an image, creating a repository, starting
the lab. What deletes, asks, edits or only looks is typed by the learner.
"""

from __future__ import annotations

import re

from labs.base.settings import Settings
from labs.course import target_words
from labs.course.command_line import CommandLine, Program
from labs.course.docker_words import DockerWords

_NAME = r"(?:\$\{\w+\}|\w)(?:\$\{\w+\}|[\w./:@-])*"
"""A name as the lab's commands have it: neither an option nor anything that a shell would run."""
_HUB_LOGIN = 'docker login {registry} --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
_ECR_LOGIN = "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}"
_ECR_PUBLIC_LOGIN = (
    "aws ecr-public get-login-password --region us-east-1 --profile console"
    " | docker login --username AWS --password-stdin {registry}"
)
_BARE_LOGINS = (CommandLine.of("docker login NAME"), CommandLine.of("docker login"))
_SAFE = tuple(
    CommandLine.of(shape)
    for shape in (
        "python3 -m labs up",
        "python3 -m labs.account NAME",
        'docker login NAME --username NAME --password-stdin < "$HUB_TOKEN_FILE"',
        'docker login --username NAME --password-stdin < "$HUB_TOKEN_FILE"',
        _ECR_LOGIN.format(region="NAME", registry="NAME"),
        _ECR_PUBLIC_LOGIN.format(registry="NAME"),
        "docker tag NAME NAME",
        *(f"docker {verb} NAME" for verb in ("push", "pull", "logout")),
        "docker build -t NAME .",
        "docker logout",
        "aws ecr create-repository --repository-name NAME",
        "aws ecr-public create-repository --repository-name NAME --region us-east-1 --profile console",
        "aws sts get-caller-identity",
        "cp -b exemplos/NAME NAME",
    )
)


def repair(next_command: str, settings: Settings) -> str:
    """The literal command that a button may run for this next command; empty where a person has to act.

    A bare `docker login [REGISTRY]` would ask: it becomes the lab's own way to log in there without typing a secret.
    """
    line = CommandLine.of(next_command)
    if any(_has_shape(line, bare) for bare in _BARE_LOGINS):
        registry = line.text.split()[2:] or ["$HUB_REGISTRY"]
        return target_words.literal(_login(registry[0], settings), settings)
    return line.text if any(_has_shape(line, shape) for shape in _SAFE) and not _tags_itself(line) else ""


def _has_shape(line: CommandLine, shape: CommandLine) -> bool:
    """The same programs with the same words and files, where `NAME` stands for any name."""
    if len(line.parts) != 1 or line.parts[0].needs_shell or len(line.programs) != len(shape.programs):
        return False
    typed = [text for program in line.programs for text in ("|", *_words(program))]
    wanted = [text for program in shape.programs for text in ("|", *_words(program))]
    return len(typed) == len(wanted) and all(map(_matches, wanted, typed))


def _words(program: Program) -> list[str]:
    files = [text for operator, file in program.redirects for text in (operator, file.text)]
    return [*(word.text for word in program.words), *files]


def _matches(wanted: str, typed: str) -> bool:
    return bool(re.fullmatch(re.escape(wanted).replace("NAME", _NAME), typed))


def _tags_itself(line: CommandLine) -> bool:
    """A name for an image that has it already repairs nothing."""
    asked = line.programs[0].asks
    return isinstance(asked, DockerWords) and asked.verb == "tag" and asked.arguments[0] == asked.arguments[1]


def _login(registry: str, settings: Settings) -> str:
    if registry in ("$HUB_REGISTRY", settings.hub_registry):
        return _HUB_LOGIN.format(registry=registry)
    if registry in ("$ECR_REGISTRY", settings.ecr_registry):
        return _ECR_LOGIN.format(region=settings.region, registry=registry)
    if registry in ("$ECR_PUBLIC_REGISTRY", settings.ecr_public_registry):
        return _ECR_PUBLIC_LOGIN.format(registry=registry)
    return ""

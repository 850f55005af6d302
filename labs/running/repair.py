"""The usual repair of a failed step: which next commands a button may run.

A verdict's next command is offered as a button only where it is one of the lab's own, needs no person, and takes
nothing away: logging in with the lab's token, naming, sending or fetching an image, creating a repository, starting
the lab. What deletes, asks, edits or only looks is typed by the learner.
"""

from __future__ import annotations

import re

from labs.base.settings import Settings

_NAME = r"\$?\w[\w./:@$-]*"
"""A name as the lab's commands have it: neither an option nor anything that a shell would run."""
_HUB_LOGIN = 'docker login {registry} --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
_ECR_LOGIN = "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}"
_BARE_LOGIN = re.compile(rf"docker login ({_NAME})")
_SAFE = re.compile(
    "|".join(
        (
            r"python3 -m labs up",
            rf'python3 -m labs\.account (?:"\$HUB_USER"|{_NAME})',
            rf'docker login {_NAME} --username {_NAME} --password-stdin < "\$HUB_TOKEN_FILE"',
            rf"aws ecr get-login-password --region [\w-]+ \| docker login --username AWS --password-stdin {_NAME}",
            rf"docker tag (?P<name>{_NAME}) (?!(?P=name)$){_NAME}",
            rf"docker (?:push|pull|logout) {_NAME}",
            rf"docker build -t {_NAME} \.",
            rf"aws ecr create-repository --repository-name {_NAME}",
            r"aws sts get-caller-identity",
            rf"cp -b exemplos/{_NAME} {_NAME}",
        )
    )
)


def repair(next_command: str, settings: Settings) -> str:
    """The literal command that a button may run for this next command; empty where a person has to act.

    A bare `docker login REGISTRY` would ask: it becomes the lab's own way to log in there without typing a secret.
    """
    command = next_command.strip()
    if found := _BARE_LOGIN.fullmatch(command):
        return _login(found[1], settings)
    return command if _SAFE.fullmatch(command) else ""


def _login(registry: str, settings: Settings) -> str:
    if registry in ("$HUB_REGISTRY", settings.hub_registry):
        return _HUB_LOGIN.format(registry=registry)
    if registry in ("$ECR_REGISTRY", settings.ecr_registry):
        return _ECR_LOGIN.format(region=settings.region, registry=registry)
    return ""

"""The docker client, for what the engine seam does not do: names, containers, removals."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from labs.base.errors import CommandError, MissingDependency
from labs.base.explain import explain

if TYPE_CHECKING:
    from labs.seams.world import World

SECONDS = 60.0
GONE = ("No such", "reference does not exist", "is already in progress")


def docker(world: World, *words: str, missing_ok: bool = False, stdin: str = "") -> str:
    """Run one command of the client against the lab's engine; returns what it printed.

    Raises:
        CommandError: it failed; with `missing_ok` a thing that is gone already is no failure.
        MissingDependency: there is no docker client.
    """
    try:
        answer = subprocess.run(
            ["docker", *words],
            env={**os.environ, **world.settings.environment()},
            cwd=world.settings.work / "widget-server",
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingDependency(
            "O programa docker não está instalado.", str(error), "python3 -m labs doctor"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CommandError("O Docker não respondeu a tempo.", str(error), "python3 -m labs status") from error
    if answer.returncode and not (missing_ok and any(text in answer.stderr for text in GONE)):
        explanation = explain(answer.stderr)
        command = explanation.next_command or f"docker {' '.join(words)}"
        raise CommandError(f"O Docker recusou. {explanation.what}".strip(), answer.stderr, command)
    return answer.stdout

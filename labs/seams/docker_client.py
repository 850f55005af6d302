"""The docker client: the one place that starts it, for what neither the engine seam nor the engine's API does.

A learner's literal command is the shell's (`labs/running/commands.py`); everything that the kit itself asks of the
client goes through here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from labs.base.errors import CommandError, MissingDependency
from labs.base.explain import explain
from labs.base.foreign import without_foreign
from labs.base.settings import Settings
from labs.seams.world import World

ANSWER_SECONDS = 60.0
GONE = ("No such", "reference does not exist", "is already in progress")
REFUSED = "O Docker recusou."


def docker(
    world: World,
    *words: str,
    missing_ok: bool = False,
    stdin: str = "",
    refused: str = REFUSED,
    seconds: float = ANSWER_SECONDS,
) -> str:
    """Run one command of the client against the lab's engine, where the learner would; returns what it printed.

    Args:
        refused: what an error says first.
        seconds: how long it may take.

    Raises:
        CommandError: it failed; with `missing_ok` a thing that is gone already is no failure.
        MissingDependency: there is no docker client.
    """
    folder = world.settings.work / "widget-server"
    answer = _ask(words, _environment(world.settings), seconds, stdin, folder if folder.is_dir() else None)
    if answer.returncode and not (missing_ok and any(text in answer.stderr for text in GONE)):
        named = [name for address, name in world.settings.registries.items() if any(address in word for word in words)]
        explanation = explain(answer.stderr, [words[0], *(named or ["hub"])])
        command = explanation.next_command or f"docker {' '.join(words)}"
        raise CommandError(explanation.after(refused), answer.stderr, command)
    return answer.stdout


@contextlib.contextmanager
def saving(settings: Settings, references: Sequence[str]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """`docker save` of images, as it comes: the archive, and what the client says (nothing, where it succeeds).

    Raises:
        MissingDependency: there is no docker client.
    """
    try:
        process = subprocess.Popen(
            ["docker", "save", *references],
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise _missing(error) from error
    with process:
        assert process.stdout and process.stderr
        yield process.stdout, process.stderr


def _environment(settings: Settings) -> dict[str, str]:
    return without_foreign(os.environ) | settings.environment()


def _ask(
    words: Sequence[str], environment: Mapping[str, str], seconds: float, stdin: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *words],
            env=dict(environment),
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise _missing(error) from error
    except subprocess.TimeoutExpired as error:
        raise CommandError("O Docker não respondeu a tempo.", str(error), "python3 -m labs status") from error


def _missing(error: FileNotFoundError) -> MissingDependency:
    return MissingDependency("O programa docker não está instalado.", str(error), "python3 -m labs doctor")

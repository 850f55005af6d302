"""The programs of the lessons, started as a lab's terminal starts them: what each one answers.

Found is not working: a script whose first line the system cannot read, a library that is missing, a variable that stops
the program before it begins. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from labs.base.foreign import without_foreign
from labs.base.settings import Settings

SECONDS = 30.0
"""A first start on a slow disk takes many."""
SHOWN = 60
"""Characters of an answer; curl names all its libraries."""
OF_THE_SYSTEM: Mapping[str, Sequence[str]] = {
    "docker": ("docker", "--version"),
    "curl": ("curl", "--version"),
    "bash": ("bash", "--version"),
    "ip": ("ip", "-V"),
}
OF_THE_ENVIRONMENT: Mapping[str, Sequence[str]] = {
    "aws": ("aws", "--version"),
    "python3": ("python3", "-c", "import boto3, docker, sys; print(sys.version.split()[0], sys.executable)"),
    "jupyterlab": (sys.executable, "-m", "jupyterlab", "--version"),
}
"""How each is asked for its version."""
ENGINE: Sequence[str] = ("docker", "version", "--format", "{{.Server.Version}}")
"""Asked only of an engine that should be there."""


def answers(settings: Settings, asked: Mapping[str, Sequence[str]]) -> dict[str, tuple[bool, str]]:
    """Start each program; whether it succeeded, and the first line that it said (the last one where it failed)."""
    environment = without_foreign(os.environ) | settings.environment()
    with ThreadPoolExecutor() as several:
        return dict(zip(asked, several.map(lambda command: _answer(command, environment), asked.values()), strict=True))


def _answer(command: Sequence[str], environment: Mapping[str, str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            # By the shell that a terminal has: it finds the program on the lab's PATH, and says why one does not start.
            ["bash", "-c", '"$@"', "bash", *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        return False, said[-1] if said else f"terminou com o código {done.returncode}"
    said = (done.stdout or done.stderr).strip().splitlines()
    return True, said[0][:SHOWN] if said else "respondeu"

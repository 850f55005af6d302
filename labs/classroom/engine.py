"""This machine's Docker, in which a class lives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from labs.base.errors import CommandError, LabError, MissingDependency


def docker(*words: str, seconds: float = 60, environment: Mapping[str, str] | None = None) -> str:
    """The docker client against this machine's engine; returns what it printed.

    Raises:
        CommandError: it refused.
        MissingDependency: it is not there.
    """
    try:
        done = subprocess.run(
            ["docker", *words],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingDependency("A turma precisa do Docker nesta máquina.", str(error), "docker version") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError("O Docker não respondeu a tempo.", str(error), "docker version") from error
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise CommandError("O Docker recusou um pedido da turma.", said, "docker version")
    return done.stdout


def require_mapped_users() -> None:
    """A container's root is nobody on this machine: a learner who breaks out of a lab gets no more than that.

    docs.docker.com/engine/security/userns-remap; a rootless engine does the same.

    Raises:
        LabError: the engine's containers have this machine's own root.
        CommandError: it does not answer.
    """
    options = docker("info", "--format", "{{json .SecurityOptions}}")
    if "name=userns" not in options and "name=rootless" not in options:
        raise LabError(
            "O Docker desta máquina não separa os usuários: quem escapasse do próprio laboratório seria root aqui.",
            f"docker info: {options.strip()}",
            'ponha {"userns-remap": "default"} em /etc/docker/daemon.json e rode `sudo systemctl restart docker` '
            "(docs/professor.md diz o que muda); se você confia em todas as pessoas da turma: "
            "python3 -m labs class up --trust-learners",
        )

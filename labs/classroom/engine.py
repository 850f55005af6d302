"""This machine's Docker, in which a class lives."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from labs.base.errors import CommandError, LabError, MissingDependency

LIMITS = {
    # A keyring for each running container, of all that have the same root (keyrings(7), session-keyring(7)).
    "kernel/keys/maxkeys": 6,
    "kernel/keys/maxbytes": 6 * 70,
    # Who watches files: JupyterLab (inotify(7)).
    "fs/inotify/max_user_instances": 2,
}
"""What a lab of a class takes, with five containers of the course, of what Linux grants one user: all learners'
containers have the same mapped root. Where keys are used up, `docker run` ends with "disk quota exceeded"."""
SYSTEM = Path("/proc/sys")


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


def require_room(learners: int) -> None:
    """What Linux grants one user is enough for so many labs; of an engine on another machine nothing is known here.

    Raises:
        LabError: it is not, with the command that changes it.
    """
    if not os.environ.get("DOCKER_HOST", "unix://").startswith("unix://"):
        return
    small = [(name, found) for name, one in LIMITS.items() if (found := _granted(name)) < one * learners]
    if small:
        wanted = " ".join(f"{name.replace('/', '.')}={LIMITS[name] * learners * 2}" for name, _ in small)
        raise LabError(
            f"O Linux desta máquina dá a um usuário menos do que {learners} laboratórios usam.",
            "; ".join(f"{name.replace('/', '.')} é {found}" for name, found in small),
            f"sudo sysctl -w {wanted} (até a máquina desligar; num arquivo de /etc/sysctl.d/, para sempre)",
        )


def _granted(name: str) -> float:
    try:
        return int((SYSTEM / name).read_text("ascii"))
    except (OSError, ValueError):  # a system without this limit
        return math.inf

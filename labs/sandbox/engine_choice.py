"""Which Docker engine the lab uses: the learner's own when one answers, else a private one.

Order, as the docker CLI's own (https://docs.docker.com/engine/context/working-with-contexts/): `DOCKER_HOST`, the
current context, the default socket; then a private `dockerd` (Linux, root). `LABS_ENGINE=private` forces the last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from labs.base.errors import EngineUnavailable, MissingDependency, StateError
from labs.base.settings import Settings
from labs.seams import docker_client, engine_api

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
SOCKET_PATH_LIMIT = 107
"""Bytes in a Unix socket's path on Linux (unix(7))."""


def choose(settings: Settings) -> str:
    """`DOCKER_HOST` of the engine to use from now on.

    Raises:
        EngineUnavailable: none answers and none can be started here.
        StateError: the state folder's path is too long for the private engine's sockets.
    """
    if os.environ.get("LABS_ENGINE") != "private":
        if settings.has_private_engine:
            return _private(settings)
        if settings.engine_host and answers(settings.engine_host):
            return settings.engine_host
        for host in learners_hosts():
            if host != settings.private_engine and answers(host):
                return host
    return _private(settings)


def learners_hosts() -> Iterator[str]:
    """Where the learner's own engine may be, in the docker CLI's order."""
    if host := os.environ.get("DOCKER_HOST"):
        yield host
    if host := _context_host():
        yield host
    if sys.platform != "win32":
        yield DEFAULT_SOCKET


def answers(host: str) -> bool:
    """Whether an engine answers there; other transports (ssh, npipe) are asked through the docker CLI.

    One that wants TLS (`minikube docker-env`) does not answer: it is another machine's, which cannot reach the lab's
    registries on this machine's loopback.
    """
    if host.startswith(("unix://", "tcp://")):
        return not engine_api.ping(host)
    return docker_client.reaches(host)


def _context_host() -> str:
    """The host of the current docker context, read from the CLI's own files (faster than the CLI by 50 ms)."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        name = os.environ.get("DOCKER_CONTEXT") or config.get("currentContext", "default")
        meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        return str(json.loads(meta.read_text("utf-8"))["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _private(settings: Settings) -> str:
    if sys.platform != "linux":
        raise EngineUnavailable(
            "Nenhum engine Docker respondeu.",
            "docker version não alcança nenhum servidor",
            "Abra o Docker Desktop, espere ele ficar verde e repita: python3 -m labs up",
        )
    if os.geteuid() != 0:
        raise EngineUnavailable(
            "Nenhum engine Docker respondeu, e só o root pode iniciar um.",
            f"usuário {os.geteuid()}; {DEFAULT_SOCKET} não responde ou não permite acesso",
            "sudo python3 -m labs up   (ou inicie o Docker da máquina: sudo systemctl start docker)",
        )
    if dockerd() is None:
        raise MissingDependency(
            "Nenhum engine Docker respondeu e o programa dockerd não está instalado.",
            "dockerd: não encontrado no PATH",
            "apt-get install -y docker.io && python3 -m labs up",
        )
    check_path_length(settings)
    return settings.private_engine


def dockerd() -> str | None:
    """Where `dockerd` is; the system folders count even when a user's PATH lacks them."""
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")


def check_path_length(settings: Settings) -> None:
    """The engine's longest socket must fit into a Unix socket address.

    Raises:
        StateError: it does not.
    """
    longest = settings.run / "exec" / "containerd" / "containerd.sock.ttrpc"
    if len(os.fsencode(longest)) > SOCKET_PATH_LIMIT:
        raise StateError(
            "O caminho da pasta do laboratório é longo demais para os sockets do engine.",
            f"{longest}: {len(os.fsencode(longest))} bytes, o limite é {SOCKET_PATH_LIMIT}",
            'export LABS_HOME="$HOME/labs" && python3 -m labs up',
        )

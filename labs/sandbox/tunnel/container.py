"""The tunnel's far end: a container of the kit's base image in the engine's host network, made and removed here."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Any

from labs.base.errors import EngineError, EngineUnavailable
from labs.base.files import locked, write_atomic
from labs.base.marks import TUNNEL_LABEL
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.sandbox import base_image
from labs.sandbox.tunnel import mux
from labs.seams import engine_api

GONE_SECONDS = 10.0
NOBODY = "65534:65534"
PROGRAM = f"{Path(mux.__file__).read_text('utf-8')}\nmain()\n"
"""What the container's Python runs: it has nothing of labs."""


def name(settings: Settings) -> str:
    """The container's name, by which a learner sees it in `docker ps`; this lab's own, made at its first use.

    Raises:
        StateError: the state folder cannot be written.
    """
    with locked(settings.home / "locks" / "tunnel"):
        if found := _known_name(settings):
            return found
        # Not the state folder's path: two machines that share an engine may well have the same.
        made = f"labs-tunel-{secrets.token_hex(3)}"
        write_atomic(_name_file(settings), made)
        return made


def _name_file(settings: Settings) -> Path:
    return settings.sandbox / "tunnel-name"


def _known_name(settings: Settings) -> str:
    with contextlib.suppress(OSError):
        return _name_file(settings).read_text("ascii").strip()
    return ""


def make(settings: Settings) -> str:
    """The container, not started yet, in the place of one that an earlier end left; returns its id.

    Raises:
        EngineError: the engine does not answer, refuses, or has no base image.
        SandboxError: the earlier one does not go.
    """
    if silence := engine_api.ping(settings.engine_host):
        raise EngineUnavailable("O seu engine Docker não responde ao túnel.", silence, "docker version")
    image = base_image.present(settings.engine_host)
    if not image:
        what = "O engine não tem a imagem base do laboratório, de que o túnel é feito."
        raise EngineError(what, settings.engine_host, "python3 -m labs down; python3 -m labs up")
    remove(settings)
    return engine_api.create_container(settings.engine_host, name(settings), _wanted(settings, image))


def remove(settings: Settings) -> bool:
    """The container goes, where it is this lab's; returns whether there was one.

    Raises:
        EngineError: the engine does not answer, or refuses.
        SandboxError: it does not go.
    """
    host, called = settings.engine_host, _known_name(settings)
    if not called or (engine_api.container_labels(host, called) or {}).get(TUNNEL_LABEL) != called:
        return False
    engine_api.remove_container(host, called)
    # Who removes itself at its end is "already in progress": its name is free a moment later.
    until(
        f"o container {called} sair do engine",
        lambda: Look(engine_api.container_labels(host, called) is None),
        GONE_SECONDS,
        next_command=f"docker rm -f {called}",
    )
    return True


def _wanted(settings: Settings, image: str) -> dict[str, Any]:
    """What the engine's API takes (`POST /containers/create`): it may do nothing but listen, keeps no log of what goes
    through it, and is gone with its end, which comes when this machine's end lets go of its stdin.
    """
    ports = map(str, settings.ports.of_registries)
    return {
        "Image": image,
        "Cmd": ["python3", "-c", PROGRAM, *ports],
        "User": NOBODY,
        "Labels": {TUNNEL_LABEL: name(settings)},
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {
            "NetworkMode": "host",
            "AutoRemove": True,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "none"},
        },
    }

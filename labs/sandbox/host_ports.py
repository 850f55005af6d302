"""The machine's ports that the course's containers get: which are free, and who else holds one."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable

from labs.base.errors import LabError, SandboxError
from labs.base.settings import PORTS, Settings
from labs.base.wait import Look, until
from labs.seams import engine_api

LET_GO_SECONDS = 1.5


def is_of_another_machine(settings: Settings) -> bool:
    """Whether the engine's published ports are not this machine's: it is talked to over TCP."""
    return settings.engine_host.startswith("tcp://")


def of(settings: Settings) -> range:
    """The course's host ports on this machine."""
    return range(settings.first_port, settings.first_port + PORTS)


def of_others(settings: Settings, ports: Iterable[int]) -> list[int]:
    """Those on which a program of the machine's listens, and that no container of the lab's engine publishes."""
    wanted, found = list(ports), list[int]()

    def look() -> Look:
        found[:] = [port for port in wanted if is_taken(port)]
        ours = set().union(*_published(settings).values()) if found else set()
        found[:] = [port for port in found if port not in ours]
        return Look(not found)

    # A tunnel to another machine's engine lets go of a port shortly after its container did.
    patience = 0.0 if settings.has_private_engine else LET_GO_SECONDS
    with contextlib.suppress(SandboxError):
        until("as portas do curso ficarem livres", look, patience)
    return found


def held_by_the_course(settings: Settings) -> list[str]:
    """Containers of the lab's engine that publish one of the course's ports."""
    wanted = set(of(settings))
    return sorted(name for name, ports in _published(settings).items() if wanted & ports)


def _published(settings: Settings) -> dict[str, set[int]]:
    if not settings.engine_host:
        return {}
    with contextlib.suppress(LabError):
        return engine_api.published_ports(settings.engine_host)
    return {}


def is_taken(port: int) -> bool:
    """Whether somebody on this machine listens on a loopback port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False

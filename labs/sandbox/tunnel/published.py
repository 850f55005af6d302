"""The other way: what containers publish on an engine of another machine, on this machine's loopback.

An engine that is talked to over TCP, or through a socket that ssh forwards, publishes on its own machine, where the
lessons' http://127.0.0.1:3000 is not this one's. Docker Desktop and rootless Docker look the same from here and bring
published ports by themselves, before the container counts as running: the kit stays out of their way, and behind a
socket brings only a port on which nobody has listened for a whole look.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.sandbox import host_ports
from labs.sandbox.tunnel.mux import Mux
from labs.seams import engine_api

LOOK_SECONDS = 0.3
SOCKET_LOOK_SECONDS = 1.0


async def bring(settings: Settings, mux: Mux) -> None:
    """Listen on each of the course's ports while a container publishes it there, until cancelled."""
    at_once = host_ports.is_of_another_machine(settings)
    servers: dict[int, asyncio.Server] = {}
    silent = set[int]()
    try:
        while True:
            with contextlib.suppress(LabError):
                wanted = await asyncio.to_thread(_published, settings)
                for port in servers.keys() - wanted:
                    servers.pop(port).close()
                missing = wanted - servers.keys()
                for port in missing if at_once else missing & silent:
                    with contextlib.suppress(OSError):  # a program of this machine has it
                        servers[port] = await asyncio.start_server(partial(mux.offer, port), "127.0.0.1", port)
                silent = {port for port in missing - servers.keys() if not host_ports.is_taken(port)}
            await asyncio.sleep(LOOK_SECONDS if at_once else SOCKET_LOOK_SECONDS)
    finally:
        for server in servers.values():
            server.close()


def _published(settings: Settings) -> set[int]:
    """The course's ports as `labs ports` has them now, that a container publishes."""
    course = host_ports.of(Settings.load(settings.home))
    return set(course).intersection(*[set().union(*engine_api.published_ports(settings.engine_host).values())])

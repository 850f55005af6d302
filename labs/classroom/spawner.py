"""A learner's container: a network, a volume and a turn of its own."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dockerspawner import DockerSpawner
from traitlets import Int, Unicode

from labs.classroom import subnets
from labs.classroom.room import LABEL

HUB = "hub"
"""The hub's name in each learner's network."""
READY = b"JupyterLab pronto"
"""What `python3 -m labs start` says when the lab is up and JupyterLab answers."""
POLL = 0.5
READY_SECONDS = 420.0
"""More than `start` gives JupyterLab and the engine on a busy machine: who is not ready by then keeps no turn."""
AT_ONCE = 8
"""Requests to Docker: one that stops a lab may take a minute, and nobody else waits for it."""


class LabSpawner(DockerSpawner):
    """Learners share nothing but the hub: each one's network is internal and has the hub as its only other member."""

    _executor = ThreadPoolExecutor(AT_ONCE)  # DockerSpawner's own has one thread for all learners

    at_once = Int(3, help="how many labs start at the same time; who comes later waits for a turn").tag(config=True)
    subnets = Unicode("10.199.0.0/20", help="where the learners' networks are, 16 addresses each").tag(config=True)
    labels: dict[str, str] = {LABEL: ""}  # noqa: RUF012 - DockerSpawner's own are traits
    _joined = False
    _networks = asyncio.Lock()
    _turns: asyncio.Semaphore | None = None
    _waiting: list[str] = []  # noqa: RUF012 - one queue for all

    async def start(self) -> tuple[str, int]:
        """Wait for a turn, and keep it until the lab is up; returns where its JupyterLab is.

        Raises:
            RuntimeError: the lab ended, or is not up in `READY_SECONDS`; JupyterHub removes its container.
        """
        # What a learner, or a link, gives a start as options is kept, shown to the board, and may name an image.
        self.user_options = self.orm_spawner.user_options = {}
        queue = LabSpawner._waiting
        queue.append(self.user.name)
        try:
            async with self._turn():
                queue.remove(self.user.name)
                await self._place()
                where: tuple[str, int] = await super().start()
                await self._until_ready()
                return where
        finally:
            if self.user.name in queue:
                queue.remove(self.user.name)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page of a start says: the place in the queue, then that the lab starts."""
        told = ""
        for seconds in itertools.count():
            message = self._words()
            if message != told:
                yield {"progress": min(10 + seconds, 90), "message": message}
                told = message
            await asyncio.sleep(1)

    def _words(self) -> str:
        queue = LabSpawner._waiting
        if self.user.name not in queue:
            return "O seu laboratório está iniciando: de 10 segundos a um minuto."
        place = queue.index(self.user.name) + 1
        return f"Outros laboratórios estão iniciando. O seu espera na fila: lugar {place} de {len(queue)}."

    def _turn(self) -> asyncio.Semaphore:
        if LabSpawner._turns is None:  # made where the hub's loop runs
            LabSpawner._turns = asyncio.Semaphore(self.at_once)
        return LabSpawner._turns

    async def _place(self) -> None:
        """The learner's network, with the hub in it, and volume; as they are, where they are there already."""
        name = self.network_name = self.object_name
        if not await self.docker("networks", names=[f"^{name}$"]):
            await self._make_network(name)
        await self._join()
        for volume in self.volume_binds:
            await self.docker("create_volume", volume, labels=self.labels)

    async def _make_network(self, name: str) -> None:
        """One after the other: who looks for a free one while another takes it would find the same."""
        async with LabSpawner._networks:
            known = subnets.taken(await self.docker("networks"))
            ipam = {"Driver": "default", "Config": [{"Subnet": str(subnets.free(self.subnets, known))}]}
            await self.docker("create_network", name, driver="bridge", internal=True, ipam=ipam, labels=self.labels)

    async def _join(self) -> None:
        """The hub's container in the learner's network."""
        inside = (await self.docker("inspect_network", self.object_name))["Containers"]
        hub = (await self.docker("inspect_container", socket.gethostname()))["Id"]
        if hub not in inside:
            await self.docker("connect_container_to_network", hub, self.object_name, aliases=[HUB])
        self._joined = True

    async def poll(self) -> int | str | None:
        """As DockerSpawner's; a hub that starts anew is another container, not in the labs' networks yet."""
        status: int | str | None = await super().poll()
        if status is None and not self._joined:
            await self._join()
        return status

    async def _until_ready(self) -> None:
        said, end = b"", asyncio.get_running_loop().time() + READY_SECONDS
        while await self.poll() is None and asyncio.get_running_loop().time() < end:
            said = await self.docker("logs", self.container_id, tail=20) or said
            if READY in said:
                return
            await asyncio.sleep(POLL)
        words = said.decode(errors="replace")
        raise RuntimeError(f"o laboratório de {self.user.name} não ficou pronto ao iniciar; ele disse: {words}")

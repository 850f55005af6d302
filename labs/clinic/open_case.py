"""The open case, in a file that only its owner reads: it holds the logins that the fault takes away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from labs.base.documents import Damaged, Typed, read, write
from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.seams import docker_files
from labs.seams.world import World

DAMAGED = "desconhecido"
"""The open case, where its file is damaged: all of the clinic is undone, and logins stay as they are."""
PULL_CASE, CLOCK_CASE = "limite-de-pulls", "token-vencido"


class OpenCase(Typed, frozen=True):
    """What was there before the fault.

    Attributes:
        began: number of the gateway's last event before the fault was put in.
        ready: the same, after; what a learner meets comes later.
        logins: what the Docker config kept for each registry (`auth`), None for none.
        clock: the lab's clock against the machine's, in seconds.
    """

    name: str = msgspec.field(name="drill")  # the key in the files of labs that were made before
    began: int
    ready: int
    logins: Mapping[str, str | None]
    clock: int

    @classmethod
    def of(cls, world: World, name: str) -> OpenCase:
        """The case that begins now."""
        settings, seq = world.settings, last_event(world)
        logins = {address: docker_files.login(settings, address) for address in _registries(settings)}
        return cls(name, seq, seq, logins, int(world.admin.clock()["offset_seconds"]))

    def ready_at(self, world: World) -> OpenCase:
        return msgspec.structs.replace(self, ready=last_event(world))

    @classmethod
    def load(cls, settings: Settings) -> OpenCase | None:
        """The open case, or None. A damaged file says that one is open, though not which.

        Raises:
            StateError: the file cannot be read.
        """
        path = _path(settings)
        try:
            return read(path, cls)
        except FileNotFoundError:
            return None
        except Damaged:
            return cls(DAMAGED, 0, 0, {}, 0)
        except OSError as error:
            raise StateError(
                "O registro do caso aberto na clínica não pode ser lido.",
                f"{path}: {error.strerror}",
                f"ls -l '{path}'",
            ) from error

    def save(self, settings: Settings) -> OpenCase:
        write(_path(settings), self)
        return self

    def forget(self, settings: Settings) -> None:
        _path(settings).unlink(missing_ok=True)

    def restore(self, world: World) -> None:
        """Logins, clock and pull limit as before."""
        for address, auth in self.logins.items():
            if auth is None:
                docker_files.forget_login(world.settings, address)
            else:
                docker_files.set_login(world.settings, address, auth)
        if self.name in (PULL_CASE, DAMAGED):
            world.admin.hub_limits(None)
        if self.name in (CLOCK_CASE, DAMAGED):
            world.admin.set_clock(self.clock)


def last_event(world: World) -> int:
    """Number of the last thing that the gateway saw."""
    return max((event["seq"] for event in world.admin.events()), default=0)


def _registries(settings: Settings) -> tuple[str, str]:
    return settings.hub_registry, settings.ecr_registry


def _path(settings: Settings) -> Path:
    return settings.secrets / "clinica-caso.json"

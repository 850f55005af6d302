"""A class on this machine's Docker: started with Docker Compose, ended with all that it made.

The hub and the learners' labs are containers of the same engine; what a class made bears `LABEL`, and nothing
else is ever touched.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labs.base.errors import CommandError, MissingDependency, StateError
from labs.base.events import Report
from labs.base.files import write_atomic
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.classroom import accounts, handout
from labs.seams.unix_http import request

LABEL = "registry-labs.class"
"""On all that a class makes (`labs/classroom/spawner.py`): `down` finds it by this."""
PREFIX = "registry-labs-class"
"""How the names of all its containers, networks and volumes begin."""
COMPOSE = CLONE / "deploy" / "hub" / "compose.yaml"
IMAGES = ("lab", "learner", "hub")
"""The services whose images are built, each on the one before."""
FOLDER = "LABS_CLASS"
"""Environment variable: the folder of the class, with its codes; by default below the home."""
START_SECONDS = 120.0
KINDS = {"container": "containers", "network": "redes", "volume": "volumes, com o trabalho das pessoas"}


@dataclass(frozen=True)
class Room:
    """A class: where its codes are kept, and where its hub answers.

    Attributes:
        listen: the address of this machine on which the hub answers.
        address: how learners write it in their browsers.
    """

    folder: Path
    listen: str = "127.0.0.1"
    port: int = 8000
    address: str = "http://127.0.0.1:8000/"

    @classmethod
    def load(cls, folder: Path) -> Room:
        """The class that was started here.

        Raises:
            StateError: there is none, or its file is damaged.
        """
        path = folder / "room.json"
        try:
            return cls(folder=folder, **json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StateError("Não há turma nesta máquina.", f"{path}: {error}", "python3 -m labs class up") from error

    def save(self) -> None:
        """Keep it beside its codes.

        Raises:
            StateError: it cannot be written.
        """
        kept = {"listen": self.listen, "port": self.port, "address": self.address}
        write_atomic(self.folder / "room.json", json.dumps(kept) + "\n")

    @property
    def codes_file(self) -> Path:
        return self.folder / "codes.json"

    @property
    def handout_file(self) -> Path:
        """The page to print, with a slip for each learner."""
        return self.folder / "codigos.html"


def default_folder() -> Path:
    """Where a class is kept."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen) if chosen else Path.home() / ".local" / "share" / "registry-labs-class"


def told(room: Room) -> str:
    """Address and codes, for the teacher.

    Raises:
        StateError: the codes cannot be read.
    """
    codes = accounts.read(room.codes_file)
    lines = [f"  {name:12} {code}" for name, code in codes.items()]
    board = f"Painel da turma, com o nome {accounts.TEACHER}: {room.address}services/painel/"
    return "\n".join([f"Endereço da turma: {room.address}", *lines, board, f"Para imprimir: {room.handout_file}"])


def enlist(room: Room, names: Sequence[str]) -> None:
    """Codes for these learners, and the page to print; nothing is started.

    Raises:
        StateError: the codes cannot be read or kept.
    """
    codes = accounts.with_codes(names, accounts.read(room.codes_file))
    room.save()
    accounts.write(room.codes_file, codes)
    write_atomic(room.handout_file, handout.page(room.address, codes))


def up(room: Room, names: Sequence[str], report: Report) -> None:
    """Images, codes and the hub.

    Raises:
        LabError: Docker is not there or refuses, or the hub does not answer.
    """
    enlist(room, names)
    for image in IMAGES:
        report(f"Construindo a imagem {image} (na primeira vez leva minutos) …")
        _compose(room, "--profile", "images", "build", "--quiet", image, seconds=3600)
    report("Iniciando o hub …")
    _compose(room, "up", "--detach", "--no-build", "--force-recreate", "hub", seconds=600)
    origin = f"http://{'127.0.0.1' if room.listen == '0.0.0.0' else room.listen}:{room.port}"
    until(
        "o hub responder",
        lambda: Look(request(origin, "GET", "/hub/health", timeout=2).status == 200, origin),
        START_SECONDS,
        next_command="docker compose -p registry-labs-class logs hub",
        interval=0.3,
    )


def things() -> dict[str, list[str]]:
    """What a class has on this engine, by kind.

    Raises:
        LabError: Docker is not there.
    """
    return {kind: _names(kind) for kind in KINDS}


def down(room: Room, report: Report, *, work_too: bool) -> None:
    """End the hub and every lab; their volumes too where that was confirmed.

    Raises:
        LabError: Docker refused.
    """
    report("Parando o hub e os laboratórios …")
    _compose(room, "down", "--timeout", "30", *(["--volumes"] if work_too else []), seconds=600)
    for kind in KINDS if work_too else list(KINDS)[:2]:
        if names := _names(kind):
            _docker(kind, "rm", *(["--force"] if kind != "network" else []), *names, seconds=600)
    if work_too:
        for path in (room.codes_file, room.handout_file, room.folder / "room.json"):
            path.unlink(missing_ok=True)


def _names(kind: str) -> list[str]:
    words = ["--all"] if kind == "container" else []
    shown = "{{.Names}}" if kind == "container" else "{{.Name}}"
    return _docker(kind, "ls", *words, "--filter", f"label={LABEL}", "--format", shown).split()


def _compose(room: Room, *words: str, seconds: float) -> str:
    return _docker("compose", *words, seconds=seconds, environment=_environment(room))


def _environment(room: Room) -> dict[str, str]:
    """What compose.yaml asks for. `COMPOSE_FILE`, Compose's own, may add a file of somebody's."""
    host = os.environ.get("DOCKER_HOST", "")
    socket = {"LABS_CLASS_SOCKET": host.removeprefix("unix://")} if host.startswith("unix://") else {}
    return {
        "COMPOSE_FILE": os.environ.get("COMPOSE_FILE", str(COMPOSE)),
        "LABS_CLASS_LISTEN": room.listen,
        "LABS_CLASS_PORT": str(room.port),
        "LABS_CLASS_ADDRESS": room.address,
        "LABS_CLASS_CODES": str(room.codes_file),
        **socket,
    }


def _docker(*words: str, seconds: float = 60, environment: Mapping[str, str] | None = None) -> str:
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

"""A class on this machine's Docker: started with Docker Compose, ended with all that it made.

The hub and the learners' labs are containers of the same engine; what a class made bears `LABEL`, and nothing
else is ever touched.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from labs.base.errors import CommandError, LabError, StateError
from labs.base.events import Report
from labs.base.files import lasting_key, write_atomic
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.classroom import accounts, handout, images, origins, zone
from labs.classroom.engine import docker, require_mapped_users, require_room
from labs.seams.unix_http import request

LABEL = "registry-labs.class"
"""On all that a class makes (`labs/classroom/spawner.py`): `down` finds it by this."""
PREFIX = "registry-labs-class"
"""How the names of all its containers, networks and volumes begin."""
COMPOSE = CLONE / "deploy" / "hub" / "compose.yaml"
FOLDER = "LABS_CLASS"
"""Environment variable: the folder of the class, with its codes and key; by default below the home."""
EVERYWHERE = "0.0.0.0"
START_SECONDS = 120.0
STOP_SECONDS = 60
"""What a lab has to end JupyterLab, the learner's containers and its engine, as in compose.yaml of one lab: thirty that
end at once take longer than one."""
GONE_SECONDS = 60.0
FINGERPRINT = """
from pathlib import Path
from labs.pages import statement
print(statement.kept_fingerprint(Path("/run/class/certificate-key")))
"""
HUB_VOLUME = f"{PREFIX}_state"
"""Who logged in, as deploy/hub/compose.yaml keeps it; nobody's work."""
KINDS = ("container", "network", "volume")


@dataclass(frozen=True)
class Room:
    """A class: where its codes are kept, and where its hub answers.

    Attributes:
        listen: the address of this machine on which the hub answers.
        address: how learners write it in their browsers.
        given: the teacher said that address; else it is this machine's of that day, which another network changes.
        subdomains: each learner has a name of their own below the address's (`labs/classroom/origins.py`).
    """

    folder: Path
    listen: str = EVERYWHERE
    port: int = 8000
    address: str = "http://127.0.0.1:8000/"
    given: bool = False
    subdomains: bool = False

    @classmethod
    def load(cls, folder: Path) -> Room:
        """The class that was started here.

        Raises:
            StateError: there is none, or its file is damaged.
        """
        path = folder / "room.json"
        try:
            return cls(folder=folder, **json.loads(path.read_text("utf-8")))
        except FileNotFoundError as error:
            raise StateError("Não há turma nesta máquina.", f"{path}: {error}", "python3 -m labs class up") from error
        except (OSError, ValueError, TypeError) as error:
            raise StateError(
                "O arquivo com o endereço da turma está danificado ou não pode ser lido.",
                f"{path}: {error}",
                f"mv '{path}' '{path}.danificado' && python3 -m labs class up",
            ) from error

    @classmethod
    def kept(cls, folder: Path) -> Room:
        """The class that was started here, or one that nobody has started yet.

        Raises:
            StateError: its file is damaged.
        """
        return cls.load(folder) if (folder / "room.json").exists() else cls(folder)

    def save(self) -> None:
        """Keep it beside its codes.

        Raises:
            StateError: it cannot be written.
        """
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "folder"}
        write_atomic(self.folder / "room.json", json.dumps(kept) + "\n")

    @property
    def board(self) -> str:
        """The address of the board."""
        scheme, _, rest = self.address.partition("://")
        host = origins.below(self.address, origins.BOARD) if self.subdomains else rest.strip("/")
        return f"{scheme}://{host}/services/painel/"

    @property
    def codes_file(self) -> Path:
        return self.folder / "codes.json"

    @property
    def key_file(self) -> Path:
        """The key that signs the class's certificates."""
        return self.folder / "certificate-key"

    @property
    def handout_file(self) -> Path:
        """The page to print, with a slip for each learner."""
        return self.folder / "codigos.html"

    @property
    def files(self) -> list[Path]:
        """What there is of the class in its folder."""
        own = (self.codes_file, self.key_file, self.handout_file, self.folder / "room.json")
        return [path for path in own if path.exists()]


def default_folder() -> Path:
    """Where a class is kept."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen).absolute() if chosen else Path.home() / ".local" / "share" / "registry-labs-class"


def told(room: Room) -> str:
    """Address, codes and the key's fingerprint, for the teacher.

    Raises:
        StateError: the codes or the key cannot be read.
    """
    codes = accounts.read(room.codes_file)
    lines = [f"  {name:12} {code}" for name, code in codes.items()]
    board = f"Painel da turma, com o nome {accounts.TEACHER}: {room.board}"
    found = _fingerprint(room)
    key = f"Certificados da turma: anote {f'esta impressão digital, {found}' if found else 'a que o painel mostra'}"
    return "\n".join([f"Endereço da turma: {room.address}", *lines, board, key, f"Para imprimir: {room.handout_file}"])


def _fingerprint(room: Room) -> str:
    """That of the class's key; "" where neither this Python nor a hub that runs here can tell."""
    try:
        from labs.pages import statement
    except ImportError:  # bare Python starts a class, and has no cryptography; the hub has
        with contextlib.suppress(LabError):
            return docker("exec", f"{PREFIX}-hub-1", "python3", "-c", FINGERPRINT).strip()
        return ""
    return statement.kept_fingerprint(room.key_file)


def enlist(room: Room, names: Sequence[str]) -> None:
    """Codes for these learners, the page to print, and the class's key; nothing is started.

    Raises:
        LabError: they are too many, with those that the class has; nothing was written.
        StateError: the codes or the key cannot be read or kept.
    """
    codes = accounts.with_codes(names, accounts.read(room.codes_file))
    lasting_key(room.key_file)
    room.save()
    accounts.write(room.codes_file, codes)
    write_atomic(room.handout_file, handout.page(room.address, codes))


def build(room: Room, report: Report) -> None:
    """The images alone.

    Raises:
        LabError: Docker is not there or refuses.
    """
    images.build(partial(_compose, room), report)


def up(room: Room, names: Sequence[str], report: Report, *, trusted: bool = False) -> None:
    """Images, codes, the key and the hub.

    Args:
        trusted: the learners; their labs may be containers whose root is this machine's.

    Raises:
        LabError: Docker is not there or refuses, its containers have this machine's root, the hub does not answer, the
            key is damaged, the learners are too many, or the network has no names for them.
    """
    if room.subdomains:
        origins.require(room.address)
    enlist(room, names)
    if not trusted:
        require_mapped_users()
        require_room(len(accounts.read(room.codes_file)))
    build(room, report)
    report("Iniciando o hub …")
    # One that runs as it should goes on: a hub that starts anew shows a dialog in every open lesson.
    _compose(room, "up", "--detach", "--no-build", "hub", seconds=600)
    origin = f"http://{'127.0.0.1' if room.listen == EVERYWHERE else room.listen}:{room.port}"
    until(
        "o hub responder",
        lambda: Look(request(origin, "GET", "/hub/health", timeout=2).status == 200, origin),
        START_SECONDS,
        next_command="docker compose -p registry-labs-class logs hub",
        interval=0.3,
    )
    _require_readable(room)


def _require_readable(room: Room) -> None:
    """Raises LabError where the hub has no access to the codes: a home on NFS, or a folder that SELinux keeps."""
    try:
        docker("exec", f"{PREFIX}-hub-1", "test", "-r", f"/run/class/{room.codes_file.name}")
    except CommandError as error:
        raise LabError(
            "O hub iniciou, e não consegue ler os códigos da turma: ninguém conseguiria entrar.",
            f"{room.codes_file}: {error.observed or 'sem acesso'}",
            f"{FOLDER}=/var/lib/registry-labs-class python3 -m labs class up",
        ) from error


@dataclass(frozen=True)
class Things:
    """What a class has on this engine: names of containers, networks, the hub's volumes and the learners' volumes."""

    containers: list[str]
    networks: list[str]
    hub: list[str]
    work: list[str]

    @classmethod
    def found(cls) -> Things:
        """Ask the engine.

        Raises:
            LabError: Docker is not there.
        """
        containers, networks, volumes = (_names(kind) for kind in KINDS)
        work = [name for name in volumes if name != HUB_VOLUME]
        return cls(containers, networks, [name for name in volumes if name == HUB_VOLUME], work)

    def told(self) -> list[tuple[str, list[str]]]:
        """Lists for the teacher with their titles; only those that have something."""
        lists = [
            ("containers:", self.containers),
            ("redes:", self.networks),
            ("volume do hub, com quem entrou; só sai com o trabalho das pessoas:", self.hub),
            ("volumes, com o trabalho das pessoas:", self.work),
        ]
        return [(title, names) for title, names in lists if names]


def down(room: Room, report: Report, *, work_too: bool) -> None:
    """End the hub, and every lab as it ends by itself; volumes and the class's files too where that was confirmed.

    Raises:
        LabError: Docker refused.
    """
    report("Parando o hub e os laboratórios …")
    _compose(room, "down", "--timeout", "30", *(["--volumes"] if work_too else []), seconds=600)
    if labs := _names("container"):  # the client stops them side by side
        with contextlib.suppress(CommandError):  # one may have ended meanwhile; who stays is told below
            docker("container", "stop", "-t", str(STOP_SECONDS), *labs, seconds=900)
    until(
        "os containers da turma saírem",
        _without_containers,
        GONE_SECONDS,
        next_command=f"docker container ls --all --filter label={LABEL}",
        interval=0.3,
    )
    if networks := _names("network"):
        docker("network", "rm", *networks, seconds=600)
    if work_too and (volumes := _names("volume")):
        docker("volume", "rm", "--force", *volumes, seconds=600)
    if work_too:
        for path in room.files:
            path.unlink(missing_ok=True)


def _without_containers() -> Look:
    """A lab that was stopped removes itself, and Docker refuses to remove what is being removed already."""
    try:
        if names := _names("container"):
            docker("container", "rm", "--force", *names, seconds=600)
    except CommandError as error:
        return Look(False, error.observed)
    return Look(True)


def _names(kind: str) -> list[str]:
    words = ["--all"] if kind == "container" else []
    shown = "{{.Names}}" if kind == "container" else "{{.Name}}"
    return docker(kind, "ls", *words, "--filter", f"label={LABEL}", "--format", shown).split()


def _compose(room: Room, *words: str, seconds: float, environment: Mapping[str, str] | None = None) -> str:
    return docker("compose", *words, seconds=seconds, environment={**_environment(room), **(environment or {})})


def _environment(room: Room) -> dict[str, str]:
    """What compose.yaml asks for. `COMPOSE_FILE`, Compose's own, may add a file of somebody's."""
    host = os.environ.get("DOCKER_HOST", "")
    socket = {"LABS_CLASS_SOCKET": host.removeprefix("unix://")} if host.startswith("unix://") else {}
    return {
        "COMPOSE_FILE": os.environ.get("COMPOSE_FILE", str(COMPOSE)),
        "LABS_CLASS_LISTEN": room.listen,
        "LABS_CLASS_PORT": str(room.port),
        "LABS_CLASS_ADDRESS": room.address,
        "LABS_CLASS_FOLDER": str(room.folder),
        "LABS_CLASS_SUBDOMAINS": "1" if room.subdomains else "",
        "TZ": zone.of_this_machine(),
        **socket,
    }

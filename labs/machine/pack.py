"""The kit carried on a stick: a clone with a folder `pack/`, from which everything is taken that would be downloaded.

`labs/machine/packing.py` writes it. What is in it, for which machines, and each file's hash stands in `pack/pack.json`.
Standard library only: it is read on a bare machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from labs.base import apt
from labs.base.errors import StateError
from labs.base.events import Report
from labs.base.settings import CLONE

FOLDER = CLONE / "pack"
LIST = "pack.json"
WHEELS, CACHE, DEBS = "wheels", "cache", "debs"
"""Its folders: the Python packages of the lock, what a first `up` downloads, and the system's packages."""


@dataclass(frozen=True)
class Contents:
    """What a pack is for, and what it holds.

    Attributes:
        machine: as `uname -m` tells it.
        python: major and minor version, which some Python packages are made for.
        system: the system's release, as the system's packages need it; empty where there are none.
        files: SHA-256 by path below the pack's folder.
    """

    machine: str
    python: str
    system: str
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls) -> Contents:
        """Of a pack that this machine can use; without its files."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(platform.machine(), version, system())

    def write(self, folder: Path) -> None:
        (folder / LIST).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def system() -> str:
    """Name and release of a system with apt, as "debian 12"; empty elsewhere (os-release(5))."""
    if not apt.has_apt():
        return ""
    told = platform.freedesktop_os_release()
    return f"{told.get('ID', '')} {told.get('VERSION_ID', '')}".strip()


def use(report: Report) -> None:
    """Take what this process and those after it would download from the clone's pack, where there is one for this
    machine: pip and uv are told where, the sandbox's cache is the pack's, and apt gets its files.

    Raises:
        StateError: the pack's list cannot be read.
    """
    if not (FOLDER / LIST).is_file():
        return
    found, here = contents(), Contents.here()
    if (found.machine, found.python) != (here.machine, here.python):
        report(
            f"O pacote que veio com o kit é para {found.machine} com Python {found.python}, e aqui é {here.machine}"
            f" com Python {here.python}: ele fica de fora, e o que falta vem da internet."
        )
        return
    os.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(FOLDER / WHEELS)}
    os.environ.setdefault("LABS_CACHE", str(FOLDER / CACHE))
    if found.system and found.system == here.system:
        os.environ[apt.CARRIED] = str(FOLDER / DEBS)


def contents() -> Contents:
    """The pack's list.

    Raises:
        StateError: it cannot be read.
    """
    try:
        told = json.loads((FOLDER / LIST).read_text("utf-8"))
        return Contents(str(told["machine"]), str(told["python"]), str(told["system"]), dict(told["files"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(f"{FOLDER / LIST}: {error}") from error


def verify(report: Report) -> None:
    """Compare every file of the pack with its hash, before anything is installed from it; nothing without a pack.

    Raises:
        StateError: one is missing or damaged.
    """
    if not (FOLDER / LIST).is_file():
        return
    files = contents().files
    report(f"Conferindo o pacote que veio com o kit ({len(files)} arquivos) …")
    for name, digest in files.items():
        try:
            same = digest_of(FOLDER / name) == digest
        except OSError as error:
            raise _damaged(f"{FOLDER / name}: {error.strerror}") from error
        if not same:
            raise _damaged(f"{FOLDER / name}: o SHA-256 não confere")


def digest_of(path: Path) -> str:
    """A file's SHA-256, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(observed: str) -> StateError:
    return StateError(
        "O pacote que veio com o kit está danificado ou incompleto.",
        observed,
        "copie o arquivo do pacote de novo e repita: sha256sum -c ARQUIVO.sha256 && tar xf ARQUIVO",
    )

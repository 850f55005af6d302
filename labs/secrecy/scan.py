"""Is a secret of this lab anywhere but in the files that are made for it?

Looks over notebooks (cells, outputs, widget state), logs, histories, image layers and their history, registry blobs,
command lines and environments of processes, and the temporary folder. Reports places, never values; reads, never
writes. Runs on the standard library: what it cannot unpack then, it names.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from labs.base import processes
from labs.base.errors import LabError
from labs.base.settings import CLONE, Settings
from labs.base.things import IMAGE, Thing
from labs.base.unpacking import ERRORS, UnknownCompressionError, unpacked
from labs.ownership.ledger import Ledger
from labs.sandbox import engine_choice
from labs.seams import engine_api, image_layers
from labs.seams.image_layers import SavedImage
from labs.secrecy.values import Needles, known, shapes_in

CHUNK = 4 << 20
PERMITTED = (
    *("secrets/*", "aws/credentials", "docker/config.json", "sandbox/gateway/*", "sandbox/hub.yml", "sandbox/ecr.yml"),
    *("jupyter/config/jupyter_server_config.json", "jupyter/runtime/*", "run/jupyter.json", "run/jupyter.html"),
)
"""Where secrets live, below the state folder: files 0600 in folders 0700."""
HISTORIES = (
    *(".bash_history", ".zsh_history", ".python_history", ".ash_history", ".local/share/fish/fish_history"),
    *(".aws/cli/history/history.db", ".ipython/profile_default/history.sqlite", ".viminfo", ".lesshst"),
)
COURSE_NAMES = ("widget-server:", "clinica:", "clinica-")
DOWNLOADED = "programa baixado"
OF_THE_MACHINE = ("linha de comando", "variável de ambiente", "histórico", "pasta temporária", DOWNLOADED)
"""Kinds of places that are not the lab's alone, or whose manuals show examples: there only the lab's own secrets are
looked for, no mere shapes.
"""
TEMPORARY_BYTES, TEMPORARY_DEPTH = 8 << 20, 4
MOST_UNPACKED = 2 << 30
"""Bytes of one compressed file that are looked at: a bomb must not stop the scan. What goes on beyond is named."""
IN_IMAGES = "layer ou história de imagem"


@dataclass(frozen=True)
class Finding:
    """A secret out of place. `secret` says which one by the file that keeps it; the value itself is never told."""

    place: str
    secret: str
    kind: str


@dataclass
class Report:
    """`unread` says, in words, what could not be looked at."""

    findings: list[Finding] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    files: int = 0
    processes: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Scan:
    """One look over a lab. `extra` are further values to find, by label (value → label)."""

    def __init__(self, settings: Settings, extra: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._needles = Needles({**known(settings), **(extra or {})})
        self.report = Report()

    def run(self) -> Report:
        """Look everywhere."""
        began = time.monotonic()
        self.state_folder()
        self.notebooks(CLONE / "notebooks")
        self.histories(Path.home())
        self.running()
        self.temporary(Path(tempfile.gettempdir()))
        self.engine()
        self.report.findings = list(dict.fromkeys(self.report.findings))
        self.report.seconds = round(time.monotonic() - began, 2)
        return self.report

    # Places ------------------------------------------------------------------------------------

    def state_folder(self) -> None:
        """Everything below LABS_HOME: notebooks, logs, the private engine's layers and logs, the registries' blobs."""
        for path in _files(self._settings.home):
            relative = path.relative_to(self._settings.home)
            if not any(
                relative.match(pattern) and len(relative.parts) == pattern.count("/") + 1 for pattern in PERMITTED
            ):
                self._file(path, _kind(relative))
            elif _others_can_read(path):
                self._add(str(path), str(relative), "arquivo com segredo que outros podem ler")

    def notebooks(self, folder: Path) -> None:
        """The clone's own notebooks."""
        for path in folder.rglob("*.ipynb"):
            self._file(path, "notebook")

    def histories(self, home: Path) -> None:
        """What shells and tools remember of typed lines."""
        for name in HISTORIES:
            if (home / name).is_file():
                self._file(home / name, "histórico")

    def running(self) -> None:
        """Command lines of all processes that can be seen, environments of the lab's own."""
        ours = f"LABS_HOME={self._settings.home}".encode()
        for pid, words in processes.all_processes():
            self.report.processes += 1
            self._bytes("\0".join(words).encode(), f"processo {pid} ({Path(words[0]).name})", "linha de comando")
            with contextlib.suppress(OSError):
                environment = Path(f"/proc/{pid}/environ").read_bytes()
                if ours in environment.split(b"\0"):
                    self._bytes(environment, f"processo {pid} ({Path(words[0]).name})", "variável de ambiente")

    def temporary(self, folder: Path) -> None:
        """Our own young files in the temporary folder, not those of another lab."""
        since = _born(self._settings)
        for path in _files(folder, depth=TEMPORARY_DEPTH, skip=_is_lab):
            with contextlib.suppress(OSError):
                found = path.stat()
                if found.st_uid == os.getuid() and found.st_mtime >= since and found.st_size <= TEMPORARY_BYTES:
                    self._file(path, "pasta temporária")

    def engine(self) -> None:
        """Layers and history of the course's images, configuration and output of their containers, in the learner's own
        engine. The private engine keeps them below the state folder, where they were read already.
        """
        host = self._settings.engine_host
        if not host or self._settings.has_private_engine or not engine_choice.answers(host):
            return
        images = _of_the_course(self._settings, engine_api.images(host))
        if not images:
            return
        try:
            read = self._images([names[0] if names else image for image, names in images.items()])
            closed = [image.names[0] for image in read if any(layer.paths is None for layer in image.layers)]
            self.report.unread += [f"uma layer de {name} (danificada ou de compressão desconhecida)" for name in closed]
        except LabError as error:
            self.report.unread.append(f"imagens do seu Docker ({error.observed})")
        for name, told in engine_api.told_by_containers(host, images):
            self._bytes(told, f"container {name}", "configuração ou log de container")

    def image(self, reference: str) -> SavedImage:
        """Look into one image of the lab's engine, its layers and its history; returns it as it was read.

        Raises:
            CommandError: it cannot be read.
        """
        return self._images([reference])[0]

    def _images(self, references: Sequence[str]) -> tuple[SavedImage, ...]:
        """All in one archive, where a layer that several share stands once; a finding is told for each of them."""
        first = len(self.report.findings)
        read = image_layers.read(self._settings, references, lambda name, file: self._content(file, name, IN_IMAGES))
        images, found = _images_of_members(read), self.report.findings[first:]
        self.report.findings[first:] = [
            replace(one, place=f"imagem {image}") for one in found for image in images.get(one.place, references)
        ]
        return read

    # How ---------------------------------------------------------------------------------------

    def _file(self, path: Path, kind: str) -> None:
        try:
            with path.open("rb") as file:
                self._content(file, str(path), kind)
        except OSError:
            return  # gone meanwhile, or not ours to read

    def _content(self, file: IO[bytes], place: str, kind: str) -> None:
        """A file from its beginning: as it is, and unpacked."""
        self.report.files += 1
        self._stream(iter(lambda: file.read(CHUNK), b""), place, kind)
        try:
            if (content := unpacked(file)) is not None:
                self._stream(self._unpacked(content, place, kind), place, kind)
        except UnknownCompressionError as error:
            if kind != IN_IMAGES:  # there the image is named that has it
                self.report.unread.append(f"{place} (compressão {error})")

    def _unpacked(self, content: Any, place: str, kind: str) -> Iterator[bytes]:
        """What can be unpacked, also of what breaks off: an upload that was, an archive that is no such thing."""
        taken, block, broken = 0, bytearray(), False
        try:
            while taken < MOST_UNPACKED and (data := content.read1(CHUNK)):
                taken += len(data)
                block += data
                if len(block) >= CHUNK:
                    yield bytes(block)
                    block.clear()
        except ERRORS:
            broken = True
        yield bytes(block)
        if taken >= MOST_UNPACKED:
            self.report.unread.append(f"{place} (só os primeiros {MOST_UNPACKED >> 30} GB do conteúdo)")
        if broken and not taken and kind != IN_IMAGES:
            self.report.unread.append(f"{place} (compactado, e não abre)")

    def _stream(self, chunks: Iterable[bytes], place: str, kind: str) -> None:
        tail = b""
        for chunk in chunks:
            self.report.bytes += len(chunk)
            self._bytes(tail + chunk, place, kind)
            tail = chunk[-self._needles.longest :]

    def _bytes(self, data: bytes, place: str, kind: str) -> None:
        for label in self._needles.found(data):
            self._add(place, label, kind)
        if kind not in OF_THE_MACHINE:
            for label in shapes_in(data):
                self._add(place, label, kind)

    def _add(self, place: str, secret: str, kind: str) -> None:
        self.report.findings.append(Finding(place, secret, kind))


def _of_the_course(settings: Settings, images: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Images with a name that the course gives, and those whose name or id the ledger knows."""
    places = (settings.hub_place, settings.ecr_registry, settings.ecr_public_registry)
    addresses = tuple(f"{place}/" for place in places)
    ledger = Ledger(settings)
    return {
        image: names
        for image, names in images.items()
        if any(name.startswith((*addresses, *COURSE_NAMES)) or ledger.noted(Thing(IMAGE, name)) for name in names)
        or ledger.noted(Thing(IMAGE, "", image))
    }


def _images_of_members(images: Iterable[SavedImage]) -> dict[str, set[str]]:
    """Members of an image archive → names of the images that they are of."""
    found: dict[str, set[str]] = {}
    for image in images:
        for member in image.members:
            found.setdefault(member, set()).update(image.names)
    return found


def _files(folder: Path, depth: int = 100, skip: Any = None) -> Iterator[Path]:
    """Regular files below a folder; follows no link and crosses no mount (a container's is the same files again)."""
    for top, folders, names in os.walk(folder):
        here = Path(top)
        deep = len(here.relative_to(folder).parts)
        folders[:] = [
            name
            for name in folders
            if deep < depth and not os.path.ismount(here / name) and not (skip and skip(here / name))
        ]
        for name in names:
            with contextlib.suppress(OSError):
                if stat.S_ISREG((here / name).lstat().st_mode):
                    yield here / name


def _is_lab(folder: Path) -> bool:
    return (folder / "settings.json").exists() or (folder / "sandbox").is_dir()


def _born(settings: Settings) -> float:
    """When the lab's first secret was made; nothing older can hold one."""
    times = [path.stat().st_mtime for path in settings.secrets.glob("*")] if settings.secrets.is_dir() else []
    return min(times, default=0.0) - 1


def _others_can_read(path: Path) -> bool:
    """Mode 0600 in a folder 0700; of Jupyter Server's runtime files, one of which it writes 0644, the folder alone."""
    folder, file = path.parent.stat().st_mode, path.stat().st_mode
    return bool((folder if path.parent.name == "runtime" else folder | file) & 0o077)


def _kind(relative: Path) -> str:
    if relative.suffix == ".ipynb":
        return "notebook"
    top = "/".join(relative.parts[:2])
    kinds = {
        "sandbox/engine": "imagem, container ou log do engine",
        "sandbox/hub": "registry",
        "sandbox/ecr": "registry",
        "sandbox/tools": DOWNLOADED,
        "sandbox/cache": DOWNLOADED,
    }
    return kinds.get(top, "log" if relative.suffix == ".log" else "arquivo")

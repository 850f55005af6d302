"""`python3 -m labs.secrets_scan`: is a secret of this lab anywhere but in the files that are made for it?

Looks over notebooks (cells, outputs, widget state), logs, histories, image layers and their history, registry blobs,
command lines and environments of processes, and the temporary folder. Reports places, never values. Standard library
only; reads, never writes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from labs.errors import LabError
from labs.sandbox import engine_api, engine_choice, processes
from labs.secret_values import SHAPES, Needles, known
from labs.settings import CLONE, Settings

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
TEMPORARY_BYTES, TEMPORARY_DEPTH = 8 << 20, 4
MOST_UNPACKED = 2 << 30
"""Bytes of one compressed file that are looked at: a bomb must not stop the scan."""


@dataclass(frozen=True)
class Finding:
    """A secret out of place. `secret` says which one by the file that keeps it; the value itself is never told."""

    place: str
    secret: str
    kind: str


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
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
        """The clone's own notebooks, where any secret that names itself counts too."""
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
        """Layers, configuration and history of the course's images in the learner's own engine.

        The private engine keeps them below the state folder, where they were read already.
        """
        host = self._settings.engine_host
        if not host or engine_choice.is_private(self._settings) or not engine_choice.answers(host):
            return
        names = engine_api.names_of_images(host, (self._settings.hub_registry, self._settings.ecr_registry))
        for name in names:
            with contextlib.suppress(tarfile.TarError, OSError), engine_api.saved(host, name) as archive:
                self._archive(archive, f"imagem {name}", "layer ou história de imagem")

    # How ---------------------------------------------------------------------------------------

    def _file(self, path: Path, kind: str) -> None:
        try:
            with path.open("rb") as file:
                self._content(file, str(path), kind)
        except OSError:
            return  # gone meanwhile, or not ours to read

    def _archive(self, stream: IO[bytes], place: str, kind: str) -> None:
        """A tar archive as it comes; a member goes through a file without a name, since it may be compressed."""
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if content := archive.extractfile(member):
                    with tempfile.TemporaryFile() as file:
                        shutil.copyfileobj(content, file, CHUNK)
                        file.seek(0)
                        self._content(file, place, kind)

    def _content(self, file: IO[bytes], place: str, kind: str) -> None:
        """A file from its beginning: as it is, and unpacked."""
        self.report.files += 1
        head = file.read(2)
        file.seek(0)
        self._stream(iter(lambda: file.read(CHUNK), b""), place, kind)
        if head == b"\x1f\x8b":
            file.seek(0)
            self._stream(_unpacked(file), place, kind)

    def _stream(self, chunks: Iterable[bytes], place: str, kind: str) -> None:
        tail = b""
        for chunk in chunks:
            self.report.bytes += len(chunk)
            self._bytes(tail + chunk, place, kind)
            tail = chunk[-self._needles.longest :]

    def _bytes(self, data: bytes, place: str, kind: str) -> None:
        for label in self._needles.found(data):
            self._add(place, label, kind)
        if kind == "notebook":
            for label in shapes_in(data):
                self._add(place, label, kind)

    def _add(self, place: str, secret: str, kind: str) -> None:
        self.report.findings.append(Finding(place, secret, kind))


def shapes_in(data: bytes) -> Iterator[str]:
    """Secrets that name themselves; AWS's own examples end in EXAMPLE or EXAMPLEKEY and are none."""
    for label, shape in SHAPES.items():
        if any(b"EXAMPLE" not in value for value in shape.findall(data)):
            yield label


def in_notebook(book: Any, needles: Needles) -> list[tuple[str, str]]:
    """Where in a notebook's content secrets stand: ("célula 3, saída", label), in reading order."""
    found: list[tuple[str, str]] = []

    def look(value: Any, where: str) -> None:
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        text = data + json.dumps(_joined(value)).encode()
        found.extend((where, label) for label in sorted({*needles.found(text), *shapes_in(text)}))

    cells = book.get("cells", []) if isinstance(book, Mapping) else []
    for number, cell in enumerate(cells, 1):
        look(cell.get("source", ""), f"célula {number}, texto")
        if cell.get("outputs"):
            look(cell["outputs"], f"célula {number}, saída")
        look([cell.get("metadata"), cell.get("attachments")], f"célula {number}, metadados")
    look(book.get("metadata") if isinstance(book, Mapping) else book, "metadados do notebook (estado dos widgets)")
    return found


def _joined(value: Any) -> str:
    """The format allows a text as a list of lines; a secret may be cut there."""
    return "".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else ""


def _unpacked(file: Any) -> Iterator[bytes]:
    reader, taken = zlib.decompressobj(wbits=31), 0
    with contextlib.suppress(zlib.error):
        while (chunk := file.read(CHUNK)) and taken < MOST_UNPACKED:
            while chunk and taken < MOST_UNPACKED:
                data = reader.decompress(chunk, CHUNK)
                taken += len(data)
                yield data
                chunk = reader.unconsumed_tail


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
    }
    return kinds.get(top, "log" if relative.suffix == ".log" else "arquivo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; returns 1 where a secret is out of place."""
    parser = argparse.ArgumentParser(
        prog="python3 -m labs.secrets_scan", description="Procura segredos do laboratório fora dos arquivos deles."
    )
    parser.add_argument("--json", action="store_true", help="saída em JSON")
    options = parser.parse_args(arguments)
    try:
        report = Scan(Settings.load()).run()
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        print(_told(report))
    return 1 if report.findings else 0


def _told(report: Report) -> str:
    looked = f"{report.files} arquivos, {report.bytes >> 20} MB, {report.processes} processos, {report.seconds} s"
    if not report.findings:
        return f"Nenhum segredo fora do lugar ({looked})."
    lines = [f"{one.kind}: {one.place}\n    contém o segredo de {one.secret}" for one in report.findings]
    lines.append(f"{len(report.findings)} segredos fora do lugar ({looked}).")
    lines.append("Próximo comando: apague o que está acima e troque a chave: python3 -m labs reset")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())

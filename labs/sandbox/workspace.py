"""The learner's working copies (`work/notebooks`, `work/widget-server`) and the wheelhouse for builds.

A manifest remembers what the kit wrote. A file that is still as the kit wrote it follows the clone; one that the
learner changed (or deleted) is the learner's and is never written again.

Fetching the wheels needs the standard library alone (`labs/sandbox/fetch.py`), so what reads the manifest is imported
late.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from labs.base.errors import MissingDependency, StateError
from labs.base.settings import CLONE, Settings
from labs.sandbox import registry_program

FOLDERS = ("notebooks", "widget-server")
SKIPPED = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache")
BASE_ARGUMENT = re.compile(r"^(ARG\s+BASE_IMAGE=).*$", re.MULTILINE)


def ensure(settings: Settings) -> None:
    """Bring the working copies up to date: Dockerfiles with this lab's base image as default of `ARG BASE_IMAGE`,
    lessons with its form of the images' names.

    Raises:
        StateError: a file cannot be written.
    """
    from labs.base import documents

    path = settings.sandbox / "workspace.json"
    written = _read_manifest(path)
    before = dict(written)
    for folder in FOLDERS:
        for source in _files(CLONE / folder):
            name = str(source.relative_to(CLONE))
            content = _content(source, settings)
            target = settings.work / name
            wanted = _mark(name, content)
            if _may_write(target, written.get(name), wanted):
                _write(target, content, source)
            if target.exists():
                written.setdefault(name, "")
                if _mark(name, target.read_bytes()) == wanted:
                    written[name] = wanted
                    _open_to_readers(target, settings.work)
    if written != before:
        documents.write(path, dict(sorted(written.items())))


def _may_write(target: Path, kit_wrote: str | None, wanted: str) -> bool:
    if not target.exists():
        return kit_wrote is None
    content = target.read_bytes()
    current = _mark(target.name, content)
    # The kit's earlier versions remembered a notebook whole.
    return current != wanted and kit_wrote in (current, _digest(content))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and path.suffix != ".whl"
            and not any(part in SKIPPED for part in path.relative_to(CLONE).parts)
        ):
            yield path


def _content(source: Path, settings: Settings) -> bytes:
    content = source.read_bytes()
    if "Dockerfile" in source.name:
        return BASE_ARGUMENT.sub(rf"\g<1>{settings.base_image}", content.decode("utf-8")).encode()
    return _as_learner_starts(content, settings) if source.suffix == ".ipynb" else content


def recover(settings: Settings, name: str) -> Path | None:
    """A file of the working copies as the kit has it; returns where what was there is kept, None where nothing was.

    Args:
        name: its path below the working copies, which is the clone's.

    Raises:
        StateError: it cannot be written.
    """
    target, kept = settings.work / name, None
    if target.exists():
        places = (target.with_name(f"{target.stem}.meu-{number}{target.suffix}") for number in itertools.count(1))
        kept = next(place for place in places if not place.exists())
        _write(kept, target.read_bytes(), target)
    content = _content(CLONE / name, settings)
    _write(target, content, CLONE / name)
    _open_to_readers(target, settings.work)
    _remember(settings, name, content)
    return kept


def _remember(settings: Settings, name: str, content: bytes) -> None:
    from labs.base import documents

    path = settings.sandbox / "workspace.json"
    documents.write(path, dict(sorted({**_read_manifest(path), name: _mark(name, content)}.items())))


def _mark(name: str, content: bytes) -> str:
    """What tells a changed file from one as the kit wrote it. Of a notebook the texts and the code alone: a lesson that
    was only opened has outputs, and is not changed.
    """
    if not name.endswith(".ipynb"):
        return _digest(content)
    try:
        cells = json.loads(content)["cells"]
        told = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (ValueError, KeyError, TypeError):
        return _digest(content)
    return _digest(json.dumps(told).encode())


def _as_learner_starts(content: bytes, settings: Settings) -> bytes:
    """A notebook as its learner starts it: the stored outputs are proofs of another run, not of theirs; a slip of a
    key neither deletes nor edits the lesson's own cells; and its texts name images as this lab does.
    """
    from labs.course import target_words

    book = json.loads(content)
    for cell in book.get("cells", []):
        cell["metadata"] = {**cell.get("metadata", {}), "deletable": False, "editable": False}
        if cell.get("cell_type") == "code":
            cell |= {"outputs": [], "execution_count": None}
        else:
            told = target_words.prose("".join(cell["source"]), settings)
            cell["source"] = told.splitlines(keepends=True)
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()


def _write(target: Path, content: bytes, source: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        shutil.copymode(source, target)
    except OSError as error:
        raise StateError(
            "Não consegui gravar a cópia de trabalho.", f"{target}: {error.strerror}", f"df -h '{target.parent}'"
        ) from error


def _open_to_readers(target: Path, top: Path) -> None:
    """An image gets files with the modes that they have here, and a container's user is not root: with a umask of 077
    (in this shell, or where the clone was made) its program could not read itself. The state folder stays closed.
    """
    for path in (target, *(folder for folder in target.parents if folder.is_relative_to(top))):
        mode = path.stat().st_mode & 0o777
        wanted = mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044)
        if mode != wanted:
            path.chmod(wanted)


def _read_manifest(path: Path) -> dict[str, str]:
    from labs.base import documents

    try:
        return documents.read(path, dict[str, str])
    except (OSError, documents.Damaged):
        return {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def ensure_wheels(settings: Settings, report: Callable[[str], None]) -> None:
    """Fill `wheels/` of the learner's copy, so that `docker build` needs no network; downloads once. The clone's own
    gets them too, where it can be written: a build there is the same command.

    Raises:
        MissingDependency: the packages cannot be downloaded.
    """
    store = fetch_wheels(settings, report)
    _put_wheels(store, settings.work / "widget-server" / "wheels")
    with contextlib.suppress(OSError):
        _put_wheels(store, CLONE / "widget-server" / "wheels")


def _put_wheels(store: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    wanted = {wheel.name for wheel in store.iterdir()}
    for wheel in sorted(wanted - {path.name for path in target.iterdir()}):
        shutil.copyfile(store / wheel, target / wheel)
    for path in target.glob("*.whl"):
        if path.name not in wanted:  # of an older requirements.txt: it would only make the build context bigger
            path.unlink()


def fetch_wheels(settings: Settings, report: Callable[[str], None]) -> Path:
    """The folder with widget-server's wheels, downloaded where there is none yet.

    Raises:
        MissingDependency: the packages cannot be downloaded.
    """
    requirements = CLONE / "widget-server" / "requirements.txt"
    store = registry_program.cache(settings) / f"wheels-{_digest(requirements.read_bytes())[:12]}"
    if not store.is_dir():
        report("Baixando as dependências do widget-server (uma vez; depois o build não usa rede) …")
        _download(requirements, store)
    return store


def _download(requirements: Path, store: Path) -> None:
    partial = store.with_name(f".{store.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(partial)]
    answer = subprocess.run(
        [*command, "-r", str(requirements)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if answer.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        errors = [line for line in answer.stderr.splitlines() if "ERROR" in line]
        raise MissingDependency(
            "Não consegui baixar as dependências do widget-server.",
            (errors or answer.stderr.strip().splitlines() or ["sem mensagem"])[-1],
            "Confira a rede e repita: python3 -m labs up",
        )
    partial.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(store, ignore_errors=True)
    partial.replace(store)

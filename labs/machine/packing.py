"""Writes the pack: one file with the kit and all that a first start would download (`labs/machine/pack.py` reads it).

It is for machines like the one that writes it: the same processor, the same Python, the same release of Debian or
Ubuntu. What was downloaded stays in the cache, so that a second pack downloads nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from labs.base import apt
from labs.base.errors import StateError
from labs.base.events import Report
from labs.base.settings import CLONE, Settings
from labs.base.text import size
from labs.machine import environment, installer, pack
from labs.sandbox import base_image, registry_program, workspace

ROOTS = ("docker.io", "curl", "iproute2")
"""System packages that a start may have to install; Python's own `venv` package comes with its version."""
WITHOUT = ("usrmerge", "install-info", "mailcap")
"""Other ways to what a system already has, each with a whole Perl behind it."""
LEFT_OUT = (".git", ".venv", ".venv.lock", "pack", "artifacts", "__pycache__", "node_modules")
"""Of the clone: what is made on each machine anew."""
TOP = "registry-labs"
"""The folder that the file unpacks to."""
QUICK = 1
"""gzip's level: nearly all of it is compressed already."""


def default_name(version: str) -> str:
    """The pack's file name where the person gives none: the kit's version, and what it is for."""
    here = pack.Contents.here()
    return f"{TOP}-{version}-{here.machine}-python{here.python}.tar.gz"


def write(settings: Settings, target: Path, report: Report) -> Path:
    """Write the pack, and beside it its SHA-256 as `sha256sum` reads it (`FILE.sha256`).

    Returns:
        The file with the hash.

    Raises:
        MissingDependency: something cannot be downloaded.
        StateError: the disk is full, or the folder cannot be written.
    """
    cache = registry_program.cache(settings)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pack-", dir=target.parent) as scratch:
            folder = Path(scratch, "pack")
            _collect(settings, cache, folder, report)
            report("Gravando …")
            partial = Path(scratch, "pack.tar.gz")
            _write_tar(folder, partial)
            digest = pack.digest_of(partial)
            partial.replace(target)
        told = target.with_name(f"{target.name}.sha256")
        told.write_text(f"{digest}  {target.name}\n", "utf-8")
        return told
    except OSError as error:
        raise StateError(
            "Não consegui gravar o pacote.", f"{error.filename or target}: {error.strerror}", f"df -h '{target.parent}'"
        ) from error


def _collect(settings: Settings, cache: Path, folder: Path, report: Report) -> None:
    """Fill the pack's folder with what `pack.use` points to, and its list."""
    wheels = fetch_wheels(cache, report)
    debs = fetch_debs(cache, report) if apt.has_apt() else None
    archive = base_image.build_archive(settings, report)
    registry_program.registry_program(settings, report)
    app = workspace.fetch_wheels(settings, report)
    shutil.copytree(wheels, folder / pack.WHEELS)
    if debs:
        shutil.copytree(debs, folder / pack.DEBS)
    kept = folder / pack.CACHE
    shutil.copytree(app, kept / app.name)
    shutil.copy2(archive, kept / archive.name)
    (kept / "debs").mkdir()
    for package in _registry_package(cache, report):
        shutil.copy2(package, kept / "debs" / package.name)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {str(path.relative_to(folder)): pack.digest_of(path) for path in files}
    here = pack.Contents.here()
    replace(here, system=here.system if debs else "", files=digests).write(folder)
    total = sum(path.stat().st_size for path in files)
    report(f"{len(list(wheels.iterdir()))} pacotes Python, a imagem base, o registry, {_count(debs)}: {size(total)}.")


def _count(debs: Path | None) -> str:
    return f"{len(list(debs.glob('*.deb')))} pacotes do sistema" if debs else "nenhum pacote do sistema (não há apt)"


def _registry_package(cache: Path, report: Report) -> list[Path]:
    """The registry's package, also where this machine has the program installed and never fetched it."""
    held = sorted((cache / "debs").glob(f"{registry_program.PACKAGE}_*.deb"))
    if held or not apt.has_apt():
        return held
    return apt.download([registry_program.PACKAGE], cache / "debs", report)


def fetch_wheels(cache: Path, report: Report) -> Path:
    """The folder with the packages of both locks, for this machine and this Python; downloaded where there is none.

    Raises:
        MissingDependency: they cannot be downloaded.
    """
    locks = (installer.UV_LOCK, environment.REQUIREMENTS)
    mark = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:12]
    store = cache / f"pack-wheels-{pack.Contents.here().python}-{mark}"
    return _filled(store, lambda folder: installer.download(locks, folder), "os pacotes Python (100 MB)", report)


def fetch_debs(cache: Path, report: Report) -> Path:
    """The folder with the system's packages that a machine without Docker lacks, and all that they need but what each
    Debian has; downloaded where there is none.

    Raises:
        MissingDependency: they cannot be downloaded.
    """
    here = pack.Contents.here()
    store = cache / f"pack-debs-{here.system.replace(' ', '-')}"

    def download(folder: Path) -> None:
        names = apt.dependencies((*ROOTS, f"python{here.python}-venv"), WITHOUT.__contains__, report)
        everywhere = apt.required(names)
        apt.download([name for name in names if name not in everywhere], folder, report)
        apt.write_index(folder)

    return _filled(store, download, "os pacotes do sistema (70 MB)", report)


def _filled(store: Path, fill: Callable[[Path], None], what: str, report: Report) -> Path:
    """A folder of the cache, filled where it is not there yet: whole, or not at all."""
    if store.is_dir():
        return store
    report(f"Baixando {what} …")
    partial = store.with_name(f".{store.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    fill(partial)
    return partial.rename(store)


def _write_tar(folder: Path, target: Path) -> None:
    """The kit as it stands here, and the pack in it; owned by nobody in particular."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return None if Path(member.name).name in LEFT_OUT else member

    with gzip.open(target, "wb", compresslevel=QUICK) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
        for path in sorted(CLONE.iterdir()):
            tar.add(path, f"{TOP}/{path.name}", filter=plain)
        for path in sorted(folder.rglob("*")):
            tar.add(path, f"{TOP}/pack/{path.relative_to(folder)}", recursive=False)

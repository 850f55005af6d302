"""Docker engines newer than the system's, for the tests: Debian's packages, unpacked into the cache, never installed.

Debian's `dockerd`, `containerd` and `docker` ask for glibc 2.34 and no library that Debian 12 lacks, so they run as
they are; `runc` asks for a newer one, so containers are started by the system's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from labs.base import apt
from labs.base.errors import MissingDependency
from labs.base.events import Report

SUITES = ("trixie", "sid")
"""Debian's current stable, and the newest that it has."""
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd")
PROGRAMS = ("sbin/dockerd", "sbin/docker-proxy", "bin/docker", "bin/containerd", "bin/containerd-shim-runc-v2")
PLUGINS = ("docker-buildx", "docker-compose")
MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def fetch(suite: str, cache: Path, report: Report) -> Path:
    """The folder with a suite's programs, the client's plugins in its `cli-plugins`; from the cache when it is there.

    Raises:
        MissingDependency: this is no Debian, or its mirror does not answer.
    """
    folder = cache / f"docker-{suite}"
    if folder.is_dir():
        return folder
    if not (apt.has_apt() and KEYRING.is_file()):
        raise MissingDependency(f"O Docker do Debian {suite} só se obtém num Debian.", str(KEYRING), "apt-get update")
    report(f"Baixando o Docker do Debian {suite}, para os testes (cerca de 90 MB) …")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="docker-") as scratch:
        root = Path(scratch, "root")
        options = _private_state(suite, Path(scratch, "apt"))
        apt.refresh(options)
        for package in apt.download(PACKAGES, Path(scratch, "debs"), report, options):
            apt.unpack(package, root)
        _gather(root / "usr", Path(scratch, "programs")).replace(folder)
    return folder


def _private_state(suite: str, state: Path) -> Sequence[str]:
    """apt's options for a suite that is not the system's: lists of its own, the system's stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    (state / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
    places = {
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Dir::Etc::SourceList": state / "sources.list",
        "Dir::Etc::SourceParts": os.devnull,
    }
    return [word for name, place in places.items() for word in ("-o", f"{name}={place}")]


def _gather(usr: Path, folder: Path) -> Path:
    """What is needed of the packages, in one folder."""
    plugins = folder / "cli-plugins"
    plugins.mkdir(parents=True)
    for name in PROGRAMS:
        shutil.move(usr / name, folder)
    for name in PLUGINS:
        shutil.move(usr / "libexec" / "docker" / "cli-plugins" / name, plugins)
    return folder

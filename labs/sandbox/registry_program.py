"""The registry program: from the PATH, else taken out of Debian's package without installing it.

Installing the package would start a service on port 5000 of the learner's machine; taking its one file out does not,
and needs no root.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from labs.base import apt
from labs.base.errors import MissingDependency
from labs.base.settings import Settings

PACKAGE = "docker-registry"


def cache(settings: Settings) -> Path:
    """Downloads that may be reused; `LABS_CACHE` shares them between several labs of one machine."""
    if chosen := os.environ.get("LABS_CACHE"):
        return Path(chosen).expanduser().absolute()
    return settings.sandbox / "cache"


def registry_program(settings: Settings, report: Callable[[str], None]) -> Path:
    """The registry's program, fetched at first use.

    Raises:
        MissingDependency: it is not there and cannot be fetched.
    """
    unpacked = settings.sandbox / "tools" / PACKAGE / "usr" / "bin" / PACKAGE
    if unpacked.is_file():
        return unpacked
    if installed := shutil.which(PACKAGE):
        return Path(installed)
    if not apt.has_apt():
        raise MissingDependency(
            "Falta o programa docker-registry (CNCF Distribution).",
            "não está no PATH, e este sistema não tem apt para buscá-lo",
            "Instale a CNCF Distribution 2.8 ou mais nova como docker-registry no PATH e repita: python3 -m labs up",
        )
    folder = cache(settings) / "debs"
    packages = sorted(folder.glob(f"{PACKAGE}_*.deb"))
    if not packages:
        report("Baixando o registry (pacote docker-registry, 5 MB) …")
        packages = apt.download([PACKAGE], folder, report)
    partial = settings.sandbox / "tools" / f".{PACKAGE}.{os.getpid()}"
    apt.unpack(packages[-1], partial)
    target = settings.sandbox / "tools" / PACKAGE
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return unpacked

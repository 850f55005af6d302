"""From a bare clone to the kit's own environment: standard library only, Python 3.11 or newer.

The environment is `.venv` in the clone (`LABS_VENV` names another place). A stamp in it says for which requirements and
which Python it was made, so that a second start does nothing. Afterwards the same command runs again inside it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from labs.base import apt
from labs.base.errors import MissingDependency, StateError
from labs.base.events import Report
from labs.base.files import lock_file, locked_within
from labs.base.foreign import HOME_OF_PYTHON
from labs.base.settings import CLONE
from labs.machine import installer, scripts

REQUIREMENTS = CLONE / "requirements.txt"
TEST_REQUIREMENTS = CLONE / "tests" / "requirements.txt"
STAMP = "labs-stamp"
TEST_STAMP = "labs-stamp-tests"
LOG = "labs-install.log"
LAYOUT = "2"
"""Changes when what `install` does to the environment changes."""
LOCK_SECONDS = 1800.0


def folder() -> Path:
    """Where the environment is, or will be."""
    chosen = os.environ.get("LABS_VENV")
    return Path(chosen).expanduser().absolute() if chosen else CLONE / ".venv"


def python() -> Path:
    """The environment's Python."""
    return folder() / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def is_inside() -> bool:
    """Whether this process already runs in it."""
    return Path(sys.prefix).resolve() == folder().resolve()


def wanted_stamp(requirements: Path | None = None) -> str:
    """Names requirements, this process's Python version and the layout."""
    digest = hashlib.sha256((requirements or REQUIREMENTS).read_bytes()).hexdigest()[:16]
    return f"{LAYOUT} {sys.version_info.major}.{sys.version_info.minor} {digest}"


def is_ready(*, tests: bool = False) -> bool:
    """Whether the environment was made for these requirements (and the tests' own) and its Python still runs."""
    ready = _stamp(STAMP) == wanted_stamp() and python().exists()
    return ready and (not tests or _stamp(TEST_STAMP) == wanted_stamp(TEST_REQUIREMENTS))


def _stamp(name: str) -> str:
    try:
        return (folder() / name).read_text("utf-8")
    except OSError:
        return ""


def ensure(report: Report, *, agree: Callable[[str], bool], tests: bool = False) -> None:
    """Make the environment, if it is not there yet; meanwhile another process fetches what the first `up` needs.

    Args:
        agree: asked before a system package is installed.
        tests: with what the tests need.

    Raises:
        MissingDependency: no network, no pip, or a package of the system is missing.
        StateError: the folder cannot be written, its name cannot stand on a PATH, or the disk is full.
    """
    if is_ready(tests=tests):
        return
    _check_name()
    with _locked(report):
        if is_ready(tests=tests):  # the other start made it
            return
        began = time.monotonic()
        if not python().exists():
            _create(report, agree)
        with contextlib.nullcontext() if tests else _fetching_ahead():
            installer.install(TEST_REQUIREMENTS if tests else REQUIREMENTS, python(), folder() / LOG, report)
        scripts.mend(python().parent)
        (folder() / STAMP).write_text(wanted_stamp(), "utf-8")
        if tests:
            (folder() / TEST_STAMP).write_text(wanted_stamp(TEST_REQUIREMENTS), "utf-8")
        report(f"Ambiente Python pronto em {time.monotonic() - began:.0f} s: {folder()}")


def _check_name() -> None:
    for place in (CLONE, folder()):
        if os.pathsep in str(place):
            raise StateError(
                f"O nome de uma pasta tem “{os.pathsep}”, que separa pastas no PATH: nenhum programa seria achado ali.",
                str(place),
                f"mv '{place}' … com outro nome, e repita ali: python3 -m labs start",
            )


@contextlib.contextmanager
def _fetching_ahead() -> Iterator[None]:
    """Run `labs.sandbox.fetch` beside; in a process of its own, so that it ends at once where the installation fails.

    It takes the Python that has pip.
    """
    command = [sys.executable if installer.has_pip() else str(python()), "-m", "labs.sandbox.fetch"]
    process = subprocess.Popen(command, cwd=CLONE, env=os.environ | installer.FOR_PIP, stdin=subprocess.DEVNULL)
    try:
        yield
        process.wait()
    finally:
        process.terminate()
        process.wait()


def rerun_inside(arguments: list[str]) -> None:
    """Replace this process with the same command inside the environment; returns at once when already there."""
    if is_inside() or not python().exists():
        return
    # Other folders on PYTHONPATH would win over the environment's own packages (ROS has a whole Python there).
    environment = os.environ | {"PYTHONPATH": str(CLONE)}
    environment.pop(HOME_OF_PYTHON, None)
    environment.pop("__PYVENV_LAUNCHER__", None)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # uv compiles nothing: every process would compile again
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(python(), [str(python()), "-m", "labs", *arguments], environment)


@contextlib.contextmanager
def _locked(report: Report) -> Iterator[None]:
    """One installation at a time."""
    path = folder().with_name(f"{folder().name}.lock")
    try:
        lock_file(path).close()
    except StateError as error:
        raise StateError(
            "O ambiente Python não pode ser criado nesta pasta.",
            error.observed,
            'export LABS_VENV="$HOME/.cache/registry-labs-venv" && python3 -m labs start',
        ) from error

    def say() -> None:
        report("Outro start está instalando o ambiente; esperando ele terminar …")

    with locked_within(path, LOCK_SECONDS, "a outra instalação terminar", say=say):
        yield
        path.unlink(missing_ok=True)


def _create(report: Report, agree: Callable[[str], bool]) -> None:
    report(f"Criando o ambiente Python em {folder()} …")
    bare = installer.has_pip()  # then the environment's own comes from the lock, which spares some seconds
    if importlib.util.find_spec("venv") is None or not (bare or importlib.util.find_spec("ensurepip")):
        _install_venv_package(report, agree)
    command = [sys.executable, "-m", "venv", *(["--without-pip"] if bare else []), str(folder())]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode != 0:
        shutil.rmtree(folder(), ignore_errors=True)
        said = (answer.stderr or answer.stdout).strip().splitlines()
        raise MissingDependency(
            "Não consegui criar o ambiente Python.",
            said[-1] if said else f"código {answer.returncode}",
            " ".join(command),
        )


def _install_venv_package(report: Report, agree: Callable[[str], bool]) -> None:
    """Debian and Ubuntu ship Python without the part that makes environments."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not apt.has_apt() or not sys.executable.startswith("/usr/"):
        raise MissingDependency(
            "Este Python não tem os módulos venv e ensurepip.",
            sys.executable,
            "Instale o Python completo de python.org (3.11 ou mais novo) e repita: python3 -m labs start",
        )
    if not agree(f"Falta o pacote do sistema {package}. Instalar agora?"):
        raise MissingDependency(
            f"Falta o pacote do sistema {package}.", "ensurepip: ausente", apt.install_command([package])
        )
    apt.install([package], report)
    importlib.invalidate_caches()

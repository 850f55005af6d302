"""From a bare clone to the kit's own environment: standard library only, Python 3.11 or newer.

The environment is `.venv` in the clone (`LABS_VENV` names another place). A stamp in it says for which requirements and
which Python it was made, so that a second start does nothing. Afterwards the same command runs again inside it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labs.base import apt
from labs.base.errors import LabError, MissingDependency, StateError
from labs.base.files import lock_file, locked_within
from labs.base.settings import CLONE

Report = Callable[[str], None]
REQUIREMENTS = CLONE / "requirements.txt"
TEST_REQUIREMENTS = CLONE / "tests" / "requirements.txt"
STAMP = "labs-stamp"
TEST_STAMP = "labs-stamp-tests"
LAYOUT = "1"
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


def is_ready() -> bool:
    """Whether the environment was made for these requirements and its Python still runs."""
    return _stamp(STAMP) == wanted_stamp() and python().exists()


def _stamp(name: str) -> str:
    try:
        return (folder() / name).read_text("utf-8")
    except OSError:
        return ""


def ensure_tests(report: Report) -> None:
    """Add what only the tests need (`tests/requirements.txt`) to an environment that is ready.

    Raises:
        MissingDependency: no network, or pip refused.
    """
    wanted = wanted_stamp(TEST_REQUIREMENTS)
    if _stamp(TEST_STAMP) == wanted:
        return
    with _locked(report):
        _install(TEST_REQUIREMENTS, report)
        (folder() / TEST_STAMP).write_text(wanted, "utf-8")


def ensure(report: Report, *, agree: Callable[[str], bool]) -> None:
    """Make the environment, if it is not there yet.

    Args:
        agree: asked before a system package is installed.

    Raises:
        MissingDependency: no network, no pip, or a package of the system is missing.
        StateError: the folder cannot be written.
    """
    if is_ready():
        return
    with _locked(report):
        if is_ready():  # the other start made it
            return
        began = time.monotonic()
        if not python().exists():
            _create(report, agree)
        _install(REQUIREMENTS, report)
        _drop_setuptools()
        _compress_models(report)
        (folder() / STAMP).write_text(wanted_stamp(), "utf-8")
        report(f"Ambiente Python pronto em {time.monotonic() - began:.0f} s: {folder()}")


def rerun_inside(arguments: list[str]) -> None:
    """Replace this process with the same command inside the environment; returns at once when already there."""
    if is_inside() or not python().exists():
        return
    environment = dict(os.environ)
    paths = [str(CLONE), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    environment.pop("__PYVENV_LAUNCHER__", None)
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
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        _install_venv_package(report, agree)
    command = [sys.executable, "-m", "venv", str(folder())]
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


def _install(requirements: Path, report: Report) -> None:
    """`pip install -r`, each package named as it comes; the whole output stays in a log."""
    lines = requirements.read_text("utf-8").splitlines()
    count = sum(1 for line in lines if "==" in line)
    report(f"Instalando {count} pacotes (primeira vez: 1 a 3 minutos) …")
    log = folder() / "labs-pip.log"
    command = [str(python()), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "-r", str(requirements)]
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            _show_progress(line, report)
    if process.returncode != 0:
        raise _pip_failed(log)


def _show_progress(line: str, report: Report) -> None:
    word, _, rest = line.strip().partition(" ")
    if word == "Collecting":
        name = rest.split(" ")[0]
        if sys.stdout.isatty():
            print(f"\r  {name:<60.60}", end="\r", flush=True)
    elif line.startswith("Installing collected"):
        report(f"  gravando {line.count(',') + 1} pacotes …")


def _pip_failed(log: Path) -> LabError:
    text = log.read_text("utf-8", errors="replace")
    errors = [line for line in text.splitlines() if line.startswith("ERROR")] or text.splitlines()[-1:]
    observed = "\n".join(errors[-3:]) + f"\nRegistro completo: {log}"
    if "No space left" in text:
        return StateError(
            "O disco está cheio: os requisitos não couberam (cerca de 450 MB).", observed, f"df -h '{folder()}'"
        )
    if any(
        hint in text
        for hint in ("NewConnectionError", "Temporary failure", "ConnectionError", "Max retries", "timed out")
    ):
        return MissingDependency(
            "Não consegui baixar os requisitos: a rede ou o índice de pacotes não respondeu.",
            observed,
            "python3 -m pip download --no-deps --dest /tmp pip   (quando funcionar, repita: python3 -m labs start)",
        )
    return MissingDependency("O pip não conseguiu instalar os requisitos.", observed, f"tail -n 30 '{log}'")


def _drop_setuptools() -> None:
    """`venv` before Python 3.12 installs it; nothing here uses it (7 MB)."""
    command = [str(python()), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"]
    subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def _compress_models(report: Report) -> None:
    """Gzip botocore's service models: 149 MB of JSON become 20 MB.

    botocore's loader reads `.json.gz` as well as `.json` (botocore/loaders.py, `JSONFileLoader`), and its own
    package ships most models that way; the copy inside the AWS CLI does not.
    """
    packages = next(folder().glob("lib/python3.*/site-packages"), None) or folder() / "Lib" / "site-packages"
    models = [path for data in ("awscli/botocore/data", "botocore/data") for path in (packages / data).rglob("*.json")]
    # The loader finds a service by its api version folder; the few files beside the services are read by exact name.
    models = [path for path in models if path.parent.name != "data"]
    if not models:
        return
    report("Compactando os modelos da AWS CLI …")
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as workers:  # zlib works outside Python's lock
        list(workers.map(_compress, models))


def _compress(path: Path) -> None:
    target = path.with_name(f"{path.name}.gz")
    partial = path.with_name(f".{path.name}.gz.partial")
    partial.write_bytes(gzip.compress(path.read_bytes(), 6, mtime=0))
    partial.replace(target)
    path.unlink()

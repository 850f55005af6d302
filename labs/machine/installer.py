"""Installs a lock into an environment: by uv, which bare Python's pip brings; where uv is not to be had, by pip.

Both read the same lock with the same hashes (`pyproject.toml` says how it is derived). Companies set their index and
certificates for pip, of which uv reads nothing (docs.astral.sh/uv/pip/compatibility), so that is translated; uv's own
files, and the Pythons that it would download, stay out. Standard library only.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from labs.base.errors import LabError, MissingDependency, StateError
from labs.base.events import Report

UV_LOCK = Path(__file__).with_name("uv.txt")
NO_NETWORK = ("NewConnectionError", "Temporary failure", "ConnectionError", "Max retries", "timed out")
"""pip's words."""
PIP_OPTIONS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
"""pip's option (pip.pypa.io/en/stable/cli/pip_install) and the variable in which uv reads the same."""
FOR_PIP = {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
"""A person's pip may refuse to work outside an environment, or install for the user only: not what is done here."""


def download(locks: Sequence[Path], folder: Path) -> None:
    """Fetch the wheels of locks for this Python and this machine, each compared with its hash.

    Raises:
        MissingDependency: one cannot be had.
    """
    words = ["download", "--quiet", "--only-binary", ":all:", "--require-hashes", "--no-deps", "--dest", str(folder)]
    with tempfile.TemporaryDirectory() as scratch:
        for number, text in enumerate(text for lock in locks for text in of_every_release(lock.read_text("utf-8"))):
            path = Path(scratch, f"{number}.txt")
            path.write_text(text, "utf-8")
            command = [sys.executable, "-m", "pip", *words, "-r", str(path)]
            answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            if answer.returncode != 0:
                said = [line for line in answer.stderr.splitlines() if "ERROR" in line]
                what = "Não consegui baixar os pacotes Python para o pacote: confira a rede."
                raise MissingDependency(what, (said or [f"código {answer.returncode}"])[-1], "python3 -m labs pack")


def of_every_release(lock: str) -> list[str]:
    """The lock, and each of its packages again that is for some releases of a Python alone (3.11.4 and not 3.11.5):
    whoever installs from the wheels may have another release than who fetched them.
    """
    entries = re.findall(r"^\S+==[^\n]*\n(?:    [^\n]*\n)*", lock, re.MULTILINE)
    released = [entry for entry in entries if re.search(r"python_full_version \S+ '\d+\.\d+\.", entry)]
    return [lock, *(re.sub(r" ; python_full_version \S+ '[\d.]+'", "", entry, count=1) for entry in released)]


def has_pip() -> bool:
    """Whether this Python brings its own pip; Debian's may not."""
    return importlib.util.find_spec("pip") is not None


def install(lock: Path, python: Path, log: Path, report: Report) -> None:
    """Install a lock's packages for that Python; an installer's whole output stays in its log, uv's beside pip's.

    Raises:
        MissingDependency: no network, or both installers refused.
        StateError: the disk is full.
    """
    count = sum(1 for line in lock.read_text("utf-8").splitlines() if "==" in line and ";" not in line)
    report(f"Instalando {count} pacotes Python …")
    if not _by_uv(lock, python, log.with_stem(f"{log.stem}-uv"), report):
        report("Sem o uv, quem instala é o pip (1 a 3 minutos) …")
        _by_pip(lock, python, log, report)


def _by_uv(lock: Path, python: Path, log: Path, report: Report) -> bool:
    """Whether uv did it. What pip could not do either is raised at once: bringing uv without a network, a full disk."""
    pip = [sys.executable if has_pip() else str(python), "-m", "pip"]
    log.write_bytes(b"")
    with tempfile.TemporaryDirectory(dir=python.parents[1], prefix="labs-uv-") as folder:
        fetch = [*pip, "install", "--progress-bar", "off", "--only-binary", ":all:", "--require-hashes"]
        if not _run([*fetch, "--target", folder, "-r", str(UV_LOCK)], os.environ | FOR_PIP, log, lambda _: None):
            if error := disk_full(log) or no_network(log):
                raise error
            return False
        options = pip_options(pip)
        command = [f"{folder}/bin/uv", "pip", "install", "--python", str(python), "--require-hashes", "-r", str(lock)]
        done = _run([*command, *uv_flags(options)], uv_environment(options, os.environ), log, report)
    if not done and (error := disk_full(log)):
        raise error
    return done


def _by_pip(lock: Path, python: Path, log: Path, report: Report) -> None:
    if subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        subprocess.run([str(python), "-m", "ensurepip"], capture_output=True, check=False)
    log.write_bytes(b"")
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--no-compile", "--require-hashes"]
    if not _run([*command, "-r", str(lock)], os.environ | FOR_PIP, log, report):
        raise failure(log)


def _run(command: Sequence[str], environment: Mapping[str, str], log: Path, report: Report) -> bool:
    """Run an installer, its output in the log and each package named as it comes; whether it succeeded."""
    with log.open("a", encoding="utf-8") as file:
        try:
            process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except OSError as error:
            file.write(f"ERROR: {error}\n")
            return False
        with process:
            for line in process.stdout or ():
                file.write(line)
                _show_progress(line, report)
    return process.returncode == 0


def _show_progress(line: str, report: Report) -> None:
    word, _, rest = line.strip().partition(" ")
    if word in ("Collecting", "Downloading", "Downloaded"):
        if sys.stdout.isatty():
            print(f"\r  {rest.split(' ')[0]:<60.60}", end="\r", flush=True)
    elif word == "Prepared":  # uv: all are downloaded
        report(f"  gravando {rest.split(' ')[0]} pacotes …")
    elif line.startswith("Installing collected"):
        report(f"  gravando {line.count(',') + 1} pacotes …")


def pip_options(pip: Sequence[str]) -> dict[str, str]:
    """What pip is configured with, by option: its files' `[global]`, then `[install]`, then `PIP_*` over them."""
    answer = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    found = {}
    for section in ("global.", "install.", ":env:."):
        for line in answer.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = str(ast.literal_eval(value))
    return found


def uv_flags(options: Mapping[str, str]) -> list[str]:
    """What pip's configuration says and uv has no variable for: that no index is asked."""
    return ["--no-index"] if options.get("no-index", "off").lower() not in ("0", "false", "no", "off") else []


def uv_environment(options: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for uv: pip's configuration, and over it the `UV_*` that the person set on purpose."""
    own = {"UV_SYSTEM_CERTS": "1", "UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip; the hashes make it safe
    if "UV_CONFIG_FILE" not in environ:
        own["UV_NO_CONFIG"] = "1"
    for option, variable in PIP_OPTIONS.items():
        values = options.get(option, "").split()
        if values and not (uv_flags(options) and variable in ("UV_DEFAULT_INDEX", "UV_INDEX")):
            own[variable] = ("," if option == "find-links" else " ").join(values)
    if any(name.startswith("UV_") and ("INDEX" in name or name == "UV_FIND_LINKS") for name in environ):
        own = {name: value for name, value in own.items() if "INDEX" not in name and name != "UV_FIND_LINKS"}
    return own | dict(environ) | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def disk_full(log: Path) -> LabError | None:
    """The error to raise when an installer's log says so."""
    if "No space left" not in log.read_text("utf-8", errors="replace"):
        return None
    what = "O disco está cheio: os requisitos não couberam (cerca de 450 MB)."
    return StateError(what, _observed(log), f"df -h '{log.parent}'")


def no_network(log: Path) -> LabError | None:
    """The error to raise when pip's log says so."""
    if not any(hint in log.read_text("utf-8", errors="replace") for hint in NO_NETWORK):
        return None
    return MissingDependency(
        "Não consegui baixar os requisitos: a rede ou o índice de pacotes não respondeu.",
        _observed(log),
        "python3 -m pip download --no-deps --dest /tmp pip   (quando funcionar, repita: python3 -m labs start)",
    )


def failure(log: Path) -> LabError:
    """The error of pip, the last to try."""
    what = "O pip não conseguiu instalar os requisitos."
    return disk_full(log) or no_network(log) or MissingDependency(what, _observed(log), f"tail -n 30 '{log}'")


def _observed(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").splitlines()
    errors = [line.strip() for line in lines if line.startswith(("ERROR", "error:", "  cause:"))] or lines[-1:]
    return "\n".join(errors[-3:]) + f"\nRegistro completo: {log}"

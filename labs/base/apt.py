"""Debian's package tools: installing what is missing, and fetching single packages without installing them.

Standard library only: `labs/machine/` uses it before the environment exists.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from labs.base.errors import MissingDependency, SandboxError
from labs.base.events import Report
from labs.base.wait import Look, until

LISTS_LOCK_PATIENCE = 120.0
UNAVAILABLE = ("Unable to locate package", "has no installation candidate", "404  Not Found", "Can't select candidate")
AS_ROOT = ("-o", "APT::Sandbox::User=root")
CARRIED = "LABS_DEBS"
"""Environment variable: a folder of `.deb` files that were carried along, to install from without a network."""
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def has_apt() -> bool:
    """Whether this is Debian, Ubuntu or a relative."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def root_prefix() -> list[str] | None:
    """What comes before a command that needs root: nothing, `sudo`, or None when neither is possible."""
    if os.geteuid() == 0:
        return []
    return ["sudo"] if shutil.which("sudo") else None


def install_command(packages: Sequence[str]) -> str:
    """The exact command for a person to type."""
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: Sequence[str], report: Report) -> None:
    """Install packages; refreshes the package lists only when a package is not found.

    Raises:
        MissingDependency: no right to install, no network, or the package manager refused.
    """
    prefix = root_prefix()
    if prefix is None:
        raise MissingDependency(
            f"Faltam pacotes do sistema ({', '.join(packages)}), e só o root pode instalar.",
            "nem root, nem sudo",
            f"su -c '{install_command(packages).replace('sudo ', '')}'",
        )
    report(f"Instalando pacotes do sistema: {' '.join(packages)} …")
    command = [*prefix, *_with_environment(prefix), "apt-get", "install", "-y", "-q", "--no-install-recommends"]
    with _carried() as options:
        command += ["-o", "DPkg::Lock::Timeout=120", *options, *packages]
        answer = _run(command)
        if answer.returncode != 0 and _lists_are_old(answer) and not options:
            refresh_lists(report)
            answer = _run(command)
    if answer.returncode != 0:
        raise _failed(f"Não consegui instalar os pacotes {', '.join(packages)}.", answer, install_command(packages))


@contextlib.contextmanager
def _carried() -> Iterator[list[str]]:
    """apt's options for the carried packages as its only source; none where no packages were carried along.

    sources.list(5): a `file:` address with the packages' own index beside them.
    """
    folder = os.environ.get(CARRIED)
    if not folder:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="labs-apt-") as scratch:
        state = Path(scratch, "lists")
        (state / "partial").mkdir(parents=True)
        source = Path(scratch, "sources.list")
        source.write_text(f"deb [trusted=yes] file:{quote(folder)} ./\n", "utf-8")
        options = [*AS_ROOT, "-o", f"Dir::Etc::SourceList={source}", "-o", "Dir::Etc::SourceParts=-"]
        options += ["-o", f"Dir::State::Lists={state}"]
        prefix = root_prefix() or []
        answer = _run([*prefix, *_with_environment(prefix), "apt-get", "update", "-q", *options])
        if answer.returncode != 0:
            raise _failed("Não consegui ler os pacotes que vieram com o kit.", answer, f"ls -l '{folder}'")
        yield options
        _run([*prefix, "rm", "-rf", str(state)])  # what apt wrote as root


def write_index(folder: Path) -> None:
    """The index that lets apt take packages from a folder (`Packages`; Debian wiki, "DebianRepository/Format").

    Raises:
        MissingDependency: a file is no package.
    """
    entries = []
    for package in sorted(folder.glob("*.deb")):
        answer = _run(["dpkg-deb", "--field", str(package)])
        if answer.returncode != 0:
            raise _failed(f"Não consegui ler o pacote {package.name}.", answer, f"rm '{package}'")
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        placed = f"Filename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\n"
        entries.append(f"{answer.stdout.rstrip()}\n{placed}")
    (folder / "Packages").write_text("\n".join(entries), "utf-8")


def required(packages: Sequence[str]) -> frozenset[str]:
    """Those of these packages that every system of this release has (Debian policy 2.5, "Priorities": required and
    important).

    Raises:
        MissingDependency: apt does not know one of them.
    """
    answer = _run(["apt-cache", "show", "--no-all-versions", *packages])
    if answer.returncode != 0:
        raise _failed("O apt não conhece um dos pacotes do sistema.", answer, "apt-get update")
    told = (dict(re.findall(r"^(Package|Priority): (\S+)", one, re.MULTILINE)) for one in answer.stdout.split("\n\n"))
    return frozenset(one["Package"] for one in told if one.get("Priority") in ("required", "important"))


def refresh_lists(report: Report) -> None:
    """`apt-get update`, waiting for another package manager's lock.

    Raises:
        MissingDependency: no right, or no network.
    """
    prefix = root_prefix()
    if prefix is None:
        raise MissingDependency("As listas de pacotes do sistema estão velhas.", "", "sudo apt-get update")
    report("Atualizando as listas de pacotes do sistema (apt-get update) …")
    answers: list[subprocess.CompletedProcess[str]] = []

    def look() -> Look:
        answers.append(_run([*prefix, *_with_environment(prefix), "apt-get", "update", "-q"]))
        return Look("Could not get lock" not in answers[-1].stderr)

    with contextlib.suppress(SandboxError):
        # Another apt-get holds the lock: asking again costs a process, so not every 15 ms.
        until("outro gerenciador de pacotes terminar", look, LISTS_LOCK_PATIENCE, interval=1)
    if answers[-1].returncode != 0:
        raise _failed("Não consegui atualizar as listas de pacotes.", answers[-1], "apt-get update")


def refresh(options: Sequence[str]) -> None:
    """`apt-get update` of a private state, which `options` name (`-o Dir::State=…`).

    Raises:
        MissingDependency: no network.
    """
    answer = _run(["apt-get", "update", "-q", *AS_ROOT, *options])
    if answer.returncode != 0:
        raise _failed("Não consegui ler as listas de pacotes.", answer, "apt-get update")


def download(packages: Sequence[str], folder: Path, report: Report, options: Sequence[str] = ()) -> list[Path]:
    """Fetch `.deb` files into a folder, without installing anything and without root.

    Args:
        options: apt's, of a private state that `refresh` made; empty for the system's.

    Raises:
        MissingDependency: not found, or no network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.deb"))
    command = ["apt-get", "download", "-q", *AS_ROOT, *options, *packages]
    answer = _run(command, folder)
    if answer.returncode != 0 and not options and (_lists_are_old(answer) or not _has_lists()):
        refresh_lists(report)
        answer = _run(command, folder)
    if answer.returncode != 0:
        raise _failed(
            f"Não consegui baixar pacotes do sistema ({', '.join(packages[:3])} …).", answer, "apt-get update"
        )
    return sorted(set(folder.glob("*.deb")) - before)


def unpack(package: Path, folder: Path) -> None:
    """`dpkg -x`: the package's files below a folder; runs none of its scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    answer = _run(["dpkg", "-x", str(package), str(folder)])
    if answer.returncode != 0:
        raise _failed(f"Não consegui abrir o pacote {package.name}.", answer, f"rm '{package}' && python3 -m labs up")


def dependencies(roots: Sequence[str], without: Callable[[str], bool], report: Report) -> list[str]:
    """Names of all packages that `roots` need, with themselves; `without` leaves some out, with their own needs."""
    command = ["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks"]
    command += ["--no-replaces", "--no-enhances", *roots]
    answer = _run(command)
    if answer.returncode != 0:
        refresh_lists(report)
        answer = _run(command)
        if answer.returncode != 0:
            raise _failed("O apt não conhece os pacotes da imagem base.", answer, "apt-get update")
    needs: dict[str, list[str]] = {}
    current = ""
    for line in answer.stdout.splitlines():
        word = line.strip().rpartition(" ")[2]
        if not line.startswith(" "):
            current = word
            needs[current] = []
        elif "Depends:" in line and not word.startswith("<"):
            needs[current].append(word.partition(":")[0])
    found: list[str] = []
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and name in needs and not without(name):
            found.append(name)
            waiting += needs[name]
    return sorted(found)


def _run(command: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            list(command),
            cwd=folder,
            env=os.environ | _QUIET,
            stdin=None if command[0] == "sudo" else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingDependency(
            "Falta o gerenciador de pacotes do Debian/Ubuntu.", str(error), "python3 -m labs doctor"
        ) from error


def _with_environment(prefix: Sequence[str]) -> list[str]:
    return ["env", *(f"{name}={value}" for name, value in _QUIET.items())] if prefix else []


def _has_lists() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def _lists_are_old(answer: subprocess.CompletedProcess[str]) -> bool:
    return any(text in answer.stderr + answer.stdout for text in UNAVAILABLE)


def _failed(what: str, answer: subprocess.CompletedProcess[str], next_command: str) -> MissingDependency:
    lines = [line for line in answer.stderr.splitlines() if line.startswith(("E:", "dpkg", "Err"))]
    observed = "; ".join(lines[-3:] or answer.stderr.splitlines()[-3:])
    if any(
        text in observed
        for text in ("Could not resolve", "Temporary failure", "Could not connect", "Unable to connect")
    ):
        what += " A rede não respondeu."
    if "No space left" in observed or "enough free space" in observed:
        what, next_command = f"{what} O disco está cheio.", "df -h"
    return MissingDependency(what, observed, next_command)


def is_terminal() -> bool:
    """Whether a person can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()

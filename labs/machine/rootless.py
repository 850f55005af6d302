"""Linux without root: the lab in a user namespace, in which its user is root (by rootlesskit, like rootless Docker).

One namespace for each state folder, opened by the first verb that starts a lab and closed when nothing is left in it.
Engine, registries, gateway and JupyterLab live there, with a loopback of their own; JupyterLab's port and the course's
are carried to this machine's. Every later verb enters it. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from labs.base import apt, processes
from labs.base.errors import MissingDependency, SandboxError
from labs.base.events import Report
from labs.base.files import write_atomic
from labs.base.settings import CLONE, PORTS, Settings
from labs.base.wait import Look, until
from labs.sandbox import engine_choice, lifecycle, network

STARTING = ("start", "up", "run", "prepare")
"""Verbs that open the namespace; all others only enter one that is open."""
PROGRAMS = {
    "rootlesskit": "rootlesskit",
    "slirp4netns": "slirp4netns",
    "newuidmap": "uidmap",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "docker": "docker-cli",
    "curl": "curl",
}
"""Each program and Debian's package of it; `dockerd` is looked for by `engine_choice`."""
TUN = Path("/dev/net/tun")
SUBIDS = (Path("/etc/subuid"), Path("/etc/subgid"))
OPEN_SECONDS = 30.0
HOLDER = ["sleep", "infinity"]
INSIDE = f'rm -f /run/docker /run/containerd /run/xtables.lock; : > "$1"; exec {" ".join(HOLDER)}'
"""The namespace's first process. The links are the machine's own Docker's, which `--copy-up` brought along."""

PATIENT = 'trap : INT; "$@"; exit $?'
"""Stands between us and a command: nsenter itself would die of a terminal's Ctrl-C, and leave the command to nobody."""


class Namespace(NamedTuple):
    """One that is open: rootlesskit's process outside, and JupyterLab's port, the same inside and outside."""

    pid: int
    start: str
    port: int


def is_wanted() -> bool:
    """Whether a lab that is to start here needs one: an ordinary user of a Linux without an engine that serves."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return False
    if os.environ.get("LABS_ENGINE") == "private":
        return True
    return not any(not engine_choice.why_not(one) for one in engine_choice.learners_hosts())


def require() -> None:
    """All that the namespace needs is here.

    Raises:
        MissingDependency: something is not; with the command that brings it.
    """
    missing = [name for name in PROGRAMS if not _found(name)]
    missing += [] if engine_choice.dockerd() else ["dockerd"]
    if missing:
        packages = list(dict.fromkeys({**PROGRAMS, "dockerd": "docker.io"}[name] for name in missing))
        install = apt.install_command(packages) if apt.has_apt() else f"instale {' '.join(packages)}"
        raise _lacking(f"não estão no PATH: {', '.join(missing)}", install)
    user = _user()
    if without := [str(path) for path in SUBIDS if not _has_range(path, user)]:
        ranges = "--add-subuids 100000-165535 --add-subgids 100000-165535"
        observed = f"o usuário {user} não tem uma faixa de 65536 em {' e '.join(without)}"
        raise _lacking(observed, f"sudo usermod {ranges} {user}")
    if not os.access(TUN, os.R_OK | os.W_OK):
        observed = f"{TUN}: não existe, ou este usuário não pode abri-lo"
        raise _lacking(observed, f"sudo modprobe tun && sudo chmod 666 {TUN}")


def _lacking(observed: str, command: str) -> MissingDependency:
    """Why none of the learner's own engines serves comes first: who has one would rather use it."""
    return MissingDependency(
        "Nenhum engine Docker respondeu, e para ligar um sem ser root falta algo nesta máquina.",
        "\n".join([*unusable(), observed]),
        f"{command} && python3 -m labs start",
    )


def unusable() -> list[str]:
    """In words, which engines the learner named and why none of them serves."""
    return engine_choice.passed_over("")


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a number without a name, as containers give them
        return str(os.geteuid())


def _found(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _has_range(path: Path, user: str) -> bool:
    """Whether a user has enough ids for containers (subuid(5)); by name or by number."""
    try:
        lines = [line.split(":") for line in path.read_text("utf-8").splitlines()]
    except OSError:
        return False
    names = (user, str(os.geteuid()))
    return any(len(line) == 3 and line[0] in names and line[2].isdigit() and int(line[2]) >= 65536 for line in lines)


# One that is open ---------------------------------------------------------------------------------


def opened(settings: Settings) -> Namespace | None:
    """The namespace of a state folder, where one is open and this user is its owner."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return None
    try:
        known = Namespace(**json.loads(_mark(settings).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return known if processes.is_alive(known.pid, known.start) else None


def open_one(settings: Settings, port: int, report: Report) -> Namespace:
    """Open it, with JupyterLab's port and those of the course that are free here.

    Args:
        port: wanted for JupyterLab; the next free one is taken.

    Raises:
        LabError: the state folder cannot be written, or rootlesskit does not do it.
    """
    lifecycle.prepare_folders(settings)
    chosen = next((one for one in range(port, port + 100) if network.port_is_free(one)), port)
    course = range(settings.first_port, settings.first_port + PORTS)
    free = [one for one in course if network.port_is_free(one)]
    ready, log = settings.run / "rootless-ready", settings.sandbox / "logs" / "rootless.log"
    ready.unlink(missing_ok=True)
    shutil.rmtree(_state(settings), ignore_errors=True)
    for words in unusable():
        report(f"⚠ {words}")
    report("Nenhum engine Docker respondeu: o laboratório abre uma área só dele, sem root …")
    command = [
        *("rootlesskit", f"--state-dir={_state(settings)}", "--pidns"),
        *("--net=slirp4netns", "--mtu=65520", "--disable-host-loopback", "--port-driver=builtin"),
        *(f"--publish=127.0.0.1:{one}:{one}/tcp" for one in (chosen, *free)),
        *("--copy-up=/etc", "--copy-up=/run", "sh", "-c", INSIDE, "sh", str(ready)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )

    def look() -> Look:
        if process.poll() is not None:
            said = log.read_text("utf-8", errors="replace").strip().splitlines()
            raise SandboxError(
                "O rootlesskit não conseguiu abrir a área do laboratório.", "\n".join(said[-3:]), f"cat '{log}'"
            )
        return Look(ready.exists(), "ainda não")

    until("a área do laboratório abrir", look, OPEN_SECONDS, next_command=f"cat '{log}'")
    made = Namespace(process.pid, processes.start_of(process.pid), chosen)
    write_atomic(_mark(settings), json.dumps(made._asdict()))
    return made


def run_inside(settings: Settings, one: Namespace, words: Sequence[str]) -> int:
    """Run a command of the kit in the namespace; returns its exit code. A namespace that is left empty is closed."""
    child = (_state(settings) / "child_pid").read_text("ascii").strip()
    command = [
        *("nsenter", f"--target={child}", "--user", "--preserve-credentials", "--mount", "--net", "--pid", "--no-fork"),
        *(f"--wd={os.getcwd()}", "--", "sh", "-c", PATIENT, "sh", sys.executable, "-m", "labs", *words),
    ]
    environment = os.environ | {
        "LABS_ENGINE": "private",
        "LABS_HOME": str(settings.home),
        "ROOTLESSKIT_STATE_DIR": str(_state(settings)),
        "PYTHONPATH": str(CLONE),
    }
    try:
        with subprocess.Popen(command, env=environment) as process, _passed_on(process):
            return process.wait()
    finally:
        if not _is_used(child):
            close(settings, one)


@contextlib.contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ctrl-C reaches the command by the terminal itself; what is sent to this process alone is passed on to it."""

    def pass_on(number: int, _frame: object) -> None:
        for child in _children(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def _is_used(child: str) -> bool:
    """Whether anything but the two first processes lives in the namespace of rootlesskit's child."""
    space = _pid_space(child)
    here = [(pid, words) for pid, words in processes.all_processes() if space and _pid_space(str(pid)) == space]
    return any(str(pid) != child and words != HOLDER for pid, words in here)


def _pid_space(pid: str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/pid")
    return ""


def close(settings: Settings, one: Namespace) -> None:
    """End the namespace, and with it whatever is left there.

    Raises:
        SandboxError: it does not end.
    """
    processes.stop(one.pid, one.start, 10.0, "rootlesskit")
    _mark(settings).unlink(missing_ok=True)
    shutil.rmtree(_state(settings), ignore_errors=True)


def _state(settings: Settings) -> Path:
    return settings.run / "rootlesskit"


def _mark(settings: Settings) -> Path:
    return settings.run / "rootless.json"

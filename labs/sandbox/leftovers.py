"""What a sandbox may leave behind when it is killed, and how it is removed: processes, mounts, sockets, bridge.

Nothing is recognised by name alone: a process is ours by its id *and* start time (`supervisor.json`), by a path of this
state folder on its command line, or by the control group of one of this engine's containers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from labs.base import processes
from labs.base.errors import SandboxError, StateError
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.sandbox import network, supervised
from labs.sandbox.supervised import State

PART_PROGRAMS = ("dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v2", "docker-registry", "registry")
SUPERVISOR_SECONDS = 45.0
PART_SECONDS = 15.0
SOCKETS = ("docker.sock", "hub.sock", "ecr.sock", "admin.sock", "names.sock", "tunnel.sock", "docker.pid")
OF_A_HOME = ("labs.sandbox.gateway", "labs.sandbox.tunnel")
"""Parts that are the kit's own modules; which lab's, their environment says."""


def state_file(settings: Settings) -> Path:
    """What the supervisor writes about itself and its parts."""
    return settings.sandbox / "supervisor.json"


def read_state(settings: Settings) -> State:
    """The supervisor's last words; empty when there are none or they are damaged."""
    return supervised.read_state(str(state_file(settings)))


def supervisor_alive(settings: Settings) -> bool:
    """Whether the supervisor of `supervisor.json` still runs."""
    state = read_state(settings)
    return processes.is_alive(state.pid, state.start)


def parts_outlived_supervisor(settings: Settings) -> bool:
    """Whether parts run without their supervisor, all of them written down: one that it was just starting is not."""
    written = {part.pid for part in read_state(settings).parts.values()}
    if not written or supervisor_alive(settings):
        return False
    commands = dict(processes.all_processes())
    running = [pid for pid in our_processes(settings) if not _is_engines_own(commands.get(pid, [""]))]
    return bool(running) and written.issuperset(running)


def _is_engines_own(arguments: list[str]) -> bool:
    return Path(arguments[0]).name.startswith("containerd")


def our_processes(settings: Settings) -> dict[int, str]:
    """Ids and start marks of every process of this sandbox that is alive, whoever started it."""
    state = read_state(settings)
    written = [(state.pid, state.start), *((part.pid, part.start) for part in state.parts.values())]
    alive = {pid: start for pid, start in written if processes.is_alive(pid, start)}
    for pid, arguments in processes.all_processes():
        if pid not in alive and pid != os.getpid() and _is_part(settings, pid, arguments):
            alive[pid] = processes.start_of(pid)
    return alive


def _is_part(settings: Settings, pid: int, arguments: list[str]) -> bool:
    home = f"{settings.home}{os.sep}"
    ours = any(home in argument for argument in arguments[1:])
    if Path(arguments[0]).name in PART_PROGRAMS:
        return ours
    if "labs.sandbox.supervisor" in arguments:
        return ours
    if any(module in arguments for module in OF_A_HOME):
        return _variable(pid, "LABS_HOME") == str(settings.home)
    return False


def _variable(pid: int, name: str) -> str:
    with contextlib.suppress(OSError):
        for item in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            key, _, value = item.decode(errors="replace").partition("=")
            if key == name:
                return value
    return ""


def sweep(settings: Settings) -> list[str]:
    """Remove everything; safe when nothing is left. Returns what was found, in words.

    Raises:
        SandboxError: something cannot be stopped or unmounted.
    """
    found = [f"processo {pid}" for pid in _stop_processes(settings)]
    found += [f"container: processo {pid}" for pid in _kill_containers(settings)]
    found += [f"montagem {path}" for path in unmount_all(engine_mounts(settings))]
    shutil.rmtree(settings.run / "exec", ignore_errors=True)
    for name in SOCKETS:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (settings.run / name).unlink()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        state_file(settings).unlink()
    network.remove_bridge(settings)
    return found


def _stop_processes(settings: Settings) -> list[int]:
    """The supervisor first, since it would restart what is stopped; it ends its parts itself, in order."""
    stopped: list[int] = []
    for _ in range(3):  # one that was just being started may appear while the others end
        alive = our_processes(settings)
        if not alive:
            break
        commands = dict(processes.all_processes())
        leaders = [pid for pid in alive if "labs.sandbox.supervisor" in commands.get(pid, [])]
        for pid in leaders or alive:
            processes.stop(pid, alive[pid], SUPERVISOR_SECONDS if pid in leaders else PART_SECONDS)
            stopped.append(pid)
    return stopped


def _kill_containers(settings: Settings) -> list[int]:
    """Kill processes of containers that outlived their engine, found by their control group."""
    folder = settings.sandbox / "engine" / "containers"
    containers = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    killed = {pid: processes.start_of(pid) for pid, _ in processes.all_processes() if _in_container(pid, containers)}
    for pid in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid, start in killed.items():
        until(f"o processo {pid} terminar", lambda p=pid, s=start: Look(not processes.is_alive(p, s)), 5)  # type: ignore[misc]
    for container in containers:
        _remove_control_groups(container)
    return list(killed)


def _in_container(pid: int, containers: list[str]) -> bool:
    if not containers or pid == os.getpid():
        return False
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text("utf-8")
    except OSError:
        return False
    return any(container in groups for container in containers)


def _remove_control_groups(container: str) -> None:
    if len(container) != 64:
        return
    for pattern in (f"*/docker/{container}", f"docker/{container}"):
        for folder in Path("/sys/fs/cgroup").glob(pattern):
            with contextlib.suppress(OSError):
                folder.rmdir()


def mounts_below(folder: Path) -> list[Path]:
    """Mount points below a folder and itself, the deepest first."""
    points = [point for point, _ in _mounts() if point.is_relative_to(folder.resolve())]
    return sorted(points, key=lambda point: -len(point.parts))


def _mounts() -> Iterator[tuple[Path, str]]:
    """Every mount point, and which folder of its file system is seen there (proc(5), `mountinfo`)."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        seen, point = (_unescaped(field) for field in line.split()[3:5])
        yield Path(point), seen


def _unescaped(text: str) -> str:
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escaped, plain)
    return text


def engine_mounts(settings: Settings) -> list[Path]:
    """What the private engine mounted, the deepest first. Other mounts in the state folder are the learner's own."""
    engine = (settings.sandbox / "engine").resolve()
    found = mounts_below(engine) + mounts_below(settings.run / "exec")
    # dockerd binds its data root onto itself where mounts are shared; a disk that the learner put there is not ours.
    bound = any(point == engine and seen.endswith("/sandbox/engine") for point, seen in _mounts())
    return [point for point in found if bound or point != engine]


def unmount_all(points: list[Path]) -> list[Path]:
    """Unmount these, in this order; returns them.

    Raises:
        SandboxError: one stays: deleting its folder then could delete what is mounted there.
    """
    for point in points:
        if subprocess.run(["umount", str(point)], capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", "--lazy", str(point)], capture_output=True, check=False)
    remaining = [point for point in points if point in mounts_below(point)]
    if remaining:
        raise SandboxError(
            "Uma montagem do engine não pôde ser desfeita.", str(remaining[0]), f"umount --lazy '{remaining[0]}'"
        )
    return points


def remove_tree(folder: Path) -> None:
    """Delete a folder of the state; never crosses a mount or follows a link out of it.

    Raises:
        StateError: something is mounted in it, or cannot be deleted.
    """
    if not folder.is_symlink() and (foreign := mounts_below(folder)):
        raise StateError(
            "Há algo montado dentro da pasta do laboratório; nada dali foi apagado.",
            str(foreign[0]),
            f"umount '{foreign[0]}' && python3 -m labs reset",
        )
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)  # does not follow symbolic links
    except OSError as error:
        raise StateError(
            "Não consegui apagar parte da pasta do laboratório.", str(error), f"ls -ld '{folder}'"
        ) from error

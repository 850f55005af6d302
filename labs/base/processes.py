"""Processes by id *and* start time, so that a reused id is never taken for ours.

Standard library only and light: the supervisor imports it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

from labs.base.errors import SandboxError
from labs.base.wait import Look, until


def start_of(pid: int) -> str:
    """A mark of the moment a process started, the same for its whole life; "" when there is no such process.

    Linux: boot id and field 22 of `/proc/PID/stat` (proc(5)); elsewhere `ps`. A zombie counts as gone.
    """
    if pid <= 0:
        return ""
    if sys.platform != "linux":
        return _start_by_ps(pid)
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{_boot()}-{fields[19]}"


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(8)
    except OSError:
        return "boot"


def _start_by_ps(pid: int) -> str:
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if not started or state.startswith("Z") else started.strip()


def is_alive(pid: int, start: str) -> bool:
    """Whether exactly that process still runs."""
    return bool(start) and start_of(pid) == start


def stop(pid: int, start: str, seconds: float, name: str = "") -> bool:
    """SIGTERM, wait, then SIGKILL, only if it is still the same process; returns whether it had to be killed.

    Raises:
        SandboxError: it does not even die of SIGKILL (blocked in the kernel).
    """
    if not is_alive(pid, start):
        return False
    _signal(pid, signal.SIGTERM)
    # A stopped process (Ctrl-Z, debugger) would never see the SIGTERM.
    _signal(pid, signal.SIGCONT)
    if _gone_within(pid, start, seconds):
        return False
    _signal(pid, signal.SIGKILL)
    if not _gone_within(pid, start, 5.0):
        raise SandboxError(
            f"O processo {name or pid} não termina nem com SIGKILL.",
            f"pid {pid}",
            f"ps -o pid,stat,wchan,args -p {pid}",
        )
    return True


def _gone_within(pid: int, start: str, seconds: float) -> bool:
    def look() -> Look:
        reap(pid)
        return Look(not is_alive(pid, start))

    with contextlib.suppress(SandboxError):
        until(f"processo {pid} terminar", look, seconds)
        return True
    return False


def reap(pid: int) -> None:
    """Collect a child's exit so that it is no zombie; does nothing for other processes' children."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def all_processes() -> list[tuple[int, list[str]]]:
    """Every process's id and arguments (Linux; elsewhere none)."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:
                    found.append((int(entry), file.read().decode(errors="replace").rstrip("\0").split("\0")))
    return found


def resident_kib(pid: int) -> tuple[int, int]:
    """Resident and proportional memory in KiB (Linux `smaps_rollup`); zeros where it cannot be read."""
    rss = pss = 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Rss:"):
                rss = int(line.split()[1])
            elif line.startswith("Pss:"):
                pss = int(line.split()[1])
    return rss, pss


def clock() -> float:
    """Wall-clock seconds, rounded: what the state files carry."""
    return round(time.time(), 3)

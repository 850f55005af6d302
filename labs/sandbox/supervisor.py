"""Keeps the sandbox's parts running: `python -S -m labs.sandbox.supervisor PARTS.json STATE.json`.

Standard library only, one thread, no busy loop: it sleeps in `select` and wakes up on a dead child, on a signal, or to
look at the parts' health. Everything about the parts stands in PARTS.json, and all that it knows in STATE.json; both as
types in `supervised.py`. The order of the plan is the order of stopping; all start at once. Parts of an earlier
supervisor that was killed, still named in STATE.json, go on under this one: `up` leaves the file where that is wanted,
and clears it otherwise.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from labs.base import processes
from labs.sandbox import supervised
from labs.sandbox.supervised import Part, PartState, State

LOOK_STARTING = 0.015
LOOK_HEALTHY = 5.0
QUICK_LOOKS = 5.0
"""Seconds from a part's start in which it has less time to answer: the looks at the others do not wait for it."""
QUICK_DEATH = 10.0
"""A part that never answered and lived less than this waits before its next start, longer each time."""
QUICK_DEATH_OF_HEALTHY = 1.0
"""The same for one that did answer: killed from outside it comes back at once, crashing in a loop it does not."""
LONGEST_PAUSE = 15.0
SILENT_LIMIT = 30.0
"""A part that did answer and has not for this long is restarted."""
SILENT_LIMIT_STARTING = 120.0
"""The same for one that never answered: on a loaded machine its start takes a minute, and the next start would too."""
LOG_BYTES = 4 * 1024 * 1024


class Adopted:
    """A part's process that an earlier supervisor started and that outlived it. It is not our child: its end is seen
    through its descriptor (pidfd_open(2)), or at the next look where the system has none.
    """

    def __init__(self, pid: int, start_mark: str) -> None:
        self.pid = pid
        self._start_mark = start_mark
        self.descriptor = -1
        with contextlib.suppress(OSError, AttributeError):
            self.descriptor = os.pidfd_open(pid)

    def poll(self) -> str | None:
        """None while it lives; its exit code only its parent was told."""
        if processes.is_alive(self.pid, self._start_mark):
            return None
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        return "desconhecido"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class RunningPart:
    """One part at work: its process, and what is known about its health."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.name = part.name
        self.process: subprocess.Popen[bytes] | Adopted | None = None
        self.start_mark = ""
        self.since = 0.0
        self.launched = 0.0
        """The steady clock at the launch: a person may move the other one meanwhile."""
        self.restarts = -1
        self.healthy = False
        self.observed = ""
        self.quick_deaths = 0
        self.not_before = 0.0
        self.last_answer = 0.0
        self.ready_after = 0.0

    def adopt(self, known: PartState) -> None:
        """Go on with the process that an earlier supervisor wrote down, if it still lives."""
        if processes.is_alive(known.pid, known.start):
            self.process, self.start_mark = Adopted(known.pid, known.start), known.start
            self.since, self.restarts, self.ready_after = known.since, known.restarts, known.ready_after
            self.launched = self.last_answer = time.monotonic()

    def launch(self) -> None:
        """Start the process; a failure to start counts as a quick death."""
        for pid_file in self.part.pid_files:
            end_leftover(pid_file, self.name)
        for stale in (*self.part.pid_files, *self.part.stale):
            with contextlib.suppress(OSError):
                os.unlink(stale)
        self.restarts += 1
        self.since = processes.clock()
        self.launched = self.last_answer = time.monotonic()
        self.healthy = False
        self.ready_after = 0.0
        try:
            with open(self.part.log, "ab") as log:
                self.process = subprocess.Popen(
                    self.part.argv,
                    env=self.part.env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                )
            self.start_mark = processes.start_of(self.process.pid)
        except OSError as error:
            self.died(f"{type(error).__name__}: {error}")

    def died(self, observed: str) -> None:
        """Note the death and decide when the next start may be."""
        self.process = None
        self.healthy = False
        self.observed = observed
        lived = time.monotonic() - self.launched
        quick = lived < (QUICK_DEATH_OF_HEALTHY if self.ready_after else QUICK_DEATH)
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        pause = min(LONGEST_PAUSE, 0.1 * 2**self.quick_deaths) if self.quick_deaths > 1 else 0.0
        self.not_before = time.monotonic() + pause

    def collect(self) -> None:
        """Notice that the process ended."""
        if self.process is not None and (code := self.process.poll()) is not None:
            self.died(f"terminou com código {code}")

    def look(self) -> None:
        """Ask it whether it is healthy, by a real request; restart it when it has been silent for long."""
        if self.process is None:
            return
        now = time.monotonic()
        quick = not self.healthy and now - self.launched < QUICK_LOOKS
        status = http_status(self.part.socket, self.part.path, 0.4 if quick else 2.0)
        self.healthy = status.startswith("2") or status == "401"
        self.observed = f"HTTP {status}" if status.isdigit() else status
        if self.healthy:
            self.last_answer = now
            self.ready_after = self.ready_after or round(now - self.launched, 3)
        elif now - self.last_answer > (SILENT_LIMIT if self.ready_after else SILENT_LIMIT_STARTING):
            self.process.kill()

    def stop(self) -> None:
        """End the process within its grace time."""
        if self.process is not None:
            processes.stop(self.process.pid, self.start_mark, self.part.grace, self.name)
            self.process = None
            self.healthy = False

    def trim_log(self) -> None:
        """Bound the log: its last half is kept as `.1`, the file itself is emptied (writers append)."""
        path = self.part.log
        with contextlib.suppress(OSError):
            if os.path.getsize(path) > LOG_BYTES:
                with open(path, "rb") as log, open(f"{path}.1", "wb") as old:
                    log.seek(-LOG_BYTES // 2, os.SEEK_END)
                    old.write(log.read())
                os.truncate(path, 0)

    def state(self) -> PartState:
        """What `supervisor.json` says about it."""
        return PartState(
            pid=self.process.pid if self.process else 0,
            start=self.start_mark if self.process else "",
            since=self.since,
            restarts=max(0, self.restarts),
            ready_after=self.ready_after,
            healthy=self.healthy,
            observed=self.observed,
        )


def http_status(path: str, resource: str, seconds: float) -> str:
    """The status code of a GET over a Unix socket, or the error in words."""
    # Not seams/unix_http.py: its http.client brings email and ssl along, which makes 18 MB of this process's 12 MB, and
    # takes 20 to 30 ms more of its start, for which every part waits (measured with Python 3.11).
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(path)
            connection.sendall(f"GET {resource} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            words = connection.recv(64).split(None, 2)
            return words[1].decode() if len(words) > 1 else "resposta vazia"
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def end_leftover(pid_file: str, name: str) -> None:
    """End the process of a stale pid file if it is still that program's: its folder stands on the command line.

    A dead dockerd leaves containerd's pid file behind; while that id exists, even as a zombie or as somebody else's
    process, the next dockerd waits for it and fails (observed with 20.10).
    """
    with contextlib.suppress(OSError, ValueError):
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            ours = os.path.dirname(pid_file) in file.read()
        if ours:
            processes.stop(pid, processes.start_of(pid), 2.0, name)


def adopt_orphans() -> None:
    """Become the parent of what our parts leave behind (prctl(2), PR_SET_CHILD_SUBREAPER), so that no zombie stays."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ImportError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


class Supervisor:
    """The loop over all parts."""

    def __init__(self, plan: Sequence[Part], state_file: str) -> None:
        self.parts = [RunningPart(part) for part in plan]
        self.state_file = state_file
        self.start_mark = processes.start_of(os.getpid())
        self.since = processes.clock()
        self.written = ""
        self.stopping = False
        self.next_look = 0.0
        former = supervised.read_state(state_file).parts
        for part in self.parts:
            part.adopt(former.get(part.name, PartState()))

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then stop the parts in the list's order."""
        wake, wake_write = os.pipe()
        for end in (wake, wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while not self.stopping:
            self.turn()
            adopted = [part.process for part in self.parts if isinstance(part.process, Adopted)]
            ends = [process.descriptor for process in adopted if process.descriptor >= 0]
            select.select([wake, *ends], [], [], self.pause())
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        for part in self.parts:
            part.stop()
            self.write_state()
        with contextlib.suppress(OSError):
            os.unlink(self.state_file)

    def bury(self) -> None:
        """Collect every dead child: our parts through their own objects, adopted orphans at once."""
        for part in self.parts:
            part.collect()
        children = {part.process.pid for part in self.parts if part.process}
        with contextlib.suppress(ChildProcessError):
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if dead.si_pid in children:
                    for part in self.parts:
                        part.collect()
                else:
                    processes.reap(dead.si_pid)

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def turn(self) -> None:
        """One round: bury the dead, start what is due, look at the health."""
        self.bury()
        for part in self.parts:
            if part.process is None and time.monotonic() >= part.not_before:
                part.launch()
        self.write_state()
        unhealthy = [part for part in self.parts if not part.healthy]
        due = time.monotonic() >= self.next_look
        for part in self.parts if due else unhealthy:
            part.look()
        if due:
            self.next_look = time.monotonic() + LOOK_HEALTHY
            for part in self.parts:
                part.trim_log()
            if not os.path.isdir(os.path.dirname(self.state_file)):
                self.stopping = True  # Somebody deleted the lab: there is nothing left to keep running for.
        self.write_state()

    def pause(self) -> float:
        """Short while something is starting; else until the next look or the next due start."""
        now = time.monotonic()
        waits = [self.next_look - now]
        for part in self.parts:
            if part.process is None:
                waits.append(part.not_before - now)
            elif not part.healthy:
                # One that has been silent for seconds is not starting any more: look at it at a calmer pace.
                waits.append(LOOK_STARTING if now - part.last_answer < 5 else 0.25)
        return max(0.001, min(waits))

    def write_state(self) -> None:
        """Write `supervisor.json` whole, only when something changed."""
        states = {part.name: part.state() for part in self.parts}
        text = supervised.state_text(State(os.getpid(), self.start_mark, self.since, states))
        if text == self.written:
            return
        temporary = f"{self.state_file}.{os.getpid()}"
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self.state_file)
            self.written = text
        except OSError as error:  # A full disk must not end the supervision.
            print(f"supervisor: {error}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Entry point of the detached process; whoever types it is told what it is."""
    if len(arguments) != 2 or not os.path.isfile(arguments[0]):
        print("O supervisor é uma parte do laboratório: não se inicia à mão.\nPróximo comando: python3 -m labs up")
        return 0 if set(arguments) & {"-h", "--help"} else 2
    parts_file, state_file = arguments
    plan = supervised.read_plan(parts_file)
    os.umask(0o077)
    adopt_orphans()
    Supervisor(plan, state_file).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The supervisor with small stand-in parts: restarts, pauses, order of stopping, memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labs.base import processes
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.sandbox import supervised, supervisor
from labs.sandbox.supervised import Part

ANSWERS = """
import socket, signal, sys, time
def leave(*_):
    open(sys.argv[2], 'a').write(sys.argv[3] + '\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5)
while True:
    c, _ = s.accept(); c.recv(999); c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\n'); c.close()
"""
MEMORY_LIMIT_KIB = 15 * 1024


class Running:
    """A supervisor over stand-ins, and what it says about them."""

    def __init__(self, folder: Path, plan: list[Part]) -> None:
        self.state_file = folder / "state.json"
        parts_file = folder / "parts.json"
        parts_file.write_text(supervised.plan_text(plan))
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-m", "labs.sandbox.supervisor", str(parts_file), str(self.state_file)],
            env={"PYTHONPATH": str(CLONE), "PATH": os.environ["PATH"]},
            start_new_session=True,
        )

    def state(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            return dict(json.loads(self.state_file.read_text()))
        return {}

    def part(self, name: str) -> dict[str, Any]:
        unknown = {"healthy": False, "restarts": -1, "pid": 0, "observed": "no state yet"}
        return dict(self.state().get("parts", {}).get(name, unknown))

    def wait(self, name: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        until(name, lambda: Look(good(self.part(name)), str(self.part(name))), 20)
        return self.part(name)


def stand_in(folder: Path, name: str, argv: list[str] | None = None) -> Part:
    socket = str(folder / f"{name}.sock")
    return Part(
        name=name,
        argv=tuple(argv or [sys.executable, "-c", ANSWERS, socket, str(folder / "order"), name]),
        env={"PATH": os.environ["PATH"]},
        log=str(folder / f"{name}.log"),
        socket=socket,
        path="/",
        stale=(socket,),
    )


@pytest.fixture
def supervise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []
    # Short: pytest's own folders can be longer than a Unix socket's path may be.
    folder = Path(os.environ.get("LABS_TEST_HOMES", "/tmp")) / f"sup-{os.getpid()}"
    folder.mkdir()

    def start(*names: str, argv: list[str] | None = None) -> Running:
        running.append(Running(folder, [stand_in(folder, name, argv) for name in names]))
        return running[-1]

    try:
        yield start
    finally:
        for item in running:
            item.process.terminate()
            item.process.wait(20)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_starts_all_and_stops_them_in_the_lists_order(supervise: Callable[..., Running]) -> None:
    running = supervise("first", "second", "third")
    for name in ("first", "second", "third"):
        running.wait(name, lambda part: part["healthy"])
    running.process.terminate()
    assert running.process.wait(20) == 0
    assert (running.state_file.parent / "order").read_text().split() == ["first", "second", "third"]
    assert not running.state_file.exists()


def test_restarts_a_killed_part_at_once(supervise: Callable[..., Running]) -> None:
    running = supervise("one")
    before = running.wait("one", lambda part: part["healthy"])
    os.kill(before["pid"], signal.SIGKILL)
    after = running.wait("one", lambda part: part["healthy"] and part["pid"] != before["pid"])
    assert after["restarts"] == 1
    assert after["since"] - before["since"] < 10


def test_parts_that_outlive_their_supervisor_go_on_under_the_next(supervise: Callable[..., Running]) -> None:
    running = supervise("one", "two")
    before = {name: running.wait(name, lambda part: part["healthy"]) for name in ("one", "two")}
    running.process.kill()
    running.process.wait(20)
    os.kill(before["two"]["pid"], signal.SIGKILL)
    running = supervise("one", "two")
    supervisor_pid = running.process.pid
    until("o novo escrever", lambda: Look(running.state().get("pid") == supervisor_pid, str(running.state())), 20)
    adopted = running.wait("one", lambda part: part["healthy"])
    assert (adopted["pid"], adopted["since"]) == (before["one"]["pid"], before["one"]["since"])
    running.wait("two", lambda part: part["healthy"] and part["pid"] != before["two"]["pid"])
    os.kill(adopted["pid"], signal.SIGKILL)
    again = running.wait("one", lambda part: part["healthy"] and part["pid"] != adopted["pid"])
    assert again["restarts"] == 1


def test_a_part_that_was_well_comes_back_without_a_pause_however_often_it_is_killed() -> None:
    part = supervisor.RunningPart(stand_in(Path("/nowhere"), "part"))
    for _ in range(5):
        part.launched, part.ready_after = time.monotonic() - 2, 0.5
        part.died("killed")
    assert part.not_before <= time.monotonic()


def test_a_part_that_cannot_start_is_retried_with_growing_pauses(supervise: Callable[..., Running]) -> None:
    running = supervise("broken", argv=["/nonexistent/program"])
    part = running.wait("broken", lambda part: part["restarts"] >= 3)
    assert "FileNotFoundError" in part["observed"]
    # 0 + 0.4 + 0.8 s of pauses for three restarts: a busy loop would have made thousands.
    assert part["restarts"] < 6


def test_memory_stays_small(supervise: Callable[..., Running]) -> None:
    running = supervise("one")
    running.wait("one", lambda part: part["healthy"])
    assert 0 < processes.resident_kib(running.process.pid)[0] <= MEMORY_LIMIT_KIB


def test_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 1000)
    log = tmp_path / "part.log"
    log.write_bytes(b"a" * 800 + b"b" * 800)
    supervisor.RunningPart(stand_in(tmp_path, "part")).trim_log()
    assert log.stat().st_size == 0
    assert (tmp_path / "part.log.1").read_bytes() == b"b" * 500


def test_pauses_grow_and_are_bounded() -> None:
    part = supervisor.RunningPart(stand_in(Path("/nowhere"), "part"))
    pauses = []
    for _ in range(12):
        part.launched = time.monotonic()
        part.died("died")
        pauses.append(part.not_before)
    assert part.quick_deaths == 12
    assert supervisor.LONGEST_PAUSE - 1 <= pauses[-1] - time.monotonic() <= supervisor.LONGEST_PAUSE


@pytest.mark.parametrize(
    ("answered_once", "silent", "ends"), [(True, 31, True), (False, 31, False), (False, 121, True)]
)
def test_silence_ends_a_part_later_where_it_never_answered(
    tmp_path: Path, answered_once: bool, silent: float, ends: bool
) -> None:
    part = supervisor.RunningPart(stand_in(tmp_path, "part"))
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            part.process = process
            part.last_answer = time.monotonic() - silent
            part.ready_after = 0.1 if answered_once else 0.0
            part.look()
            until("o fim da parte", lambda: Look((process.poll() is not None) >= ends), 10)
            assert (process.poll() is not None) == ends
        finally:
            process.kill()

"""A process is its id *and* its start: a reused id is never signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from labs.base import processes


def _sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])


def test_the_mark_is_stable_and_empty_for_nobody() -> None:
    mine = processes.start_of(os.getpid())
    assert mine and mine == processes.start_of(os.getpid())
    assert processes.start_of(0) == ""


def test_a_reused_pid_is_left_alone() -> None:
    with _sleeper() as child:
        try:
            assert processes.stop(child.pid, "another-boot-1", 1) is False
            assert child.poll() is None
        finally:
            child.kill()


def test_a_zombie_counts_as_gone() -> None:
    with _sleeper() as child:
        mark = processes.start_of(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(child.pid, mark)


def test_stop_ends_a_frozen_process() -> None:
    with _sleeper() as child:
        os.kill(child.pid, signal.SIGSTOP)
        assert processes.stop(child.pid, processes.start_of(child.pid), 5) is False


def test_stop_kills_what_ignores_sigterm() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        assert processes.stop(child.pid, processes.start_of(child.pid), 0.05) is True

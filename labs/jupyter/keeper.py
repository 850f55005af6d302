"""What `start` becomes once all of it runs: a small process that waits, 20 MB lighter, of which a class has thirty.

Runs as a script of the standard library's alone, without `site`: `python3 -I -S keeper.py PID`.
"""

from __future__ import annotations

import os
import signal
import sys

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDING = ("-m", "labs.jupyter.ending")


def stay(pid: int) -> None:
    """Never to return, become the process that waits for a signal to stop, or for the end of its child `pid`.

    Signals that come meanwhile wait too: what is blocked stays so over exec (execve(2)). So does what is ignored: a
    parent that ignores its children's ends, as some do that start services, would leave us without signal and code.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPS, signal.SIGCHLD})
    os.execv(sys.executable, [sys.executable, "-I", "-S", os.path.abspath(__file__), str(pid)])


def heeded() -> set[signal.Signals]:
    """Those of STOPS that were not ignored from the beginning, as `nohup` has it done with one."""
    return {number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN}


def wait(pid: int) -> str:
    """The child's exit code, "?" where Linux told nobody, or "" where somebody asked to stop."""
    stops = heeded()
    while True:
        code = _ended(pid)
        if code or signal.sigwait({*stops, signal.SIGCHLD}) in stops:
            return code


def _ended(pid: int) -> str:
    """Collects every child that ended: the browser's opener is one too."""
    code = ""
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == pid:
                code = str(os.waitstatus_to_exitcode(found[1]))
    except ChildProcessError:  # no child is left
        return code or "?"
    return code


def main(arguments: list[str]) -> int:
    """Wait, and become what ends it all."""
    if len(arguments) == 1 and arguments[0].isdecimal():
        code = wait(int(arguments[0]))
        os.execv(sys.executable, [sys.executable, *ENDING, "0" if code else arguments[0], code])
    return told(arguments)


def told(arguments: list[str]) -> int:
    """Whoever types it is told what it is; the exit code."""
    print("Isto é uma parte do start: não se inicia à mão.\nPróximo comando: python3 -m labs start")
    return 0 if {"-h", "--help"} & {*arguments} else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

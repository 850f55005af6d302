"""The end of `start`, begun by `keeper.py`: `python3 -m labs.jupyter.ending PID CODE`."""

from __future__ import annotations

import os
import signal
import sys

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.jupyter import keeper, server


def main(arguments: list[str]) -> int:
    """End JupyterLab and the sandbox; exit code 0 where somebody asked for it.

    Args:
        arguments: JupyterLab's process id, 0 where it ended by itself; then its exit code, "?" where nobody knows it
            and "" where it runs.
    """
    if len(arguments) != 2 or not arguments[0].isdecimal() or not _is_child(pid := int(arguments[0])):
        return keeper.told(arguments)
    server.ignore_more_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*keeper.STOPS, signal.SIGCHLD})
    code = arguments[1]
    try:
        server.end(Settings.load_or_defaults(_say), pid, code, _say)
    except (LabError, OSError) as error:
        _say(str(error))
        return 1
    return 0


def _is_child(pid: int) -> bool:
    """Nobody else's process is ended, whatever somebody types here; that of 0 is known to have ended."""
    try:
        return pid == 0 or os.waitpid(pid, os.WNOHANG) is not None
    except ChildProcessError:
        return False


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The environment's scripts, made to start from any folder.

A script's first line names its interpreter, and the system reads it up to the first space, and 127 bytes of it on older
kernels (execve(2), "Interpreter scripts"). pip and uv know that for the scripts that they make; one that a package
brings, as `aws`, gets a plain first line from pip (pypa/pip, `fix_script`). Standard library only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LONGEST = 127


def mend(folder: Path) -> list[str]:
    """Give each script of an environment's `bin/` a first line that works there; returns the names of those changed."""
    if sys.platform == "win32":
        return []
    return [path.name for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink() and _mend(path)]


def _mend(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(4096) if file.read(2) == b"#!" else b""
        interpreter = first.strip()
        ours = interpreter.startswith(os.fsencode(path.parent) + b"/")
        if not ours or (b" " not in interpreter and len(first) + 2 <= LONGEST):
            return False
        rest = file.read()
    # As pip and distlib do: `sh` starts the interpreter, which takes these two lines for a string.
    path.write_bytes(b"#!/bin/sh\n'''exec' " + _quoted(interpreter) + b" \"$0\" \"$@\"\n' '''\n" + rest)
    return True


def _quoted(path: bytes) -> bytes:
    """The interpreter as `sh` reads it in double quotes. Python would warn of the backslashes that special characters
    need there, so that a path with one is told from the script's own.
    """
    if not any(special in path for special in (b"\\", b'"', b"$", b"`")):
        return b'"' + path + b'"'
    return b'"$(dirname -- "$0")/' + path.rpartition(b"/")[2] + b'"'

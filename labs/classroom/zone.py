"""The time zone of the teacher's machine, which the class's containers get: by themselves they would be in UTC."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ETC = Path("/etc")
DATABASE = "zoneinfo/"
"""The folder of the zones in every system, below another path in each."""
UNKNOWN = "UTC"


def of_this_machine() -> str:
    """Its name, such as `America/Sao_Paulo`, as glibc looks for it: TZ, then /etc/localtime; or else UTC."""
    return _name(os.environ.get("TZ", "")) or _name(os.path.realpath(ETC / "localtime")) or _written() or UNKNOWN


def _name(told: str) -> str:
    """Without the way to the database; what is another file's path names no zone."""
    name = told.strip().removeprefix(":").rpartition(DATABASE)[2]
    return "" if name.startswith("/") else name


def _written() -> str:
    """What Debian keeps beside a localtime that is no link."""
    with contextlib.suppress(OSError, ValueError):
        return _name((ETC / "timezone").read_text("ascii"))
    return ""

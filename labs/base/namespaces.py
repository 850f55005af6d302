"""Whether this process is root of a user namespace alone, and no root outside of it (user_namespaces(7))."""

from __future__ import annotations

from pathlib import Path

WHOLE = ["0", "0", "4294967295"]
"""`uid_map` of the machine's first namespace: every user is itself."""
UID_MAP = Path("/proc/self/uid_map")


def is_users_own() -> bool:
    """False where there are no namespaces at all."""
    try:
        return UID_MAP.read_text("ascii").split() != WHOLE
    except OSError:
        return False

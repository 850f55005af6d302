"""Which diagnoses were tried, per case, in order: kept over kernels and terminals."""

from __future__ import annotations

import contextlib
import fcntl
import json

from labs.settings import Settings, write_atomic


class Tries:
    """The tries of one lab. A damaged file counts as empty: it proves nothing, it only remembers."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "clinic.json"
        self._lock = settings.home / "locks" / "clinic-tries"

    def of(self, drill: str) -> list[int]:
        """Numbers of the options tried, the first ever first."""
        return self._all().get(drill, [])

    def add(self, drill: str, option: int) -> list[int]:
        """Remember one more; returns all of this case.

        Raises:
            StateError: the state folder cannot be written.
        """
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = self._all()
            known.setdefault(drill, []).append(option)
            write_atomic(self._path, json.dumps(known) + "\n")
            return known[drill]

    def _all(self) -> dict[str, list[int]]:
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            stored = json.loads(self._path.read_text("utf-8"))
            return {str(name): [int(one) for one in tried] for name, tried in stored.items()}
        return {}

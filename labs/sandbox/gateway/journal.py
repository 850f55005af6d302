"""Append-only journal: one JSON object per line, on the disk before anybody hears "done".

A line cut off by a power loss is dropped at the next start: nobody was told that it happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """A file of entries, readable by its owner alone (it holds hashed tokens and seeds of secrets)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._drop_torn_end()

    def _drop_torn_end(self) -> None:
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.ftruncate(self._fd, content.rfind(b"\n") + 1)
            os.fsync(self._fd)

    def append(self, entry: Entry) -> None:
        """Write one entry durably.

        Raises:
            OSError: the disk is full or broken; the journal is then as before.
        """
        line = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        size = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(28, "No space left on device", str(self.path))
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)
            raise

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first; a line that is no JSON object ends the reading (and is cut off with what follows).

        What follows a damaged line may depend on it, so it cannot be replayed.
        """
        good = 0
        with self.path.open("rb") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                    kind = entry["kind"]
                except (ValueError, KeyError, TypeError):
                    os.rename(self.path, self.path.with_suffix(".damaged"))
                    self._start_over(good)
                    return
                good += len(line)
                if kind:
                    yield entry

    def _start_over(self, good: int) -> None:
        """Keep the readable beginning; the damaged file stays beside it for inspection."""
        content = self.path.with_suffix(".damaged").read_bytes()[:good]
        os.close(self._fd)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.write(self._fd, content)
        os.fsync(self._fd)

    def clear(self) -> None:
        os.ftruncate(self._fd, 0)
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)

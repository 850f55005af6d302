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
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
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
        """All entries, oldest first. Lines that are none are left out; the damaged file is kept beside (`.damaged`)."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        good = [line for line in lines if _entry(line)]
        if len(good) < len(lines):
            self._keep_only(good)
        for line in good:
            entry = _entry(line)
            assert entry is not None
            yield entry

    def _keep_only(self, lines: list[bytes]) -> None:
        damaged, mended = self.path.with_suffix(".damaged"), self.path.with_suffix(".mended")
        handle = os.open(mended, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.write(handle, b"".join(lines))
        os.fsync(handle)
        damaged.unlink(missing_ok=True)
        os.link(self.path, damaged)
        os.replace(mended, self.path)
        os.close(self._fd)
        self._fd = handle

    def clear(self) -> None:
        os.ftruncate(self._fd, 0)
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def _entry(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None

"""Append-only journal: one entry per line (`entries.py`), on the disk before anybody hears "done".

A line cut off by a power loss is dropped at the next start: nobody was told that it happened.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from labs.sandbox.gateway.memory import entries
from labs.sandbox.gateway.memory.entries import Recorded

log = logging.getLogger("gateway")


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

    def append(self, recorded: Recorded) -> None:
        """Write one entry durably.

        Raises:
            OSError: the disk is full or broken; the journal is then as before.
        """
        line = entries.to_line(recorded)
        size = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(28, "No space left on device", str(self.path))
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)
            raise

    def entries(self) -> Iterator[Recorded]:
        """All entries, oldest first. Lines that are none are left out; the damaged file is kept beside (`.damaged`)."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        good = [line for number, line in enumerate(lines, 1) if _is_entry(line, number)]
        if len(good) < len(lines):
            self._keep_only(good)
        # Read twice: one entry at a time is in memory, however many manifests there are.
        yield from map(entries.of_line, good)

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


def _is_entry(line: bytes, number: int) -> bool:
    try:
        entries.of_line(line)
    except ValueError as error:
        log.warning("journal: line %d is kept aside: %.200s", number, error)
        return False
    return True

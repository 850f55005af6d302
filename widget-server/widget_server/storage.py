"""Feedbacks in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    message TEXT NOT NULL,
    created_at TEXT NOT NULL
)
"""


class StorageError(Exception):
    """The database file can't be used; the text is Portuguese."""


@dataclass(frozen=True)
class Feedback:
    """One stored feedback; `created_at` is UTC in ISO 8601."""

    id: int
    name: str
    rating: int
    message: str
    created_at: str


class Storage:
    """Reads and writes feedbacks. Opens a connection per call, so that any thread may use it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self) -> None:
        """Create the file and its table where they are missing.

        Raises:
            StorageError: the place can't be written.
        """
        try:
            with self._connect() as connection:
                connection.execute(_SCHEMA)
                # A file that exists but is read-only passes the line above; this write does not.
                connection.execute("PRAGMA user_version = 1")
        except sqlite3.Error as error:
            raise StorageError(
                f"não consigo gravar o banco de dados em {self._path} ({error}). "
                "Confira DATABASE_PATH e se a pasta existe e pertence ao usuário do container (10001)."
            ) from error

    def add(self, name: str, rating: int, message: str) -> Feedback:
        """Store one feedback and return it with its id and time."""
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._connect() as connection:
            cursor = connection.execute(
                "INSERT INTO feedbacks (name, rating, message, created_at) VALUES (?, ?, ?, ?)",
                (name, rating, message, created_at),
            )
        return Feedback(int(cursor.lastrowid or 0), name, rating, message, created_at)

    def latest(self, limit: int) -> list[Feedback]:
        """Return up to `limit` feedbacks, newest first."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT id, name, rating, message, created_at FROM feedbacks ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Feedback(*row) for row in rows]

    def count(self) -> int:
        """Return how many feedbacks there are."""
        with self._connect() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM feedbacks").fetchone()[0])

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=2)
        try:
            with connection:  # commits, or rolls back on an error
                yield connection
        finally:
            connection.close()

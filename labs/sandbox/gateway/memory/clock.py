"""The lab's clock: the machine's time plus an offset that the course moves ("13 hours later the token has expired").

During a replay of the journal it stands at the recorded moment, so that what is created again gets its old dates.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970 in lab time."""

    def __init__(self) -> None:
        self.offset = 0
        self._frozen = threading.local()

    def now(self) -> float:
        """The lab's time now; the recorded moment inside `standing_at` of the same thread."""
        moment: float | None = getattr(self._frozen, "moment", None)
        return time.time() + self.offset if moment is None else moment

    def now_utc(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    @contextlib.contextmanager
    def standing_at(self, moment: float) -> Iterator[None]:
        """Let the clock stand for the calling thread."""
        before: float | None = getattr(self._frozen, "moment", None)
        self._frozen.moment = moment
        try:
            yield
        finally:
            self._frozen.moment = before


def iso(moment: float) -> str:
    """`2026-01-31T12:00:00.123456Z`, as Docker Hub's API and the events write times."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""From a running step's events to what the browser gets: small batches, at most ten per second, a bounded log."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from labs.base.events import Event, Line, Progress
from labs.base.text import size
from labs.seams.engine_stream import ENDED
from labs.widgets.colours import Painter, Pieces

LOG_LINES = 500
"""Lines that the log keeps; a build or push of the course has fewer."""
UNTOUCHED = {
    "cache": "do cache",
    "there": "já existia, não viajou",
    "mounted": "veio de outro repositório do registry, não viajou",
}
"""A bar of what was done is full; of what had not to be done there is none, and these words say why."""
PERIOD = 0.1
"""Seconds between two batches: ten a second look live and leave the browser free."""
LONGEST_LINE = 2000
"""Characters of one line that are shown; a tool may print a whole file in one line."""


class Feed:
    """Collects events from the working thread; another thread takes batches out. Only what is new is in a batch."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self._redact = redact
        self._guard = threading.Lock()
        self._painter = Painter()
        self._log: deque[str | Pieces] = deque(maxlen=LOG_LINES)
        self._bars: dict[str, dict[str, Any]] = {}
        self._new_lines: deque[str | Pieces] = deque(maxlen=LOG_LINES)
        self._new_bars: dict[str, dict[str, Any]] = {}
        self._began: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Line):
            with self._guard:
                lines = self._shown(event)
                self._log.extend(lines)
                self._new_lines.extend(lines)
        else:
            with self._guard:
                before = self._bars.get(event.key)
                bar = described(event, before)
                if before is None or bar != {name: before[name] for name in bar}:
                    began = self._began.setdefault(event.key, time.monotonic())
                    bar["seconds"] = int(time.monotonic() - began)
                    self._bars[event.key] = self._new_bars[event.key] = bar

    def _shown(self, event: Line) -> list[str | Pieces]:
        """One event can carry several lines; carriage returns redraw a line on a terminal. A line with a secret in it
        loses its colours: within one, an escape would hide the secret from who looks for it.
        """
        text = self._redact(event.text)
        whole = event.coloured if event.coloured and text == event.text else text
        return [self._painter.paint(line.rpartition("\r")[2][:LONGEST_LINE]) for line in whole.split("\n")]

    def batch(self) -> dict[str, Any] | None:
        """What is new since the last batch, or None."""
        with self._guard:
            if not self._new_lines and not self._new_bars:
                return None
            fresh = {"lines": list(self._new_lines), "bars": list(self._new_bars.values())}
            self._new_lines.clear()
            self._new_bars.clear()
            return fresh

    def everything(self) -> dict[str, Any]:
        """All that is kept, for a view that opens in the middle or afterwards."""
        with self._guard:
            return {"reset": True, "lines": list(self._log), "bars": list(self._bars.values())}


def described(event: Progress, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A progress bar in words: `max` 0 means that nobody knows how much there is. An engine that says a layer is done
    does not repeat its size, so what was known `before` stands.
    """
    value, most = event.done, event.total
    words = f"{size(value)} de {size(most)}" if most else (size(value) if value else "")
    if event.unit == "steps":
        words = "do cache" if event.cached else "pronto" if value == most else "em andamento"
    elif not most and before and before["max"] > 1:
        value, most, words = before["value"], before["max"], before["words"]
    if event.unit == "bytes" and ended(event.label):
        value = most = most or 1
        words = size(most) if most > 1 else ""
    untouched = _untouched(event)
    words = UNTOUCHED.get(untouched, words)
    return {"key": event.key, "label": event.label, "value": value, "max": most, "words": words, "kind": untouched}


def _untouched(event: Progress) -> str:
    """Why nothing had to be done, a key of `UNTOUCHED`; "" where something had."""
    status = event.label.partition(" ")[2] if event.unit == "bytes" else ""
    if event.cached:
        return "cache"
    if status.startswith("Mounted from"):
        return "mounted"
    return "there" if status in ("Layer already exists", "Already exists") else ""


def ended(label: str) -> bool:
    """Whether a layer's line ("0123456789ab Pushed") says that nothing of it is left to do."""
    status = label.partition(" ")[2]
    return status in ENDED or status.startswith("Mounted from")

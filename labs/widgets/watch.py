"""A verdict without a press: whoever types in a terminal leaves traces, and the cards of this kernel look again.

The traces are files: the prompt of the lab's terminals (`labs/jupyter/configuration.py`), the gateway's events (its own
and the engine's), the logins and profiles. Their times are read, and nothing else, as long as none has changed.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.widgets import changes
from labs.widgets.card import in_thread

LOOK_SECONDS = 0.4
"""Between two looks at the traces: with the cards' own it stays within the two seconds in which a verdict comes."""
QUIET_SECONDS = 0.2
"""A command leaves many traces; the cards look once it has left none for so long …"""
LONGEST_WAIT = 5
"""… or after so many such waits: a push may take minutes, and what came before it is proven meanwhile."""

Stamp = tuple[tuple[int, int], ...]


class Looker(Protocol):
    """A card that says by itself what the state proves."""

    def look_again(self) -> None: ...

    @property
    def path(self) -> str: ...


class Watch:
    """The cards that look again, and the thread that tells them to. `load` reads the settings of the moment."""

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        self._files, self._load = traces(settings), load
        self._seen = _stamp(self._files)
        self._cards: dict[str, weakref.ref[Looker]] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, card: Looker) -> None:
        """From now on this card looks again after each change, in the place of an earlier one of its step."""
        with self._guard:
            self._cards[card.path] = weakref.ref(card)
            if self._thread is None or not self._thread.is_alive():
                self._thread = in_thread(self._follow)

    def _follow(self) -> None:
        pause = threading.Event()
        while self._living():
            pause.wait(LOOK_SECONDS)
            if (now := _stamp(self._files)) == self._seen:
                continue
            for _ in range(LONGEST_WAIT):
                pause.wait(QUIET_SECONDS)
                before, now = now, _stamp(self._files)
                if now == before:
                    break
            with contextlib.suppress(LabError):  # another account or target may have been chosen
                self._files = traces(self._load())
            self._seen = _stamp(self._files)
            self._tell()

    def _tell(self) -> None:
        changes.announce()
        for card in self._living():
            card.look_again()

    def _living(self) -> list[Looker]:
        with self._guard:
            return [card for reference in self._cards.values() if (card := reference())]


def traces(settings: Settings) -> tuple[Path, ...]:
    """The files that a typed command changes."""
    return (
        settings.typed,
        settings.home / "settings.json",
        settings.live_file,
        settings.gateway_events,
        settings.docker_config / "config.json",
        settings.aws_config_file,
        settings.aws_credentials_file,
    )


def _stamp(files: Sequence[Path]) -> Stamp:
    return tuple(map(_written, files))


def _written(path: Path) -> tuple[int, int]:
    """When, and how long it is; nothing of a file that is not there."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size
    return 0, 0

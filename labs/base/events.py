"""What a running command tells whoever watches it: a widget, the terminal, a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    """One line of the tool's output, as a terminal would show it.

    `detail` lines vary from run to run (cache, temporary containers): the log shows them, a stored transcript does not.
    `coloured` is the text with the tool's own escapes, where it has any: for who can show colours.
    """

    text: str
    detail: bool = False
    coloured: str = ""


@dataclass(frozen=True)
class Progress:
    """How far one layer or build step is. `done` and `total` in `unit`; `total` 0 means unknown. `cached`: it is there
    from before, so nothing was done.
    """

    key: str
    label: str
    done: int
    total: int
    unit: Literal["bytes", "steps"] = "bytes"
    cached: bool = False


Event = Line | Progress
Watcher = Callable[[Event], None]
Report = Callable[[str], None]
"""Takes one line for a person."""


def ignore(_event: Event) -> None:
    """A watcher that looks away."""

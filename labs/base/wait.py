"""The kit's one polling loop: a deadline, and the last thing that was observed.

Standard library only and light: the supervisor imports it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from labs.base.errors import SandboxError

INTERVAL = 0.015
"""Seconds between two looks: short against the parts' start (0.1 to 1 s), and still idle in between."""


class Look:
    """What one look at something saw: whether it is as wished, and the observation in words."""

    __slots__ = ("ready", "seen")

    def __init__(self, ready: bool, seen: str = "") -> None:
        self.ready = ready
        self.seen = seen


def until(
    what: str,
    look: Callable[[], Look],
    seconds: float,
    *,
    next_command: str = "",
    interval: float = INTERVAL,
) -> float:
    """Look until it is ready; returns the seconds it took.

    Args:
        what: Portuguese name of what is awaited, with its verb: "o engine responder".
        look: called at once and then every `interval`; an `OSError` counts as "not yet".
        seconds: the deadline; `look` is called at least once.

    Raises:
        SandboxError: the deadline passed; `observed` is the last thing seen.
    """
    start = time.monotonic()
    while True:
        try:
            last = look()
        except OSError as error:
            last = Look(False, f"{type(error).__name__}: {error}")
        waited = time.monotonic() - start
        if last.ready:
            return waited
        if waited >= seconds:
            raise SandboxError(f"Esperei {seconds:g} s por isto, sem sucesso: {what}.", last.seen, next_command)
        time.sleep(min(interval, max(0.0, seconds - waited)))

"""The kit's one polling loop: a deadline, and the last thing that was observed.

Standard library only and light: the supervisor imports it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from labs.base.errors import SandboxError

INTERVAL = 0.015
"""Seconds between two looks: short against the parts' start (0.1 to 1 s), and still idle in between."""
TELL_EVERY = 20.0
"""Seconds of waiting after which a person wants to know for what."""


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
    report: Callable[[str], None] | None = None,
) -> float:
    """Look until it is ready; returns the seconds it took.

    Args:
        what: Portuguese name of what is awaited, with its verb: "o engine responder".
        look: called at once and then every `interval`; an `OSError` counts as "not yet".
        seconds: the deadline; `look` is called at least once.
        report: told every `TELL_EVERY` seconds what is still awaited.

    Raises:
        SandboxError: the deadline passed; `observed` is the last thing seen.
    """
    start = time.monotonic()
    tell_at = TELL_EVERY
    while True:
        try:
            last = look()
        except OSError as error:
            last = Look(False, f"{type(error).__name__}: {error}")
        waited = time.monotonic() - start
        if last.ready:
            return waited
        if report and waited >= tell_at:
            report(f"Ainda espero, há {waited:.0f} s: {what}.")
            tell_at = waited + TELL_EVERY
        if waited >= seconds:
            raise SandboxError(f"Esperei {seconds:g} s por isto, sem sucesso: {what}.", last.seen, next_command)
        time.sleep(min(interval, max(0.0, seconds - waited)))

"""Checks: functions that read the engine, the registries and the cloud, and return a `Verdict`.

A check never writes and never trusts what was recorded. Each has a name, which the catalogue uses; a module's checks
are known once it is imported (`labs/running/judge.py` imports them all).
"""

from __future__ import annotations

from collections.abc import Callable

from labs.base.verdict import Verdict

Check = Callable[..., Verdict]
CHECKS: dict[str, Check] = {}
"""By name: `check(world, **arguments)`."""


def check(function: Check) -> Check:
    """Register a check under its function's name."""
    CHECKS[function.__name__] = function
    return function

"""How long `up` takes: no longer than its slowest part, since all start at once and are asked often."""

from __future__ import annotations

import time
from collections.abc import Callable

from labs import sandbox
from labs.sandbox import processes
from labs.settings import Settings

OVERHEAD_SECONDS = 0.6
"""Sweep, ports, bridge and the supervisor's own start, with room for a busy machine; measured: 0.1."""
SUPERVISOR_KIB = 15 * 1024


def test_up_takes_as_long_as_its_slowest_part(new_home: Callable[..., Settings]) -> None:
    settings = sandbox.up(new_home("time"), lambda _: None)
    sandbox.down(settings, lambda _: None)
    began = time.monotonic()
    sandbox.up(settings, lambda _: None)
    took = time.monotonic() - began
    parts = sandbox.status(settings)["parts"]
    slowest = max(part["ready_after"] for part in parts.values())
    assert took <= slowest + OVERHEAD_SECONDS, parts


def test_the_supervisor_is_small(lab: Settings) -> None:
    assert 0 < processes.resident_kib(sandbox.status(lab)["supervisor"]["pid"])[0] <= SUPERVISOR_KIB

"""The lab's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labs.sandbox.gateway.memory.clock import Clock


def test_the_clock_stands_during_a_replay() -> None:
    clock = Clock()
    clock.offset = 3600
    assert abs(clock.now() - datetime.now(UTC).timestamp() - 3600) < 5
    with clock.standing_at(1000.0):
        assert clock.now() == 1000.0
        assert clock.now_utc() == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1000)

"""A refusal without credentials stays an event, even when the same client logs in at once."""

from __future__ import annotations

from pathlib import Path

from labs.sandbox.gateway.memory.access_log import Events
from labs.sandbox.gateway.memory.clock import Clock


def refused(events: Events) -> list[int]:
    return [event["seq"] for event in events.since() if event["kind"] == "refused"]


def challenge(events: Events) -> None:
    events.add_provisional("docker", "ecr", repository="", status=401, code="NO_BASIC_AUTH", message="no")


def test_only_the_answered_challenge_is_withdrawn(tmp_path: Path) -> None:
    events = Events(tmp_path / "events.jsonl", Clock())
    challenge(events)
    first = refused(events)
    challenge(events)
    events.came_back("docker")
    events.came_back("docker")
    assert refused(events) == first

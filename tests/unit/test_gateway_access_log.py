"""What the gateway saw: numbered, bounded, and a refusal withdrawn only by the client that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.sandbox.gateway.memory import access_log
from labs.sandbox.gateway.memory.access_log import KEPT, Events
from labs.sandbox.gateway.memory.clock import Clock


def test_events_are_numbered_over_restarts(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    events.add("hub", "push", repository="a/b")
    again = Events(tmp_path / "e", Clock())
    assert again.add("hub", "pull") == 2
    assert [event["kind"] for event in again.since(0)] == ["push", "pull"]
    again.clear()
    assert again.since(0) == []
    assert Events(tmp_path / "e", Clock()).add("hub", "push") == 3


def test_events_are_bounded(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    for _ in range(2 * KEPT + 10):
        events.add("hub", "pull")
    assert len(events.since()) == KEPT
    assert len((tmp_path / "e").read_bytes().splitlines()) <= 2 * KEPT
    assert Events(tmp_path / "e", Clock()).since()[-1]["seq"] == 2 * KEPT + 10


def test_parallel_refusals_are_one_event(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    for _ in range(5):
        events.add("hub", "refused", repository="a/b", code="DENIED")
    events.add("hub", "refused", repository="a/c", code="DENIED")
    assert [event["repository"] for event in events.since()] == ["a/b", "a/c"]


def test_only_the_client_that_comes_back_withdraws_its_refusal(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    events.add_provisional("one", "ecr", code="NO_BASIC_AUTH")
    events.add_provisional("two", "ecr", code="NO_BASIC_AUTH", repository="r")
    events.came_back("two")
    for seen in (events, Events(tmp_path / "e", Clock())):
        assert [event["repository"] for event in seen.since()] == [""]


def test_a_login_after_a_refused_push_does_not_withdraw_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, moment = Events(tmp_path / "e", Clock()), 100.0
    monkeypatch.setattr("labs.sandbox.gateway.memory.access_log.time.monotonic", lambda: moment)
    events.add_provisional("docker", "ecr", code="NO_BASIC_AUTH", repository="push")
    moment += 1.0
    for layer in ("one", "two"):
        events.add_provisional("docker", "ecr", code="NO_BASIC_AUTH", repository=layer)
    events.came_back("docker")
    assert [event["repository"] for event in events.since()] == ["push"]


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


def test_a_full_log_lets_go_first_of_what_has_a_newer_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "KEPT", 20)
    events = Events(tmp_path / "events.jsonl", Clock())
    once = events.add("hub", "account", user="aluno")
    for _ in range(200):
        events.add("aws", "api", reference="ecr:DescribeImages")
    kept = events.since()
    assert kept[0]["seq"] == once and len(kept) <= 20 and kept[-1]["seq"] == 201
    again = Events(tmp_path / "events.jsonl", Clock()).since()
    assert again[0]["seq"] == once and again[-1]["seq"] == 201
    for number in range(100):
        events.add("hub", "pull", repository=f"r{number}")
    assert len(events.since()) <= 20, "what is all different goes by its age"

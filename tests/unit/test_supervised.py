"""The plan and the state of the supervisor: they come back as they went, and a damaged file is no plan and no state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labs.sandbox import parts, supervised
from labs.sandbox.supervised import Part, PartState, State

PLAN = [
    Part("gateway", ("python", "-m", "gateway"), {"PATH": "/bin", "PYTHONPATH": "/kit"}, "g.log", "g.sock", "/health"),
    Part("engine", ("dockerd",), {}, "e.log", "e.sock", "/_ping", ("e.sock",), ("e.pid",), grace=15),
]
GATEWAY = PartState(8, "boot-2", 13.0, 1, 0.4, True, "HTTP 200")
STATE = State(7, "boot-1", 12.5, {"gateway": GATEWAY, "hub": PartState()})
SAMPLE = {
    "pid": 7,
    "start": "boot-1",
    "since": 12.5,
    "parts": {
        "gateway": {
            "pid": 8,
            "start": "boot-2",
            "since": 13,
            "restarts": 1,
            "ready_after": 0.4,
            "healthy": True,
            "observed": "HTTP 200",
        }
    },
}
"""As an earlier version of the kit wrote it."""


def test_plan_and_state_come_back_as_they_went(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(supervised.plan_text(PLAN))
    assert supervised.read_plan(str(path)) == PLAN
    path.write_text(supervised.state_text(STATE))
    assert supervised.read_state(str(path)) == STATE
    path.write_text(json.dumps(SAMPLE))
    assert supervised.read_state(str(path)) == State(7, "boot-1", 12.5, {"gateway": GATEWAY})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"parts": 3}', '{"parts": {"hub": 3}}', '{"parts": {"hub": {}}}']
)
def test_a_damaged_state_knows_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "supervisor.json"
    assert supervised.read_state(str(path)) == State()
    path.write_text(text)
    assert supervised.read_state(str(path)) == State()


def drop(plan: list[dict[str, Any]]) -> None:
    del plan[0]["argv"]


def add(plan: list[dict[str, Any]]) -> None:
    plan[0]["colour"] = "blue"


def mistype(plan: list[dict[str, Any]]) -> None:
    plan[1]["env"] = {"PATH": 3}


@pytest.mark.parametrize("damage", [drop, add, mistype, lambda plan: plan.append(3)])
def test_a_damaged_plan_is_none(tmp_path: Path, damage: Callable[[list[dict[str, Any]]], None]) -> None:
    path = tmp_path / "parts.json"
    told = json.loads(supervised.plan_text(PLAN))
    damage(told)
    path.write_text(json.dumps(told))
    with pytest.raises(ValueError, match="TypeError"):
        supervised.read_plan(str(path))


def test_a_terminals_own_path_makes_no_other_plan() -> None:
    elsewhere = [part._replace(env={**part.env, "PATH": "/elsewhere"}) for part in PLAN]
    assert parts.are_as_planned(elsewhere, PLAN)
    assert not parts.are_as_planned([PLAN[0]._replace(argv=("other",)), PLAN[1]], PLAN)
    assert not parts.are_as_planned([PLAN[0]._replace(env={"PYTHONPATH": "/other"}), PLAN[1]], PLAN)

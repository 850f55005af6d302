"""What passes between `up` and the supervisor, as types: the plan (`parts.json`) and the state (`supervisor.json`).

Standard library only, and nothing of labs: the supervisor imports it. The types are named tuples, since `dataclasses`
brings `inspect` along: 1.3 MB more for a process of 12 MB, and 20 ms of its start, for which every part waits.

A file that is damaged anywhere is damaged as a whole: such a plan is like no other, such a state knows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


class Part(NamedTuple):
    """One part of the sandbox as a process: how it is started, asked for its health, and stopped."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    log: str
    socket: str
    """The Unix socket on which it answers."""
    path: str
    """What is asked there."""
    stale: tuple[str, ...] = ()
    """Files to remove before its start."""
    pid_files: tuple[str, ...] = ()
    """Files that it may have left; the processes that they name are ended before its start."""
    grace: float = 5.0
    """Seconds in which it may end by itself."""


class PartState(NamedTuple):
    """What the supervisor knows about a part; `pid` is 0 while it does not run."""

    pid: int = 0
    start: str = ""
    """The start mark of that process (`processes.start_of`), since ids are used again."""
    since: float = 0.0
    restarts: int = 0
    ready_after: float = 0.0
    """Seconds from its start to the first good answer; 0 before that."""
    healthy: bool = False
    observed: str = ""


class State(NamedTuple):
    """What the supervisor knows about itself and its parts; `pid` is 0 where it left no word."""

    pid: int = 0
    start: str = ""
    since: float = 0.0
    parts: Mapping[str, PartState] = MappingProxyType({})


_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def plan_text(parts: Sequence[Part]) -> str:
    """What `parts.json` says."""
    return json.dumps([part._asdict() for part in parts], indent=1)


def read_plan(path: str) -> list[Part]:
    """The parts of `parts.json`, in the order of stopping.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or another version wrote it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return [_part(**told) for told in json.load(file)]
    except _DAMAGED as error:
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error


def _part(
    *,
    name: str,
    argv: list[str],
    env: dict[str, str],
    log: str,
    socket: str,
    path: str,
    stale: list[str],
    pid_files: list[str],
    grace: float,
) -> Part:
    texts = [name, *argv, *env.keys(), *env.values(), log, socket, path, *stale, *pid_files]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text was expected")
    return Part(name, tuple(argv), env, log, socket, path, tuple(stale), tuple(pid_files), float(grace))


def state_text(state: State) -> str:
    """What `supervisor.json` says."""
    parts = {name: known._asdict() for name, known in state.parts.items()}
    return json.dumps({**state._asdict(), "parts": parts}, indent=1)


def read_state(path: str) -> State:
    """The supervisor's last words; an empty state where there are none, or they are damaged."""
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        parts = {str(name): _part_state(known) for name, known in told["parts"].items()}
        return State(int(told["pid"]), str(told["start"]), float(told["since"]), parts)
    except (OSError, *_DAMAGED):
        return State()


def _part_state(known: dict[str, Any]) -> PartState:
    return PartState(
        int(known["pid"]),
        str(known["start"]),
        float(known["since"]),
        int(known["restarts"]),
        float(known["ready_after"]),
        bool(known["healthy"]),
        str(known["observed"]),
    )

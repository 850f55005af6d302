"""The polling loop: deadline, last observation, no exception swallowed but "nobody there yet"."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from labs.base import wait
from labs.base.errors import SandboxError
from labs.base.wait import Look, until


def test_returns_at_the_first_ready_look() -> None:
    answers = iter([Look(False, "not yet"), Look(False, "almost"), Look(True)])
    assert until("a coisa responder", lambda: next(answers), 5, interval=0.001) < 1


def test_looks_once_even_without_time() -> None:
    assert until("a coisa responder", lambda: Look(True), 0) >= 0


def test_deadline_tells_the_last_thing_observed_and_the_next_command() -> None:
    with pytest.raises(SandboxError) as caught:
        until("o engine responder", lambda: Look(False, "HTTP 503"), 0.02, next_command="labs status", interval=0.001)
    assert "o engine responder" in caught.value.what
    assert caught.value.observed == "HTTP 503"
    assert caught.value.next_command == "labs status"


def test_nobody_there_yet_is_not_a_failure() -> None:
    answers: Iterator[OSError | Look] = iter([ConnectionRefusedError("refused"), Look(True)])

    def look() -> Look:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert until("a porta abrir", look, 5, interval=0.001) < 1


def test_other_exceptions_come_through() -> None:
    with pytest.raises(ZeroDivisionError):
        until("algo", lambda: Look(bool(1 / 0)), 1)


def test_who_waits_long_is_told_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "TELL_EVERY", 0.02)
    told: list[str] = []
    until("o engine responder", lambda: Look(len(told) == 2), 5, interval=0.001, report=told.append)
    assert told == ["Ainda espero, há 0 s: o engine responder."] * 2

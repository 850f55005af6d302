"""What the gateway saw, for the course's checks: an append-only file with sequence numbers that survive restarts.

A refusal may be provisional: a client's first request without credentials is answered with a challenge, and only a
client that has none stays refused. Docker prints `no basic auth credentials` without asking again, so the event is
there at once and withdrawn when the same client comes back with credentials (RFC 9110, section 11).
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from labs.sandbox.gateway.memory.clock import Clock, iso

Access = dict[str, Any]
KEPT = 5000
LONGEST_FIELD = 1000
"""Characters of a field that are kept: what a client sends as a name or a message may be megabytes long."""
SAME_SECONDS = 0.25
"""Docker uploads layers in parallel: the same refusal of all of them within this time is one event."""
WITHDRAW_SECONDS = 5.0
QUIET: ContextVar[bool] = ContextVar("quiet", default=False)
"""Whether what is answered now is a read of the kit's own: it leaves no event, for it is nobody's work."""


class Challenge(NamedTuple):
    """A refusal that may still be withdrawn: when (machine's monotonic time), to whom, and which event it is."""

    time: float
    client: str
    seq: int
    of_repository: bool


def _thinned(events: list[Access]) -> list[Access]:
    """Nine tenths of what may be kept: without those that have a newer twin, oldest first, and then the oldest."""
    spare = len(events) - KEPT * 9 // 10
    newest = {_what(event): event["seq"] for event in events}
    twins = [event["seq"] for event in events if newest[_what(event)] != event["seq"]]
    gone = set(twins[:spare])
    kept = [event for event in events if event["seq"] not in gone]
    return kept[max(0, spare - len(gone)) :]


def _what(event: Access) -> tuple[Any, ...]:
    names = ("service", "kind", "repository", "reference", "user", "code", "subject", "kit")
    return tuple(event.get(name) for name in names)


class Events:
    """The last `KEPT` events, in memory and on disk."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.RLock()  # budget alerts come from the state's thread
        self._kept: list[Access] = []
        self._seq = 0
        self.engine_moment = 0
        """When the engine saw the last event that is told here, withdrawn or not: nanoseconds since 1970, its clock."""
        self._lines = 0
        self._last_refusal: tuple[tuple[Any, ...], float] = ((), 0.0)
        self._provisional: list[Challenge] = []
        self._load()

    def _load(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self._apply(json.loads(line))
        if len(self._kept) > KEPT:
            self._kept = _thinned(self._kept)
        self._compact()

    def _apply(self, line: dict[str, Any]) -> None:
        if "withdrawn" in line:
            self._kept = [one for one in self._kept if one["seq"] != line["withdrawn"]]
            return
        self._seq = max(self._seq, int(line["seq"]))
        self._saw(line)
        if "kind" in line:
            self._kept.append(line)

    def add(
        self,
        service: str,
        kind: str,
        *,
        repository: str = "",
        reference: str = "",
        user: str = "",
        status: int = 200,
        code: str = "",
        message: str = "",
        key: str = "",
        subject: str = "",
        app_env: str = "",
        kit: bool = False,
    ) -> int:
        """Record an event; returns its sequence number (of the first one, when the same refusal comes in a bunch).

        Args:
            key: the access key that signed the request, or was to (its id is no secret).
            subject: what the request was about: an access key's id, the action on a registry, an image's name.
            app_env: the `APP_ENV` that a container had.
            kit: the kit changed something by itself (a case of the clinic, the clean-up): nobody's work either.
        """
        if QUIET.get():
            return self._seq
        told = {
            "repository": repository,
            "reference": reference,
            "user": user,
            "status": status,
            "code": code,
            "message": message,
            "key": key,
            "subject": subject,
            "app_env": app_env,
            "kit": kit,
        }
        with self._lock:
            cut = {name: text[:LONGEST_FIELD] if isinstance(text, str) else text for name, text in told.items()}
            return self._add(service, kind, cut)

    def _add(self, service: str, kind: str, told: Access) -> int:
        same = (service, kind, *(told[name] for name in ("repository", "user", "code", "message", "subject")))
        if kind == "refused" and same == self._last_refusal[0]:
            repeated = time.monotonic() - self._last_refusal[1] < SAME_SECONDS
            if repeated:
                return self._seq
        self._last_refusal = (same, time.monotonic())
        self._seq += 1
        event = {"seq": self._seq, "time": iso(self._clock.now()), "service": service, "kind": kind, **told}
        self._kept.append(event)
        self._saw(event)
        if len(self._kept) > KEPT:
            self._kept = _thinned(self._kept)
        self._write(event)
        return self._seq

    def _saw(self, line: Access) -> None:
        moment = line.get("engine") or (line["message"] if line.get("service") == "engine" else 0)
        self.engine_moment = max(self.engine_moment, int(moment or 0))

    def add_provisional(self, client: str, service: str, **fields: Any) -> None:
        """Record a refusal that `came_back` withdraws: never part of a bunch, or an earlier one would go with it."""
        if QUIET.get():
            return
        self._last_refusal = ((), 0.0)
        seq = self.add(service, "refused", **fields)
        self._provisional.append(Challenge(time.monotonic(), client, seq, bool(fields.get("repository"))))

    def came_back(self, client: str) -> None:
        """The client has credentials after all: its provisional refusals were challenges."""
        if self._provisional and not QUIET.get():
            with self._lock:
                self._withdraw(client)

    def _withdraw(self, client: str) -> None:
        fresh = time.monotonic() - WITHDRAW_SECONDS
        waiting = [challenge for challenge in self._provisional if challenge.time >= fresh]
        theirs = [challenge for challenge in waiting if challenge.client == client]
        # Only the last challenge was answered, with those of the layers that an engine asks for in parallel; a ping
        # before it was of another command, which was really refused.
        parallel = theirs[-1].time - SAME_SECONDS if theirs else 0.0
        bunch = [earlier for earlier in theirs[:-1] if earlier.of_repository and earlier.time >= parallel]
        for challenge in bunch + theirs[-1:]:
            self._apply({"withdrawn": challenge.seq})
            self._write({"withdrawn": challenge.seq})
            self._last_refusal = ((), 0.0)
        self._provisional = [challenge for challenge in waiting if challenge.client != client]

    def withdraw(self, seq: int) -> None:
        """Forget one event, as if it had not been: its lesson is begun anew."""
        with self._lock:
            self._apply({"withdrawn": seq})
            self._write({"withdrawn": seq})

    def since(self, seq: int = 0) -> list[Access]:
        with self._lock:
            return [event for event in self._kept if event["seq"] > seq]

    def clear(self) -> None:
        """Forget all; numbers go on, so that a reader who remembers one sees nothing old."""
        with self._lock:
            self._kept.clear()
            self._provisional.clear()
            self._compact()

    def _write(self, line: dict[str, Any]) -> None:
        # Events are evidence for checks, not state: a full disk must not stop a push.
        with contextlib.suppress(OSError):
            self._append(json.dumps(line).encode() + b"\n")
        self._lines += 1
        if self._lines > 2 * KEPT:
            self._compact()

    def _append(self, data: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)

    def _compact(self) -> None:
        lines = [{"seq": self._seq, "engine": self.engine_moment}, *self._kept]
        temporary = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
            temporary.replace(self._path)
        self._lines = len(lines)

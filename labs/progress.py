"""What was proven, kept per step in `progress.json`.

The file is a memory, not the truth: the truth is the state, and `Runner.verify` reads it again. Losing the file loses
no proof that still holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from labs.errors import StateError
from labs.settings import Settings, write_atomic


@dataclass(frozen=True)
class Record:
    """The last proof of a step. `at` is ISO 8601 in UTC; `seconds` what the step took; `tries` how often it was run."""

    passed: bool
    observed: str
    at: str
    seconds: float = 0.0
    tries: int = 1
    evidence: Mapping[str, str] = field(default_factory=dict)


class Progress:
    """Reads and writes the records; safe for several kernels at once."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.progress_file
        self._lock = settings.home / "locks" / "progress"

    def all(self) -> dict[str, Record]:
        """Records by "lesson/step". A damaged file counts as empty and is kept aside."""
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            return {path: Record(**record) for path, record in stored["steps"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(
                "Não consegui ler o seu progresso.", f"{self._path}: {error.strerror}", f"ls -l '{self._path}'"
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError):
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".danificado.json"))
            return {}

    def record(self, path: str, *, passed: bool, observed: str, seconds: float, evidence: Mapping[str, str]) -> Record:
        """Remember a try. A step that was proven stays proven until a check of it fails (`forget`).

        Raises:
            StateError: the state folder cannot be written; nothing was recorded.
        """
        with self._locked():
            steps = self.all()
            before = steps.get(path)
            tries = (before.tries if before else 0) + 1
            if before and before.passed and not passed:
                steps[path] = Record(**{**asdict(before), "tries": tries})
            else:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                steps[path] = Record(passed, observed, now, round(seconds, 3), tries, dict(evidence))
            self._write(steps)
            return steps[path]

    def forget(self, path: str) -> None:
        """A check of this step no longer passes: back to pending."""
        with self._locked():
            steps = self.all()
            if steps.pop(path, None):
                self._write(steps)

    def _write(self, steps: Mapping[str, Record]) -> None:
        content: dict[str, Any] = {"version": 1, "steps": {path: asdict(record) for path, record in steps.items()}}
        write_atomic(self._path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self._lock.open("w")
        except OSError as error:
            raise StateError(
                "Não consegui gravar na pasta de estado do laboratório.",
                f"{self._lock}: {error.strerror}",
                f"ls -ld '{self._lock.parent}'",
            ) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

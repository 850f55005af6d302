"""What was proven, kept per step in `progress.json`.

The file is a memory, not the truth: the truth is the state, and `Runner.verify` reads it again. Losing the file loses
no proof that still holds.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from labs.base.errors import StateError
from labs.base.files import locked, write_atomic
from labs.base.settings import Settings


@dataclass(frozen=True)
class Record:
    """The last proof of a step.

    Attributes:
        at: when, ISO 8601 in UTC. `began`: when the first try did.
        seconds: what the step took. `spent`: all tries together.
        tries: how often it was run.
    """

    passed: bool
    observed: str
    at: str
    seconds: float = 0.0
    tries: int = 1
    evidence: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    spent: float = 0.0


class Progress:
    """Reads and writes the records; safe for several kernels at once."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.progress_file
        self._lock = settings.home / "locks" / "progress"

    def lost(self) -> bool:
        """Whether something was recorded once and the file is gone."""
        return self._lock.exists() and not self._path.exists()

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
        with locked(self._lock):
            steps = self.all()
            before = steps.get(path)
            tries = (before.tries if before else 0) + 1
            spent = round((before.spent or before.seconds if before else 0.0) + seconds, 3)
            now = datetime.now(UTC)
            began = (before and (before.began or before.at)) or _moment(now - timedelta(seconds=seconds))
            if before and before.passed and not passed:
                steps[path] = replace(before, tries=tries, spent=spent, began=began)
            else:
                steps[path] = Record(
                    passed, observed, _moment(now), round(seconds, 3), tries, dict(evidence), began, spent
                )
            self._write(steps)
            return steps[path]

    def restore(self, proofs: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """Remember what the state proves (observed and evidence by "lesson/step"), where nothing is recorded."""
        now = _moment(datetime.now(UTC))
        with locked(self._lock):
            found = {path: Record(True, seen, now, 0.0, 0, dict(evidence)) for path, (seen, evidence) in proofs.items()}
            self._write(found | self.all())

    def forget(self, path: str) -> None:
        """A check of this step no longer passes: back to pending."""
        with locked(self._lock):
            steps = self.all()
            if steps.pop(path, None):
                self._write(steps)

    def _write(self, steps: Mapping[str, Record]) -> None:
        content: dict[str, Any] = {"version": 1, "steps": {path: asdict(record) for path, record in steps.items()}}
        write_atomic(self._path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds")

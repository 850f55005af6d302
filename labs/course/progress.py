"""What was proven, kept per step in `progress.json`.

The file is a memory, not the truth: the truth is the state, and `Runner.verify` reads it again. Losing the file loses
no proof that still holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from labs.base.documents import Entries, Typed
from labs.base.settings import Settings
from labs.base.text import plural


class Record(Typed, frozen=True):
    """The last proof of a step.

    Attributes:
        at: when, ISO 8601 in UTC. `began`: when the first try did.
        seconds: what the step took. `spent`: all tries together.
        tries: how often it was run, or checked in vain.
        made_for: the lesson that it was prepared for, where nobody did it for its own sake.
    """

    passed: bool
    observed: str
    at: str
    seconds: float = 0.0
    tries: int = 1
    evidence: Mapping[str, str] = msgspec.field(default_factory=dict)
    began: str = ""
    spent: float = 0.0
    made_for: str = ""

    def __post_init__(self) -> None:
        for name, moment in (("at", self.at), ("began", self.began or self.at)):
            try:
                zone = datetime.fromisoformat(moment).tzinfo
            except ValueError:
                zone = None
            if zone is None:
                raise ValueError(f"`{name}` não é data e hora com fuso: {moment!r}")


class Progress:
    """Reads and writes the records; safe for several kernels at once."""

    def __init__(self, settings: Settings) -> None:
        self._file = Entries(
            settings.progress_file,
            settings.home / "locks" / "progress",
            "steps",
            Record,
            "Não consegui ler o seu progresso.",
        )

    def lost(self) -> str:
        """What was recorded once and can no longer be read, in words; empty where nothing is."""
        if self._file.lost():
            return "O seu progresso gravado se perdeu."
        if missing := self._file.missing():
            steps = plural(len(missing), "passo", "passos")
            return f"O registro de {steps} estava danificado e ficou guardado em {self._file.aside.name}."
        return ""

    def all(self) -> dict[str, Record]:
        """Records by "lesson/step". A damaged file counts as empty, a damaged record as none; both are kept aside.

        Raises:
            StateError: the file is there and cannot be read.
        """
        return self._file.all()

    def record(self, path: str, *, passed: bool, observed: str, seconds: float, evidence: Mapping[str, str]) -> Record:
        """Remember a try. A step that was proven stays proven until a check of it fails (`forget`).

        Raises:
            StateError: the state folder cannot be written; nothing was recorded.
        """
        with self._file.changing() as steps:
            before = steps.get(path)
            tries = (before.tries if before else 0) + 1
            spent = round((before.spent or before.seconds if before else 0.0) + seconds, 3)
            now = datetime.now(UTC)
            began = (before and (before.began or before.at)) or _moment(now - timedelta(seconds=seconds))
            if before and before.passed and not passed:
                steps[path] = msgspec.structs.replace(before, tries=tries, spent=spent, began=began)
            else:
                steps[path] = Record(
                    passed, observed, _moment(now), round(seconds, 3), tries, dict(evidence), began, spent
                )
            return steps[path]

    def prepared(self, paths: Iterable[str], lesson_id: str) -> None:
        """What was proven just now was made for this lesson.

        Raises:
            StateError: the state folder cannot be written.
        """
        with self._file.changing() as steps:
            for path in paths:
                if path in steps:
                    steps[path] = msgspec.structs.replace(steps[path], made_for=lesson_id)

    def restore(self, proofs: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """Remember what the state proves (observed and evidence by "lesson/step"), where nothing is recorded."""
        now = _moment(datetime.now(UTC))
        with self._file.changing(settled=True) as steps:
            for path, (seen, evidence) in proofs.items():
                steps.setdefault(path, Record(True, seen, now, 0.0, 0, dict(evidence)))

    def missed(self, path: str, observed: str) -> None:
        """A check that somebody asked for did not find the step done: one more try.

        Raises:
            StateError: the state folder cannot be written.
        """
        self.record(path, passed=False, observed=observed, seconds=0.0, evidence={})

    def forget(self, path: str) -> None:
        """A check of this step no longer passes: back to pending."""
        with self._file.changing() as steps:
            steps.pop(path, None)


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds")

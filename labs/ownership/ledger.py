"""The ledger: what the lab creates, written before it is created; nothing else is ever removed.

One file of JSON lines below the state folder (`ledger.jsonl`), append-only, each line on the disk before the command
runs. A line that a power cut tore is dropped; a damaged line before the end makes every removal refuse.

**The rule.** A thing is the lab's, and may be removed, if and only if

1. its name was *noted*: a step of the course that creates it (its literal command says so,
   `labs/course/command_line.py`) was opened, run or verified in this lab, or a terminal took the lab's environment, in
   which any step may be typed, or the kit itself made it; or its id was *seen* by such a step's check; and
2. it was *not there before*: the first `up` with an engine, and the first confirmation of a live account, write down
   what exists (ids, names, creation times), and that stays the learner's for ever. Where nothing was written down,
   nothing is removed.

So a command typed in a terminal is covered: `python3 -m labs env`, the step's card or its check noted the name; nobody
has to see the command run. A look-alike (`widget-server-outro`, another container on port 3000, an image with the same
labels) has no noted name; something of the same name from before the course has its identity among those of before.
An image that lost its name (a second build took it) is the lab's by its id, or where it was built from the base image
that the kit made for this engine (`labs/ownership/inventory.py`).

Things of one place say nothing about another: an engine is named by its address, live accounts by their names, and the
sandbox's registries and AWS are `sandbox`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from labs.base.documents import Damaged, Lines, Typed
from labs.base.errors import StateError
from labs.base.settings import SANDBOX, Settings
from labs.base.things import IN_ENGINE, Thing
from labs.course import target_words
from labs.course.command_line import CommandLine

BEFORE, NOTED, SEEN, REMOVED, LISTED = "before", "noted", "seen", "removed", "listed"
"""Events: was there before · will be created · exists, with this identity · removed · the list of before is whole."""
KIT = "up"
"""Who made what the kit itself needs (the base image): it stays until `reset`."""


class Entry(Typed, frozen=True):
    """One line. `by` is the step ("lesson/step") or `up`; `at` ISO 8601 in UTC."""

    event: str
    place: str
    kind: str = ""
    name: str = ""
    identity: str = ""
    by: str = ""
    at: str = ""


class Ledger:
    """Reads and writes one lab's ledger; safe for several kernels and terminals at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lines = Lines(settings.home / "ledger.jsonl", Entry)
        self.path = self._lines.path

    def place(self, kind: str) -> str:
        """Where things of this kind are created now."""
        return self._settings.engine_host or "engine" if kind in IN_ENGINE else self._settings.place

    # Writing -----------------------------------------------------------------------------------

    def note(self, things: Iterable[Thing], by: str) -> None:
        """Before creating: these names are the lab's from now on. What is noted already is not noted twice.

        Raises:
            StateError: it cannot be written; then nothing may be created.
        """
        self._append_new(NOTED, (Thing(one.kind, one.name) for one in things), by)

    def saw(self, things: Iterable[Thing], by: str) -> None:
        """After creating: these exist, with an identity. What existed before the lab is left out.

        Raises:
            StateError: it cannot be written.
        """
        before = self._identities(BEFORE)
        fresh = (one for one in things if one.identity and (self.place(one.kind), one.identity) not in before)
        self._append_new(SEEN, fresh, by)

    def removed(self, thing: Thing) -> None:
        """This was removed."""
        self._append([self._entry(REMOVED, thing, "cleanup")])

    def list_before(self, place: str, things: Iterable[Thing]) -> None:
        """What exists before the lab creates anything in a place; only the first time.

        Raises:
            StateError: it cannot be written.
        """
        if not self.is_listed(place):
            found = [Entry(BEFORE, place, one.kind, one.name, one.identity, at=_now()) for one in things]
            self._append([*found, Entry(LISTED, place, at=_now())])

    # Reading -----------------------------------------------------------------------------------

    def is_listed(self, place: str) -> bool:
        """Whether what existed in a place before the lab is known."""
        return any(entry.event == LISTED and entry.place == place for entry in self.entries())

    def before(self, kind: str) -> tuple[Thing, ...]:
        """What existed of a kind, in today's place, before the lab."""
        return tuple(
            Thing(entry.kind, entry.name, entry.identity)
            for entry in self.entries()
            if entry.event == BEFORE and entry.kind == kind and entry.place == self.place(kind)
        )

    def was_before(self, thing: Thing) -> bool:
        """Whether this very thing existed before the lab: the same identity, or the same name where there is none."""
        return any(
            (one.identity == thing.identity) if one.identity and thing.identity else (one.name == thing.name)
            for one in self.before(thing.kind)
        )

    def noted(self, thing: Thing, *, kit: bool = False) -> bool:
        """Whether this name was noted, or this identity seen, in a place whose things of before are known.

        Args:
            kit: what the kit itself made counts, too.

        Raises:
            StateError: the ledger cannot be read, or is damaged.
        """
        place = self.place(thing.kind)
        return self._is_known(place) and any(
            entry.kind == thing.kind
            and entry.place == place
            and (kit or entry.by != KIT)
            and (
                (entry.event == NOTED and bool(thing.name) and entry.name == thing.name)
                or (entry.event == SEEN and bool(thing.identity) and entry.identity == thing.identity)
            )
            for entry in self.entries()
        )

    def owns(self, thing: Thing, *, kit: bool = False) -> bool:
        """Whether the lab may remove this (the rule at the top).

        Raises:
            StateError: the ledger cannot be read, or is damaged.
        """
        return self.noted(thing, kit=kit) and not self.was_before(thing)

    def _is_known(self, place: str) -> bool:
        """Whether the ledger can tell the lab's from the learner's there: in the sandbox all is the lab's time."""
        return place == SANDBOX or self.is_listed(place)

    def made_by_kit(self, kind: str) -> set[str]:
        """Identities of what the kit itself made of a kind in today's place."""
        place = self.place(kind)
        return {
            entry.identity
            for entry in self.entries()
            if entry.event == SEEN and entry.by == KIT and entry.kind == kind and entry.place == place
        }

    def outstanding(self, place: str) -> tuple[Thing, ...]:
        """What was noted in a place and not removed since; whether it still exists only the place itself can say."""
        found: dict[tuple[str, str], Thing] = {}
        for entry in self.entries():
            if entry.place == place and entry.event == NOTED:
                found[entry.kind, entry.name] = Thing(entry.kind, entry.name)
            elif entry.place == place and entry.event == REMOVED:
                found.pop((entry.kind, entry.name), None)
        return tuple(found.values())

    def entries(self) -> tuple[Entry, ...]:
        """All lines, oldest first; a torn last line is left out.

        Raises:
            StateError: the file cannot be read, or a line before the last is damaged.
        """
        try:
            return self._lines.all()
        except OSError as error:
            raise _unusable(self.path, error.strerror or str(error)) from error
        except Damaged as error:
            raise _unusable(self.path, str(error)) from error

    # The file ----------------------------------------------------------------------------------

    def _entry(self, event: str, thing: Thing, by: str) -> Entry:
        return Entry(event, self.place(thing.kind), thing.kind, thing.name, thing.identity, by, _now())

    def _append_new(self, event: str, things: Iterable[Thing], by: str) -> None:
        wanted = {(self.place(one.kind), one.kind, one.name, one.identity, by == KIT): one for one in things}
        if not wanted:
            return
        known: set[tuple[str, str, str, str, bool]] = set()
        for entry in self.entries():
            if entry.event == event:
                known.add((entry.place, entry.kind, entry.name, entry.identity, entry.by == KIT))
            elif entry.event == REMOVED and event == NOTED:
                known -= {(entry.place, entry.kind, entry.name, "", kit) for kit in (True, False)}
        self._append([self._entry(event, one, by) for key, one in wanted.items() if key not in known])

    def _identities(self, event: str) -> set[tuple[str, str]]:
        return {(entry.place, entry.identity) for entry in self.entries() if entry.event == event and entry.identity}

    def _append(self, entries: list[Entry]) -> None:
        if not entries:
            return
        try:
            self._lines.append(entries)
        except OSError as error:
            raise _unusable(self.path, error.strerror or str(error)) from error


def note_course(settings: Settings, by: str = "env") -> None:
    """Note the names of all steps: somebody is about to type any of them.

    Raises:
        StateError: the ledger cannot be written.
    """
    Ledger(settings).note(course_things(settings), by)


def course_things(settings: Settings) -> list[Thing]:
    """All that the steps of the course create with the chosen target."""
    lines = (
        step.line
        for lesson in target_words.course(settings).lessons
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
        if not step.skip
    )
    return things_of(settings, lines)


def things_of(settings: Settings, lines: Iterable[CommandLine]) -> list[Thing]:
    """What these commands create, typed in the lab's working folder."""
    variables, folder = settings.environment(), settings.work / "widget-server"
    return [thing for line in lines for thing in line.creates(variables, folder)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _unusable(path: Path, observed: str) -> StateError:
    return StateError(
        "O registro do que o laboratório criou não pode ser lido ou gravado; então nada é criado nem removido.",
        f"{path}: {observed}",
        f"ls -l '{path}'; df -h '{path.parent}'",
    )

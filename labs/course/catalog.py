"""The course as frozen data: one TOML file per lesson under `labs/course/lessons/`, in the order of their names.

Notebooks, widgets, the headless run, the tests and the docs all read it; nobody else knows a command. A field that has
another type, or that no type knows, is refused with its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from labs.base.documents import Damaged, Typed, typed
from labs.base.errors import CatalogError
from labs.course.command_line import CommandLine

COURSE = Path(__file__).with_name("lessons")
OVERLAY = Path(__file__).with_name("live.toml")


class Part(Typed, frozen=True, array_like=True):
    """One part of a command and what it means; in a file, a pair."""

    text: str
    meaning: str


class CheckSpec(Typed, frozen=True):
    """Which check proves a step, with its arguments as written (variables not yet expanded); in a file, one table."""

    kind: str
    arguments: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def expanded(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """The arguments with `$NAME` replaced; numbers and flags stay as they are."""
        return {name: _expand(value, variables) for name, value in self.arguments.items()}


class Seen(Typed, frozen=True):
    """What the gateway must have seen, for a step whose state is the same before and after: an event that is no read of
    the kit's own. Each field is a pattern (`fnmatch`), with variables; an empty one fits anything.

    `kind` and the fields' meanings: `labs/sandbox/gateway/memory/access_log.py`, and `engine_watch.py` for "engine".
    """

    service: str
    kind: str
    repository: str = ""
    reference: str = ""
    user: str = ""
    subject: str = ""
    code: str = ""
    app_env: str = ""
    ran: bool = False
    """The container that it is of had been started."""
    after: Seen | None = None
    """It counts only later than the last event that fits this: what was looked at before it was there shows nothing."""


class Step(Typed, frozen=True):
    """One thing the learner does.

    Attributes:
        command: the literal command, as typed in a terminal that has the lab's environment.
        expect: texts of the refusal that this step is meant to meet, one for each kind of client and image store that
            words it in its own way; empty where it is meant to succeed.
        stdin: who answers the command's questions when a button runs it: "" or "access-key".
        seen: what the gateway must have seen beside what the check finds.
        given: why the check passes before the command is run (it only shows, or makes what a lab already has): such a
            step is proven by being run or asked about, and never by opening the lesson.
        nudge: a first hint, a question that names no place to look; `hint` is the next one, and of an open step the
            command the last. A verdict shows `hint` alone, so it stands by itself.
        once: running it again would create a second thing, or find nothing to do: where its check already passes it is
            not run.
        required: of a challenge: the certificate asks for it.
        closing: it asks for the certificate, or comes after it.
        open: the learner gets the task (`text`) and no command; `command` is the solution. A challenge always is.
        lasting: the check still holds at the end of the course; a later step undoes the others on purpose.
        cleanup: command that removes what a challenge's solution created.
        skip: why this step cannot be done with the chosen target; empty where it can.
        needs: steps of the same lesson ("lesson/step") to do first where this one is made for another lesson.
        case: the clinic's case that this step belongs to; its check passes only while that case is open.
    """

    id: str
    title: str
    command: str
    check: CheckSpec
    parts: tuple[Part, ...] = ()
    why: str = ""
    nudge: str = ""
    hint: str = ""
    solution: str = ""
    expect: tuple[str, ...] = ()
    stdin: str = ""
    text: str = ""
    cleanup: str = ""
    needs: tuple[str, ...] = ()
    skip: str = ""
    seen: Seen | None = None
    given: str = ""
    once: bool = False
    required: bool = False
    closing: bool = False
    open: bool = False
    lasting: bool = True
    case: str = ""

    @property
    def line(self) -> CommandLine:
        """The command as a value: what it creates, removes and touches, and whom it talks to; parsed once."""
        return CommandLine.of(self.command)


class Option(Typed, frozen=True):
    """An answer to a quiz question, with why it is right or wrong."""

    text: str
    because: str
    right: bool = False


class Question(Typed, frozen=True):
    question: str
    options: tuple[Option, ...]


class Case(Typed, frozen=True):
    """A case of the clinic: a fault, the message that it causes, the diagnosis, the repair.

    Attributes:
        story: what people say who have the problem, before anybody knows its cause.
        steps: ids of its steps in order; the first opens the case, the diagnosis belongs after the second.
        number: by which a person names it: its id says the cause.
    """

    id: str
    title: str
    story: str
    diagnosis: Question
    steps: tuple[str, ...]
    number: int


class Lesson(Typed, frozen=True):
    """A lesson. `needs` names steps of earlier lessons ("lesson/step") whose state this one starts from."""

    id: str
    title: str
    minutes: int
    goal: str
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    quiz: tuple[Question, ...] = ()
    challenge: Step | None = None
    cases: tuple[Case, ...] = ()

    @property
    def demanded(self) -> tuple[Step, ...]:
        """What the certificate asks for: not what comes with or after it, nor the clinic, nor what cannot be done, or
        leaves nothing to look at.
        """
        if self.cases:
            return ()
        challenge = [self.challenge] if self.challenge and self.challenge.required else []
        return tuple(
            step
            for step in (*self.steps, *challenge)
            if not (step.closing or step.skip) and (step.lasting or not step.given)
        )

    def step(self, step_id: str) -> Step:
        """The step, or the challenge, with this id.

        Raises:
            CatalogError: there is none.
        """
        for step in (*self.steps, *([self.challenge] if self.challenge else [])):
            if step.id == step_id:
                return step
        known = ", ".join(step.id for step in self.steps)
        raise CatalogError(f"A aula {self.id} não tem o passo “{step_id}”.", f"passos: {known}")

    def case(self, case_id: str) -> Case:
        """The clinic's case with this id.

        Raises:
            CatalogError: there is none.
        """
        for case in self.cases:
            if case.id == case_id:
                return case
        known = ", ".join(case.id for case in self.cases)
        raise CatalogError(f"A aula {self.id} não tem o caso “{case_id}”.", f"casos: {known}")


class Course(Typed, frozen=True):
    lessons: tuple[Lesson, ...]

    def lesson(self, lesson_id: str) -> Lesson:
        """The lesson with this id, or the only one whose id starts with it (`04`).

        Raises:
            CatalogError: none, or more than one.
        """
        found = [lesson for lesson in self.lessons if lesson.id == lesson_id] or [
            lesson for lesson in self.lessons if lesson.id.startswith(lesson_id)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(lesson.id for lesson in self.lessons)
        raise CatalogError(f"Não existe a aula “{lesson_id}”.", f"aulas: {known}", "python3 -m labs journey")

    def step(self, path: str) -> tuple[Lesson, Step]:
        """Lesson and step named by "lesson/step"."""
        lesson_id, _, step_id = path.partition("/")
        lesson = self.lesson(lesson_id)
        return lesson, lesson.step(step_id)


# Reading the files ----------------------------------------------------------------------------------


class _Case(Typed, frozen=True):
    """A case as a lesson's file gives it."""

    id: str
    title: str
    story: str
    diagnosis: Question
    step: tuple[dict[str, Any], ...]


class _File(Typed, frozen=True):
    """A lesson's file. Its steps stay tables, so that what is wrong in one is told with the step's id."""

    id: str
    title: str
    minutes: int
    goal: str
    needs: tuple[str, ...]
    step: tuple[dict[str, Any], ...]
    quiz: tuple[Question, ...] = ()
    challenge: dict[str, Any] | None = None
    case: tuple[_Case, ...] = ()


@cache
def load_course(folder: Path = COURSE) -> Course:
    """Read the whole course.

    Raises:
        CatalogError: a file is not valid TOML, lacks a field, has one too many, or one of another type; the message
            names file and field.
    """
    lessons = []
    for path in sorted(folder.glob("*.toml")):
        try:
            lessons.append(_lesson(typed(_toml(path), _File)))
        except Damaged as error:
            raise _wrong(path, error) from error
    return Course(tuple(lessons))


def load_overlay(path: Path = OVERLAY) -> dict[str, dict[str, Any]]:
    """What the live target changes of a step, by "lesson/step": fields of the step's table, as in a lesson's file.

    Raises:
        CatalogError: the file is not valid TOML.
    """
    try:
        return typed(_toml(path), dict[str, dict[str, Any]])
    except Damaged as error:
        raise _wrong(path, error) from error


def changed(step: Step, table: Mapping[str, Any]) -> Step:
    """A step with these fields, given as in a lesson's file.

    Raises:
        CatalogError: a field is wrong.
    """
    try:
        return _step({**{name: getattr(step, name) for name in step.__struct_fields__}, **table})
    except Damaged as error:
        raise _wrong(OVERLAY, error) from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(path, error) from error


def case_number(name: str) -> str:
    """How a person names a case of the clinic: by its number; one that no lesson counts, by its name."""
    cases = (case for lesson in load_course().lessons for case in lesson.cases)
    return next((str(case.number) for case in cases if case.id == name), name)


def _wrong(path: Path, error: Exception) -> CatalogError:
    return CatalogError("O catálogo do curso tem um erro.", f"{path.name}: {error}")


def _lesson(file: _File) -> Lesson:
    cases = [(case, number, _case_steps(case, number)) for number, case in enumerate(file.case, 1)]
    return Lesson(
        id=file.id,
        title=file.title,
        minutes=file.minutes,
        goal=file.goal,
        needs=file.needs,
        steps=(*(step for *_, steps in cases for step in steps), *map(_step, file.step)),
        quiz=file.quiz,
        challenge=_step({**file.challenge, "open": True}) if file.challenge else None,
        cases=tuple(
            Case(case.id, case.title, case.story, case.diagnosis, tuple(step.id for step in steps), number)
            for case, number, steps in cases
        ),
    )


def _case_steps(case: _Case, number: int) -> list[Step]:
    """The step that opens the case, the same for all, and those that the file gives."""
    name, spoken = case.id, str(number)
    opening = {
        "id": name,
        "title": f"Abra o caso: {case.title}",
        "command": f"python3 -m labs.drill {spoken}",
        "parts": [["python3 -m labs.drill", "põe um defeito de verdade no laboratório"], [spoken, "qual caso"]],
        "why": "O comando põe um defeito no laboratório. Verde quer dizer: o defeito está lá, e agora é com você.",
        "hint": f"Abrir um caso fecha o anterior. `python3 -m labs.drill {spoken} --undo` desfaz este.",
        "check": {"kind": "fault", "case": name},
    }
    return [_step({"lasting": False, "case": name, **step}) for step in (opening, *case.step)]


def _step(table: Mapping[str, Any]) -> Step:
    """A step of its table, in which the check's arguments stand beside its kind.

    Raises:
        Damaged: a field is wrong; the message names the step.
    """
    found = dict(table)
    if isinstance(check := found.get("check"), dict):
        kind = {name: check[name] for name in check if name == "kind"}
        found["check"] = {**kind, "arguments": {name: check[name] for name in check if name != "kind"}}
    try:
        return typed(found, Step)
    except Damaged as error:
        raise Damaged(f"passo {table.get('id', 'sem id')}: {error}") from error


def _expand(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return Template(value).safe_substitute(variables)
    if isinstance(value, list):
        return [_expand(item, variables) for item in value]
    return value

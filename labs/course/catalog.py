"""The course as frozen data: one TOML file per lesson under `labs/course/`, in the order of their names.

Notebooks, widgets, the headless run, the tests and the docs all read it; nobody else knows a command.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from string import Template
from typing import Any

from labs.base.errors import CatalogError
from labs.course.command_line import CommandLine

COURSE = Path(__file__).with_name("lessons")
OVERLAY = Path(__file__).with_name("live.toml")


@dataclass(frozen=True)
class Part:
    """One part of a command and what it means."""

    text: str
    meaning: str


@dataclass(frozen=True)
class CheckSpec:
    """Which check proves a step, with its arguments as written (variables not yet expanded)."""

    kind: str
    arguments: Mapping[str, Any]

    def expanded(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """The arguments with `$NAME` replaced; numbers and flags stay as they are."""
        return {name: _expand(value, variables) for name, value in self.arguments.items()}


@dataclass(frozen=True)
class Step:
    """One thing the learner does.

    Attributes:
        command: the literal command, as typed in a terminal that has the lab's environment.
        expect: text of the refusal that this step is meant to meet; empty where it is meant to succeed.
        stdin: who answers the command's questions when a button runs it: "" or "access-key".
        once: running it again would create a second thing, so it is not run where its check already passes.
        open: the learner gets the task (`text`) and no command; `command` is the solution.
        lasting: the check still holds at the end of the course; a later step undoes the others on purpose.
        cleanup: command that removes what a challenge's solution created.
        skip: why this step cannot be done with the chosen target; empty where it can.
        needs: steps of the same lesson ("lesson/step") to do first where this one is made for another lesson.
        drill: the clinic's case that this step belongs to; its check passes only while that case is open.
    """

    id: str
    title: str
    command: str
    check: CheckSpec
    parts: tuple[Part, ...] = ()
    why: str = ""
    hint: str = ""
    solution: str = ""
    expect: str = ""
    stdin: str = ""
    text: str = ""
    cleanup: str = ""
    needs: tuple[str, ...] = ()
    skip: str = ""
    once: bool = False
    open: bool = False
    lasting: bool = True
    drill: str = ""

    @cached_property
    def line(self) -> CommandLine:
        """The command as a value: what it creates, removes and touches, and whom it talks to."""
        return CommandLine.of(self.command)


@dataclass(frozen=True)
class Option:
    """An answer to a quiz question, with why it is right or wrong."""

    text: str
    because: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    question: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Drill:
    """A case of the clinic: a fault, the message that it causes, the diagnosis, the repair.

    Attributes:
        story: what people say who have the problem, before anybody knows its cause.
        steps: ids of its steps in order; the first opens the case, the diagnosis belongs after the second.
    """

    id: str
    title: str
    story: str
    diagnosis: Question
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """A lesson. `needs` names steps of earlier lessons ("lesson/step") whose state this one starts from."""

    id: str
    title: str
    minutes: int
    goal: str
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    quiz: tuple[Question, ...] = ()
    challenge: Step | None = None
    drills: tuple[Drill, ...] = ()

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

    def drill(self, drill_id: str) -> Drill:
        """The clinic's case with this id.

        Raises:
            CatalogError: there is none.
        """
        for drill in self.drills:
            if drill.id == drill_id:
                return drill
        known = ", ".join(drill.id for drill in self.drills)
        raise CatalogError(f"A aula {self.id} não tem o caso “{drill_id}”.", f"casos: {known}")


@dataclass(frozen=True)
class Course:
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
        raise CatalogError(f"Não existe a aula “{lesson_id}”.", f"aulas: {known}", "python3 -m labs run 02-build")

    def step(self, path: str) -> tuple[Lesson, Step]:
        """Lesson and step named by "lesson/step"."""
        lesson_id, _, step_id = path.partition("/")
        lesson = self.lesson(lesson_id)
        return lesson, lesson.step(step_id)


@cache
def load_course(folder: Path = COURSE) -> Course:
    """Read the whole course.

    Raises:
        CatalogError: a file is not valid TOML or lacks a field; the message names file and field.
    """
    lessons = []
    for path in sorted(folder.glob("*.toml")):
        try:
            lessons.append(_lesson(tomllib.loads(path.read_text("utf-8"))))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise CatalogError("O catálogo do curso tem um erro.", f"{path.name}: {error}") from error
    return Course(tuple(lessons))


def load_overlay(path: Path = OVERLAY) -> dict[str, dict[str, Any]]:
    """What the live target changes of a step, by "lesson/step": fields of the step's table, as in a lesson's file.

    Raises:
        CatalogError: the file is not valid TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CatalogError("O catálogo do curso tem um erro.", f"{path.name}: {error}") from error


def fields(table: Mapping[str, Any]) -> dict[str, Any]:
    """A step's table, or a part of one, as the fields of `Step`."""
    found = dict(table)
    if "check" in found:
        check = dict(found["check"])
        found["check"] = CheckSpec(check.pop("kind"), check)
    if "parts" in found:
        found["parts"] = tuple(Part(*pair) for pair in found["parts"])
    if "needs" in found:
        found["needs"] = tuple(found["needs"])
    return found


def _lesson(table: dict[str, Any]) -> Lesson:
    challenge, drills = table.get("challenge"), table.get("drill", [])
    return Lesson(
        id=table["id"],
        title=table["title"],
        minutes=int(table["minutes"]),
        goal=table["goal"],
        needs=tuple(table["needs"]),
        steps=(*(step for drill in drills for step in _drill_steps(drill)), *map(_step, table["step"])),
        quiz=tuple(_question(question) for question in table.get("quiz", [])),
        challenge=_step(challenge) if challenge else None,
        drills=tuple(_drill(drill) for drill in drills),
    )


def _drill(table: dict[str, Any]) -> Drill:
    steps = tuple(step.id for step in _drill_steps(table))
    return Drill(table["id"], table["title"], table["story"], _question(table["diagnosis"]), steps)


def _drill_steps(table: dict[str, Any]) -> list[Step]:
    """The step that opens the case, the same for all, and those that the file gives."""
    name = table["id"]
    opening = {
        "id": name,
        "title": f"Abra o caso: {table['title']}",
        "command": f"python3 -m labs.drill {name}",
        "parts": [["python3 -m labs.drill", "põe um defeito de verdade no laboratório"], [name, "qual caso"]],
        "why": "O defeito entra no laboratório. Este passo passa quando o defeito existe, e não quando some.",
        "hint": f"Abrir um caso fecha o anterior. `python3 -m labs.drill {name} --undo` desfaz este.",
        "check": {"kind": "fault", "drill": name},
    }
    return [_step({"lasting": False, "drill": name, **step}) for step in (opening, *table["step"])]


def _step(table: dict[str, Any]) -> Step:
    return Step(**fields(table))


def _question(table: dict[str, Any]) -> Question:
    return Question(table["question"], tuple(Option(**option) for option in table["options"]))


def _expand(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return Template(value).safe_substitute(variables)
    if isinstance(value, list):
        return [_expand(item, variables) for item in value]
    return value

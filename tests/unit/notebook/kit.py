"""A course of two lessons, and the cards that a notebook would display."""

from __future__ import annotations

from typing import Any

from labs.base.errors import RegistryError
from labs.course.catalog import CheckSpec, Course, Lesson, Option, Question, Step
from labs.seams.registry import HubRepository

from ..fakes import FakeRegistry


def step(id: str, command: str, ref: str, **changes: Any) -> Step:
    return Step(id, f"Passo {id}", command, CheckSpec("image_exists", {"ref": ref}), hint="dica", **changes)


COURSE = Course(
    (
        Lesson("00-a", "Começo", 5, "Ao final, você sabe.", (), (step("make", "docker pull x:v1", "x:v1"),)),
        Lesson(
            "01-b",
            "Depois",
            10,
            "Ao final, você faz.",
            ("00-a/make",),
            (step("tag", "docker pull y:v1", "y:v1"), step("never", "true", "never:1")),
            (Question("Qual?", (Option("a", "sim", True), Option("b", "não"))),),
            step("challenge", "docker pull z:v1", "z:v1", text="Tente.", cleanup="touch cleaned"),
        ),
    )
)


def texts(cards: list[Any]) -> list[str]:
    return [card.text() for card in cards]


class Hub(FakeRegistry):
    """The owner's Hub: repositories by namespace."""

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
        if namespace == "acme":
            raise RegistryError("O registry recusou.", '404 {"message": "object not found"}')
        return (HubRepository("b", True), HubRepository("a", False)) if namespace == "aluno" else ()

"""The documents against the code: every verb and lesson is there, and no other."""

from __future__ import annotations

import argparse
import re
import tomllib

import pytest

from labs.base.settings import CLONE
from labs.cli.main import parser
from labs.course.catalog import load_course

README = (CLONE / "README.md").read_text("utf-8")
ARCHITECTURE = (CLONE / "docs" / "architecture.md").read_text("utf-8")


def verbs() -> set[str]:
    actions = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return set(actions[0].choices)


def test_the_readme_names_every_verb_and_no_other() -> None:
    named = set(re.findall(r"python3 -m labs[ .](\w+)", README)) | set(re.findall(r"· `(\w+)`", README))
    assert named == verbs()


def test_the_readme_names_every_lesson_and_no_other() -> None:
    named = set(re.findall(r"^\| `(\d\d-[\w-]+)` \|", README, re.MULTILINE))
    assert named == {lesson.id for lesson in load_course().lessons}


@pytest.mark.parametrize(
    "name",
    [
        "docs/architecture.md",
        "docs/sandbox.md",
        "docs/trust.md",
        "docs/professor.md",
        "docs/depois.md",
        "CONTRIBUTING.md",
        "README.md",
    ],
)
def test_a_document_names_only_places_that_exist(name: str) -> None:
    text = (CLONE / name).read_text("utf-8")
    for place in re.findall(r"`((?:labs|tests|docs|bench|notebooks)/[\w/.-]+)`", text):
        assert (CLONE / place).exists(), place
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert ((CLONE / name).parent / link).exists(), link


def test_the_architecture_has_a_row_for_each_room_and_no_other() -> None:
    rooms = re.findall(r"^\| `labs/(\w+)/` \|", ARCHITECTURE, re.MULTILINE)
    contracts = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [name for layer in contracts[0]["layers"] for name in layer.split(" | ")]
    assert rooms == [name for name in layers if name != "__main__"]
    assert set(rooms) == {path.parent.name for path in (CLONE / "labs").glob("*/__init__.py")}


def test_the_pictures_of_the_readme_exist() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (CLONE / picture).is_file(), picture

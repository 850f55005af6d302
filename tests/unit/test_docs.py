"""The documents against the code: every verb and lesson is there, and no other."""

from __future__ import annotations

import argparse
import re

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


def test_the_architecture_names_only_what_exists() -> None:
    for place in re.findall(r"`(labs/[\w/.]+)`", ARCHITECTURE):
        assert (CLONE / place).exists(), place


def test_the_pictures_of_the_readme_exist() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (CLONE / picture).is_file(), picture

"""What the Dockerfiles and example files promise to the lessons, read from their text."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "exemplos"
DOCKERFILES = [ROOT / "Dockerfile", EXAMPLES / "Dockerfile.v2"]
TEACHES = ("APP_ENV", "APP_COLOR", "KEY_1", "KEY_2")


def instructions(path: Path) -> list[str]:
    """Return the instructions of a Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("path", [*DOCKERFILES, EXAMPLES / "Dockerfile.arg"], ids=lambda path: path.name)
def test_base_can_be_replaced_in_one_line(path: Path) -> None:
    assert instructions(path)[:2] == ["ARG BASE_IMAGE=python:3.13-slim", "FROM ${BASE_IMAGE}"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_source_is_the_only_layer_after_the_dependencies(path: Path) -> None:
    found = instructions(path)
    source = found.index("COPY widget_server/ ./widget_server/")
    makes_layer = [i for i, line in enumerate(found) if line.split()[0] in ("RUN", "COPY", "ADD", "WORKDIR")]
    assert makes_layer[-1] == source
    assert found.index("USER 10001:10001") > source
    assert "--mount" not in "".join(found)
    assert "--no-index" in "".join(found)


def test_v2_only_takes_out_what_varies() -> None:
    v1, v2 = (instructions(path) for path in DOCKERFILES)
    changes = [line for line in difflib.ndiff(v1, v2) if line[0] in "+-"]
    assert changes[:2] == ["- ARG APP_VERSION=v1", "+ ARG APP_VERSION=v2"]
    removed = changes[2:]
    assert all(line.startswith("- ENV ") for line in removed)
    assert re.findall(r"(\w+)=", "".join(removed)) == list(TEACHES)


@pytest.mark.parametrize("name", ["homologacao", "producao"])
def test_example_environment_is_complete_and_plainly_fake(name: str) -> None:
    lines = (EXAMPLES / f"{name}.env").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert tuple(values) == TEACHES
    assert values["APP_ENV"] == name
    assert all("falsa" in values[key] for key in ("KEY_1", "KEY_2"))


def test_requirements_are_pinned_as_in_the_kit() -> None:
    own = re.findall(r"^[\w-]+==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    kit = (ROOT.parent / "tests" / "requirements.txt").read_text(encoding="utf-8")
    assert own
    assert not [pin for pin in own if not re.search(rf"^{re.escape(pin)}\s", kit, re.MULTILINE)]

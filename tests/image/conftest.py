"""What this folder's tests share: the outer engine with the lab's image, and what builds without a network need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .outer import Outer, ingredients, outer_engine


@pytest.fixture(scope="session")
def given(lab_homes: Path) -> Path:
    """What builds without a network are given."""
    return ingredients(lab_homes)


@pytest.fixture(scope="session")
def outer(lab_homes: Path, given: Path) -> Iterator[Outer]:
    """The engine, with the image built in it; nothing of both stays."""
    with outer_engine(lab_homes, given) as made:
        made.compose("build", seconds=900)
        try:
            yield made
        finally:
            made.compose("down", "--volumes", "--timeout", "60", seconds=180)

"""A course of two lessons, and the cards that a notebook would display."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.notebook import lab as notebook_lab
from labs.notebook.lab import Kit, Lab
from labs.running.runner import Runner

from ..fakes import FakeWorld
from .kit import COURSE


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The cards that a notebook would display."""
    cards: list[Any] = []
    monkeypatch.setattr(notebook_lab, "display", cards.append)
    monkeypatch.delenv("LABS_AUTORUN", raising=False)
    yield cards


@pytest.fixture
def open_lab(world: FakeWorld) -> Callable[[str], Lab]:
    def up(_settings: Settings, report: Callable[[str], None]) -> None:
        report("Iniciando …")
        world.admin.up = True

    kit = Kit(lambda: world.settings, lambda _settings: Runner(world.settings, world, COURSE), up)
    return lambda lesson_id: Lab(lesson_id, kit)

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.base.settings import Ports, Settings
from labs.seams.world import World
from labs.widgets import changes

from .fakes import FakeAdmin, FakeCloud, FakeEngine, FakeRegistry


class FakeWorld(World):
    """A world whose outside systems are fakes."""

    def __init__(self, settings: Settings) -> None:
        hub = FakeRegistry(settings.hub_registry)
        ecr = FakeRegistry(settings.ecr_registry)
        super().__init__(settings, FakeEngine(), FakeCloud(), hub=hub, hub_owner=hub, ecr=ecr, admin=FakeAdmin())


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards live as long as their kernel, so those of one test would hear what another runs."""
    monkeypatch.setattr(changes, "_listeners", [])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("LABS_HOME", str(tmp_path))
    made = Settings(home=tmp_path, ports=Ports(hub=5001, ecr=5002, aws=5003))
    (made.work / "widget-server").mkdir(parents=True)
    yield made


@pytest.fixture
def world(settings: Settings) -> FakeWorld:
    return FakeWorld(settings)

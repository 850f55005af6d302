from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.base.settings import Ports, Settings
from labs.widgets import changes

from .fakes import FakeWorld


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

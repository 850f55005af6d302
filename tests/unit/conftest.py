from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tornado import web

from labs.base.settings import Ports, Settings
from labs.base.verdict import Verdict, passed
from labs.checks import check, container
from labs.checks.image import require
from labs.seams.world import World
from labs.widgets import changes

from .fakes import FakePage, FakeWorld, archive


@check
def image_exists(world: World, ref: str) -> Verdict:
    """The simplest check there is, for steps of the tests' own."""
    return passed(f"A imagem {ref} existe no engine.", id=require(world, ref).id)


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards live as long as their kernel, so those of one test would hear what another runs."""
    monkeypatch.setattr(changes, "_listeners", [])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("LABS_HOME", str(tmp_path))
    made = Settings(home=tmp_path, ports=Ports(hub=5001, ecr=5002, aws=5003, ecr_public=5004))
    (made.work / "widget-server").mkdir(parents=True)
    yield made


@pytest.fixture
def world(settings: Settings) -> FakeWorld:
    return FakeWorld(settings)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePage]:
    """A page that answers, for checks that wait a fifth of a second at most."""
    monkeypatch.setattr(container, "READY_SECONDS", 0.2)
    with FakePage() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a `docker` on the PATH whose `save` writes an image of these layers (as in `fakes.archive`)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def put(*layers: Mapping[str, str], config: str = "{}") -> None:
        (folder / "image.tar").write_bytes(archive(*layers, config=config))
        program = folder / "docker"
        program.write_text(f"#!/bin/sh\nexec cat '{folder}/image.tar'\n")
        program.chmod(0o755)

    return put


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The board's pages, where JupyterHub says that the teacher came; the real one is in the hub's image alone."""

    class Teacher:
        def get_current_user(self) -> dict[str, str]:
            return {"name": "prof"}

    auth = ModuleType("jupyterhub.services.auth")
    auth.__dict__.update(HubOAuthenticated=Teacher, HubOAuthCallbackHandler=web.RequestHandler)
    for name in ("jupyterhub", "jupyterhub.services"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, auth.__name__, auth)
    found = importlib.import_module("labs.classroom.board.server")
    yield found
    del sys.modules[found.__name__]

"""A lab on an engine of the learner's own: another version, another image store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.develop import engines
from labs.sandbox import registry_program
from tests.engines import own_engine

REQUIRED = "LABS_TEST_ENGINES"
"""Environment variable: where it is `required`, an engine that cannot be had is a failure, and not a skip."""


def programs(suite: str) -> Path | None:
    """The folder with a suite's Docker; None for the system's own."""
    if suite == "system":
        return None
    try:
        return engines.fetch(suite, registry_program.cache(Settings(home=Path(tempfile.gettempdir()))), print)
    except LabError as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"o Docker do Debian {suite} não está à mão: {error}")


@contextmanager
def learners_docker(homes: Path, suite: str, store: str) -> Iterator[None]:
    """A learner's machine with this Docker and its plugins, where the kit finds it by itself."""
    folder, place = programs(suite), Path(tempfile.mkdtemp(prefix="own-", dir=homes))
    with (
        own_engine(place / "engine", None, folder, store == "containerd") as host,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("LABS_ENGINE", raising=False)
        patch.setenv("DOCKER_HOST", host)
        if folder:
            home = place / "person"
            (home / ".docker").mkdir(parents=True)
            (home / ".docker" / "cli-plugins").symlink_to(folder / "cli-plugins")
            patch.setenv("HOME", str(home))
            patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield

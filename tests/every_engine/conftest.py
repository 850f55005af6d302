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


def programs(suite: str) -> Path:
    """The folder with a suite's Docker."""
    try:
        return engines.fetch(suite, registry_program.cache(Settings(home=Path(tempfile.gettempdir()))), print)
    except LabError as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"o Docker do Debian {suite} não está à mão: {error}")


@contextmanager
def learners_docker(homes: Path, suite: str, store: str) -> Iterator[None]:
    """A learner's machine with this Docker and its plugins, where the kit finds it by itself. The system's engine has
    the client and the plugins of Debian's newest: who has an old engine may well have a new client.
    """
    system = suite == "system"
    folder, place = programs("sid" if system else suite), Path(tempfile.mkdtemp(prefix="own-", dir=homes))
    bin, home = place / "bin", place / "person"
    for made in (bin, home / ".docker"):
        made.mkdir(parents=True)
    (bin / "docker").symlink_to(folder / "docker")
    (home / ".docker" / "cli-plugins").symlink_to(folder / "cli-plugins")
    with (
        own_engine(place / "engine", None, None if system else folder, store == "containerd") as host,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("LABS_ENGINE", raising=False)
        patch.setenv("DOCKER_HOST", host)
        patch.setenv("HOME", str(home))
        patch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
        yield

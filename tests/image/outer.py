"""The lab's image, built and started as a learner does it, `docker compose up` from a clone; in an outer engine of the
tests' own that has no way to any network.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import LabError
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.develop import image
from labs.sandbox import registry_program
from labs.seams import engine_api
from tests.engines import own_engine
from tests.every_engine.conftest import REQUIRED, programs

PORT = 9877
"""Of JupyterLab on the outer side; inside it is another."""
DEBIAN, IMAGE = "labs-tests-debian:13", "labs-tests:image"
START_SECONDS = 240.0
"""Beside the other lanes, on two cores; times are told and never asserted."""


def fetched(make: Callable[[], Path]) -> Path:
    """What the image is made of, or the test is left out, and says why."""
    try:
        return make()
    except LabError as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"a imagem do laboratório não pode ser feita aqui: {error}")


@dataclass
class Outer:
    """The outer engine and the clone's compose.yaml, with what the build needs where there is no network."""

    host: str
    folder: Path
    override: Path
    environment: dict[str, str] = field(default_factory=dict)

    def docker(
        self, *words: str, seconds: float = 120, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The docker client against the outer engine."""
        done = subprocess.run(
            ["docker", *words],
            cwd=CLONE,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            input=stdin,
        )
        assert not check or done.returncode == 0, f"docker {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done

    def compose(self, *words: str, seconds: float = 120) -> str:
        """`docker compose` in the clone."""
        files = ("-f", "compose.yaml", "-f", str(self.override))
        return self.docker("compose", *files, *words, seconds=seconds).stdout

    def inside(self, *words: str, seconds: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the kit in the lab's container."""
        return self.docker("exec", self.container(), "python3", "-m", *words, seconds=seconds, check=check)

    def container(self) -> str:
        """The lab's container."""
        return self.compose("ps", "--all", "--quiet", "lab").strip()

    def up(self) -> str:
        """`docker compose up`, until JupyterLab's address is there; returns what the lab said."""
        self.compose("up", "--detach", "--no-build", seconds=START_SECONDS)
        return self.ready(self.container())

    def ready(self, container: str) -> str:
        """What the lab in this container says until its address is there."""

        def look() -> Look:
            said = self.said(container)
            ended = not self.inspect(container)["State"]["Running"]
            return Look("JupyterLab pronto" in said or ended, said)

        until("o laboratório do container ficar pronto", look, START_SECONDS, interval=0.5)
        return self.said(container)

    def said(self, container: str) -> str:
        """A container's log."""
        done = self.docker("logs", container)
        return done.stdout + done.stderr

    def inspect(self, name: str) -> dict[str, Any]:
        """What the engine knows of a container or an image."""
        known: dict[str, Any] = json.loads(self.docker("inspect", name).stdout)[0]
        return known


@contextmanager
def outer_engine(lab_homes: Path, given: Path, *, maps_users: bool = False) -> Iterator[Outer]:
    """An engine with the image's Debian; nothing of it stays."""
    folder = programs(image.SUITE)
    settings = Settings(home=Path(tempfile.mkdtemp(prefix="image-", dir=lab_homes)))
    if maps_users:  # its containers' root, nobody of this machine, has to get to their files
        for one in (lab_homes, settings.home):
            one.chmod(0o711)
    base = fetched(lambda: image.base(registry_program.cache(settings), print))
    with own_engine(settings.home / "engine", None, folder, maps_users=maps_users) as host:
        made = Outer(host, folder, settings.home / "override.json")
        config = settings.home / "config"
        config.mkdir()
        (config / "cli-plugins").symlink_to(folder / "cli-plugins")
        made.environment = {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(settings.home),
            "DOCKER_HOST": host,
            "DOCKER_CONFIG": str(config),
            "LABS_PORT": str(PORT),
        }
        build = {"args": {"BASE": DEBIAN}, "additional_contexts": {"given": str(given)}}
        made.override.write_text(json.dumps({"services": {"lab": {"image": IMAGE, "build": build}}}))
        engine_api.import_image(host, base, DEBIAN, ())
        yield made


def ingredients(lab_homes: Path) -> Path:
    """What builds without a network are given."""
    settings = Settings(home=Path(tempfile.mkdtemp(prefix="given-", dir=lab_homes)))
    return fetched(lambda: image.given(settings, print))

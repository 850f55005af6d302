"""The images of a class (`deploy/hub/`): the hub's, and the learners' with a first day that is over already."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from labs.base.events import Report
from labs.classroom.engine import docker

BUILT = ("lab", "learner", "hub")
"""The services whose images are built, each on the one before."""
SEED, LEARNER, CLASS = "registry-labs-class_seed", "registry-labs-learner", "registry-labs-class"
"""A container that lives its first day, the image that it is of, and the image that comes out."""
HUB = "registry-labs-hub"
ALL = (CLASS, HUB, LEARNER, "registry-labs")
"""Each before what it is made of: in this order they can be removed."""
SEEDED_FROM = "registry-labs.seeded-from"
"""Label of that image: the id of the one that it was made of."""


class Compose(Protocol):
    """`docker compose` with the class's file; returns what it printed."""

    def __call__(self, *words: str, seconds: float, environment: Mapping[str, str] | None = None) -> str: ...


def build(compose: Compose, report: Report) -> None:
    """All of them; what did not change since the last time is left as it is.

    Raises:
        LabError: Docker refused.
    """
    for image in BUILT:
        report(f"Construindo a imagem {image} (na primeira vez leva minutos) …")
        compose("--profile", "images", "build", "--quiet", image, seconds=3600)
    source = docker("image", "inspect", "--format", "{{.Id}}", LEARNER).strip()
    if docker("image", "ls", "--quiet", "--filter", f"label={SEEDED_FROM}={source}", CLASS):
        return
    report("Preparando o primeiro dia dos laboratórios, uma vez para toda a turma …")
    with tempfile.TemporaryDirectory(prefix="registry-labs-") as folder:
        _first_day(compose, Path(folder))
        environment = {"LABS_CLASS_SEED": folder, "LABS_CLASS_SEEDED_FROM": source}
        compose("--profile", "images", "build", "--quiet", "class", seconds=900, environment=environment)


def _first_day(compose: Compose, folder: Path) -> None:
    """Live it in a container, and bring what is left of it (`deploy/hub/seed.sh`)."""
    _remove_container()
    try:
        compose("--profile", "images", "run", "--no-TTY", "--name", SEED, "seed", seconds=900)
        docker("cp", f"{SEED}:/opt/seed.tar", str(folder), seconds=300)
    finally:
        _remove_container()


def _remove_container() -> None:
    """With its volume; from an earlier time that was broken off too."""
    if docker("container", "ls", "--all", "--quiet", "--filter", f"name=^{SEED}$"):
        docker("container", "rm", "--force", "--volumes", SEED)

"""Shared fixtures: a real sandbox of the tests' own, in a state folder below the temporary folder.

`lab` starts once per session and is torn down whatever happens; `new_home` makes further state folders for tests that
need a sandbox of their own. `python3 -m labs test` names the folder for all of them, and sweeps it at its end.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.settings import CLONE, Settings
from labs.develop.testing import HOMES, NOT_OURS
from labs.sandbox import leftovers
from tests import courses

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("labs")
    group.addoption("--exhaustive", action="store_true", help="whole matrices of faults, not each pair once")
    group.addoption("--photographs", action="store_true", help="keep a picture of every card in artifacts/browser")
    group.addoption("--shuffle", type=int, metavar="SEED", help="folders, files and tests in an order by chance")


@pytest.hookimpl(tryfirst=True)  # before pytest brings together what shares a fixture's parameter
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--exhaustive"):
        extra = [item for item in items if item.get_closest_marker("exhaustive")]
        config.hook.pytest_deselected(items=extra)
        items[:] = [item for item in items if item not in extra]
    if (seed := config.getoption("--shuffle")) is not None:
        shuffle(items, seed)


def shuffle(items: list[pytest.Item], seed: int) -> None:
    """An order by chance in which folders and files stay together: their fixtures are what takes long."""
    chance = random.Random(seed)
    ranks: defaultdict[object, float] = defaultdict(chance.random)
    items.sort(key=lambda item: (ranks[item.path.parent], ranks[item.path], ranks[item.nodeid]))


@pytest.fixture(scope="session")
def lab_homes() -> Iterator[Path]:
    """The folder of all state folders of this run; swept and deleted at the end."""
    given = os.environ.get(HOMES)
    homes = Path(given) if given else Path(tempfile.mkdtemp(prefix="labs-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABS_ENGINE", "private")
        if "LABS_CACHE" not in os.environ:
            patch.setenv("LABS_CACHE", str(homes / "cache"))
        for name in NOT_OURS:
            patch.delenv(name, raising=False)
        try:
            yield homes
        finally:
            for home in sorted(homes.iterdir()):
                _remove(home)
            if not given:
                leftovers.remove_tree(homes)


def _remove(home: Path) -> None:
    leftovers.sweep(Settings(home=home))
    leftovers.remove_tree(home)


@pytest.fixture
def new_home(lab_homes: Path) -> Iterator[Callable[[str], Settings]]:
    """Make settings of fresh state folders; their sandboxes are stopped and deleted after the test."""
    made: list[Path] = []

    def make(name: str = "h") -> Settings:
        made.append(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=lab_homes)))
        return Settings(home=made[-1])

    try:
        yield make
    finally:
        for home in made:
            sandbox.down(Settings(home=home), lambda _: None)
            _remove(home)


@pytest.fixture(scope="session")
def lab(lab_homes: Path) -> Iterator[Settings]:
    """A running, healthy sandbox with a private engine; `os.environ` is the lab's until the session ends."""
    home = Path(tempfile.mkdtemp(prefix="lab-", dir=lab_homes))
    said: list[str] = []
    try:
        settings = sandbox.up(Settings(home=home), said.append)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.environment().items():
                patch.setenv(name, value)
            yield settings
    finally:
        sandbox.down(Settings(home=home), said.append)
        _remove(home)


@pytest.fixture(scope="module")
def new_lab(lab_homes: Path) -> Iterator[Settings]:
    """A running sandbox on its first day, for the tests of one module alone."""
    home = Path(tempfile.mkdtemp(prefix="new-", dir=lab_homes))
    said: list[str] = []
    try:
        yield sandbox.up(Settings(home=home), said.append)
    finally:
        sandbox.down(Settings(home=home), said.append)
        _remove(home)


@pytest.fixture(scope="session")
def typist(lab_homes: Path) -> Iterator[courses.Typist]:
    """Types the course in a lab of its own, from its first day."""
    with courses.typist(lab_homes) as typist:
        yield typist


@pytest.fixture(scope="session")
def taught(lab_homes: Path) -> Iterator[courses.Taught]:
    """A lab of its own in which all notebooks have run."""
    with courses.taught(lab_homes) as taught:
        yield taught


@pytest.fixture(scope="session")
def shell(lab: Settings) -> Shell:
    """Run a bash line as in one of the lab's terminals; returns the finished process (output as text)."""

    def run(
        line: str, *, folder: Path | None = None, stdin: str = "", timeout: float = 120, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=folder or lab.work,
            env=os.environ | lab.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=check,
        )

    return run


@pytest.fixture(scope="session")
def docker_cli(shell: Shell) -> Shell:
    """`docker_cli("images -q")`: the docker client against the lab's engine."""
    return lambda arguments, **options: shell(f"docker {arguments}", **options)


@pytest.fixture
def clone() -> Path:
    """The repository's top folder."""
    return CLONE

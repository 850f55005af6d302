"""The lock that all the kit's locks are: waited for, refused at once, or waited for up to a deadline."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from labs.base.errors import LabError, SandboxError, StateError, StepBusy
from labs.base.files import locked, locked_now, locked_within
from labs.base.settings import CLONE

HOLD = (
    "import sys; from pathlib import Path; from labs.base.files import locked\n"
    "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
)
Taken = Callable[[Path], AbstractContextManager[None]]
WAYS: dict[str, Taken] = {
    "locked": locked,
    "locked_now": lambda path: locked_now(path, StepBusy("ocupado")),
    "locked_within": lambda path: locked_within(path, 30, "o outro terminar"),
}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A lock that another process has until its input ends."""
    path = tmp_path / "locks" / "one"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, cwd=CLONE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "held\n"
            yield path, process
        finally:
            process.kill()


@pytest.mark.parametrize("way", WAYS)
def test_a_free_lock_is_taken_in_every_way_and_given_back(tmp_path: Path, way: str) -> None:
    for _ in range(2):
        with WAYS[way](tmp_path / "new" / "lock"), pytest.raises(StepBusy):
            WAYS["locked_now"](tmp_path / "new" / "lock").__enter__()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_one_that_is_held_is_refused_at_once(held: tuple[Path, object]) -> None:
    with pytest.raises(LabError, match="ocupado"), locked_now(held[0], StepBusy("ocupado")):
        pytest.fail("two had it")


def test_a_deadline_says_which_file_is_held_and_tells_once_that_it_waits(held: tuple[Path, object]) -> None:
    said: list[str] = []
    with pytest.raises(SandboxError, match="o outro terminar") as caught:
        locked_within(held[0], 0.3, "o outro terminar", next_command="ps", say=lambda: said.append("x")).__enter__()
    assert str(held[0]) in caught.value.observed and caught.value.next_command == "ps"
    assert said == ["x"]


@pytest.mark.parametrize("way", ["locked", "locked_within"])
def test_a_killed_holder_gives_it_back(held: tuple[Path, subprocess.Popen[str]], way: str) -> None:
    path, process = held
    threading.Timer(0.2, process.kill).start()
    with WAYS[way](path):
        assert process.wait(10) != 0


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, way: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="gravar na pasta de estado"), WAYS[way](tmp_path / "file" / "lock"):
        pytest.fail("it was taken")

"""A full disk under each store: refused in words, nothing acknowledged lost, and all goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.course.progress import Progress
from labs.sandbox import leftovers, lifecycle

from .kit import STEPS, Patient, assert_goes_on, tally

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a full file system is made with a tmpfs, which needs root")
STORES = {"engine": "700m", "hub": "160m", "ecr": "64m", "gateway": "2m"}
FILLED_BY = {
    "engine": ("build", "pull"),
    "hub": ("push hub",),
    "ecr": ("push ecr",),
    "gateway": ("aws call", "budget", "key"),
}


@pytest.fixture(scope="module")
def cramped(lab_homes: Path) -> Iterator[Patient]:
    """A lab with a small file system of its own under each store."""
    home = Path(tempfile.mkdtemp(prefix="full-", dir=lab_homes))
    settings = Settings(home=home)
    with ExitStack() as stack:
        stack.callback(leftovers.remove_tree, home)
        lifecycle.prepare_folders(settings)
        for name, size in STORES.items():
            folder = settings.sandbox / name
            folder.mkdir(mode=0o700)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)], check=True)
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
        stack.callback(sandbox.down, settings, lambda _: None)
        patient = Patient(sandbox.up(settings, lambda _: None), home / "work" / "faults")
        patient.folder.mkdir()
        patient.sign_in()
        yield patient


def full(folder: Path, stack: ExitStack) -> Callable[[], None]:
    """Fill the file system to the last byte; returns what makes room again."""
    filler = folder / "filler"
    stack.callback(filler.unlink, missing_ok=True)
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler.unlink


@pytest.mark.parametrize(("store", "name"), [(store, name) for store, names in FILLED_BY.items() for name in names])
def test_a_full_store_refuses_and_loses_nothing(cramped: Patient, store: str, name: str) -> None:
    step = cramped.prepared(STEPS[name])
    before = cramped.census()
    with ExitStack() as stack:
        make_room = full(cramped.settings.sandbox / store, stack)
        error = cramped.attempt(step.command)
        tally.add(f"full disk under {store}")
        during = cramped.census()
        cramped.assert_nothing_lost(before, during)
        assert error is not None or step.key in during[step.kind], "neither refused nor done"
        if error is not None:
            assert "disco está cheio" in error.what and "df -h" in error.next_command, error
        make_room()
    assert_goes_on(cramped, step)
    after = cramped.census()
    cramped.assert_nothing_lost(before, after)
    cramped.assert_planes_agree(after)


def test_a_full_disk_under_the_progress_says_so(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=True)
    try:
        progress = Progress(Settings(home=tmp_path))
        progress.record("a/b", passed=True, observed="x", seconds=1, evidence={})
        with ExitStack() as stack:
            make_room = full(tmp_path, stack)
            with pytest.raises(StateError) as caught:
                progress.record("a/c", passed=True, observed="y" * 8000, seconds=1, evidence={})
            assert caught.value.next_command
            tally.add("full disk under progress")
            assert progress.all()["a/b"].passed
            make_room()
        progress.record("a/c", passed=True, observed="y" * 8000, seconds=1, evidence={})
        assert set(progress.all()) == {"a/b", "a/c"}
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)

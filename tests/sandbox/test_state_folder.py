"""What a person reads when the disk is full, the folder is not writable, or something foreign is mounted in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.errors import LabError, StateError
from labs.base.settings import Settings
from labs.sandbox import leftovers


@pytest.fixture
def mounted(new_home: Callable[..., Settings]) -> Iterator[Callable[[Path, str], None]]:
    """Mount a small memory file system; unmounted after the test."""
    points: list[Path] = []

    def mount(point: Path, size: str) -> None:
        point.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "labs-test", str(point)], check=True)
        points.append(point)

    try:
        yield mount
    finally:
        for point in reversed(points):
            subprocess.run(["umount", "--lazy", str(point)], capture_output=True, check=False)


def test_a_full_disk_is_an_error_with_a_command(
    new_home: Callable[..., Settings], mounted: Callable[[Path, str], None]
) -> None:
    settings = new_home("full")
    mounted(settings.home, "64k")
    (settings.home / "filler").write_bytes(b"x" * 40_000)
    with pytest.raises(LabError) as caught:
        sandbox.up(settings, lambda _: None)
    assert caught.value.next_command
    sandbox.down(settings, lambda _: None)
    assert leftovers.our_processes(settings) == {}


def test_a_file_in_the_folders_place(new_home: Callable[..., Settings]) -> None:
    blocked = new_home("file").home / "home"
    blocked.write_text("")
    with pytest.raises(StateError) as caught:
        sandbox.up(Settings(home=blocked), lambda _: None)
    assert "LABS_HOME" in caught.value.next_command


def test_damaged_settings_are_named_and_nothing_starts(new_home: Callable[..., Settings]) -> None:
    settings = new_home("damaged")
    (settings.home / "settings.json").write_text('{"ports": 3}')
    with pytest.raises(StateError, match="danificado"):
        sandbox.up(settings, lambda _: None)
    assert leftovers.our_processes(settings) == {}


def test_reset_never_crosses_a_mount(new_home: Callable[..., Settings], mounted: Callable[[Path, str], None]) -> None:
    settings = new_home("mount")
    mounted(settings.work / "mine", "1m")
    (settings.work / "mine" / "thesis.txt").write_text("three years")
    with pytest.raises(StateError, match="montado"):
        sandbox.reset(settings, lambda _: None)
    sandbox.down(settings, lambda _: None)
    assert (settings.work / "mine" / "thesis.txt").read_text() == "three years"

"""The records of what was proven: none is lost, and damage is kept aside."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.course.progress import Progress
from labs.running.runner import Runner

from .fakes import FakeWorld


def test_records_of_many_kernels_are_all_kept(settings: Settings) -> None:
    def write(number: int) -> None:
        Progress(settings).record(f"a/{number}", passed=True, observed="", seconds=1, evidence={})

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(40)))
    assert len(Progress(settings).all()) == 40


def test_a_failed_try_does_not_erase_a_proof(settings: Settings) -> None:
    progress = Progress(settings)
    progress.record("a/b", passed=True, observed="ok", seconds=1, evidence={"digest": "d"})
    kept = progress.record("a/b", passed=False, observed="no", seconds=1, evidence={})
    assert kept.passed and kept.tries == 2 and kept.evidence == {"digest": "d"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"steps": {"a": {"unknown": 1}}}', "\x00\x00"])
def test_a_damaged_file_counts_as_empty_and_is_kept_aside(settings: Settings, content: str) -> None:
    path = settings.home / "progress.json"
    path.write_text(content)
    assert Progress(settings).all() == {}
    assert (settings.home / "progress.danificado.json").read_text() == content
    Progress(settings).record("a/b", passed=True, observed="", seconds=0, evidence={})
    assert json.loads(path.read_text())["steps"]["a/b"]["passed"]


def test_a_state_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    runner = Runner(Settings(home=tmp_path / "file"), FakeWorld(Settings(home=tmp_path / "file")))
    outcome = runner.run("00-comece-aqui", "engine")
    assert isinstance(outcome.error, StateError) and not outcome.verdict.passed
    assert "pasta de estado" in outcome.verdict.observed


def test_a_lost_file_is_said_until_the_state_was_read_anew(settings: Settings) -> None:
    """Also where a proof of another lesson was written in between, or where nothing was ever recorded."""
    progress = Progress(settings)
    progress.forget("a/never")
    assert progress.lost() == "", "nothing was recorded, so nothing is lost"
    progress.record("a/b", passed=True, observed="", seconds=1, evidence={})
    settings.progress_file.unlink()
    assert "se perdeu" in progress.lost()
    progress.record("a/c", passed=True, observed="", seconds=1, evidence={})
    assert "se perdeu" in progress.lost() and set(progress.all()) == {"a/c"}
    progress.restore({"a/b": ("ok", {})})
    assert progress.lost() == "" and set(progress.all()) == {"a/b", "a/c"}


def test_a_file_damaged_as_a_whole_is_lost_too(settings: Settings) -> None:
    progress = Progress(settings)
    progress.record("a/b", passed=True, observed="", seconds=1, evidence={})
    settings.progress_file.write_text("{")
    progress.record("a/c", passed=True, observed="", seconds=1, evidence={})
    assert "se perdeu" in progress.lost()

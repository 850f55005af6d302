"""`python3 -m labs test`: pytest's own last line and exit code, and nothing left running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labs.base import processes
from labs.base.wait import Look, until
from labs.develop import testing


def _ignore(_: str) -> None:
    pass


@pytest.mark.parametrize(("body", "code", "closing"), [("assert True", 0, "1 passed"), ("assert False", 1, "1 failed")])
def test_pytests_closing_line_and_exit_code(
    body: str, code: int, closing: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    assert testing.run(["--noconftest", "-p", "no:cacheprovider", str(tmp_path)], _ignore) == code
    assert closing in capfd.readouterr().out.splitlines()[-1]


def test_the_suite_runs_in_a_state_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_HOME", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "the-learners-own")
    (tmp_path / "test_it.py").write_text(
        "import os, pathlib\ndef test_it():\n"
        "    assert pathlib.Path(os.environ['LABS_HOME']).parent == pathlib.Path(os.environ['LABS_TEST_HOMES'])\n"
        "    assert os.environ['LABS_ENGINE'] == 'private' and 'AWS_PROFILE' not in os.environ\n"
        f"    pathlib.Path({str(tmp_path / 'homes')!r}).write_text(os.environ['LABS_TEST_HOMES'])\n"
    )
    assert testing.run(["--noconftest", "-q", "-p", "no:cacheprovider", str(tmp_path)], _ignore) == 0
    assert not Path((tmp_path / "homes").read_text()).exists()


def test_the_last_sweep_ends_what_an_interrupted_test_left(tmp_path: Path) -> None:
    homes = tmp_path / "homes"
    (homes / "lab-1" / "run").mkdir(parents=True)
    code = "import signal; signal.pause()"
    left = subprocess.Popen(
        ["docker-registry", "-c", code, f"{homes}/lab-1/sandbox/hub.yml"], executable=sys.executable
    )
    said: list[str] = []

    def named() -> Look:
        # The kernel shows a process's arguments a moment after exec has begun.
        return Look((left.pid, left.args) in processes.all_processes())

    try:
        until("o processo ter nome", named, 10)
        testing.sweep(homes, said.append)
        assert processes.start_of(left.pid) == ""
    finally:
        left.kill()
    assert str(left.pid) in said[0]
    assert not homes.exists()

"""`python3 -m labs test`: pytest's closing line and exit code, also of several lanes, and nothing left running."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from labs.base import processes
from labs.base.errors import LabError
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.develop import measuring, testing


def _ignore(_: str) -> None:
    pass


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs in here need none of pytest's plugins, which take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


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


# Lanes ---------------------------------------------------------------------------------------------


@pytest.fixture
def lanes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fast lanes are two folders: a test that passes, and one for each test here to write."""
    for name, body in {"um": "assert True", "dois": "assert True"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    monkeypatch.setattr(testing, "LOGS", tmp_path / "logs")
    own = ("--noconftest", "--rootdir", str(tmp_path), "-c", os.devnull)
    monkeypatch.setattr(testing, "FAST", {name: (*own, str(tmp_path / name)) for name in ("um", "dois")})
    return tmp_path


@pytest.mark.parametrize(
    ("body", "code", "closing"),
    [
        ("def test_it(): pass", 0, " 2 passed in "),
        ("def test_it(): assert False", 1, " 1 failed, 1 passed in "),
        ("import os\ndef test_it(): os._exit(3)", 3, " 1 passed, 1 error in "),
        ("", 5, " 1 passed, 1 error in "),
    ],
    ids=["passes", "fails", "ends without a word", "runs nothing"],
)
def test_lanes_close_with_one_line_and_fail_together(
    body: str, code: int, closing: str, lanes: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (lanes / "dois" / "test_it.py").write_text(body)
    assert testing.run_fast([], _ignore) == code
    lines = capfd.readouterr().out.splitlines()
    assert re.fullmatch(rf"=+{closing}[\d.]+s =+", lines[-1]), lines
    assert all(line.startswith(("um │ ", "dois │ ")) for line in lines[:-1])
    assert lines[-2].startswith("dois │ FAILED ") == (code == 1), "the failed tests by name, next to the closing line"
    assert "1 passed" in (lanes / "logs" / "um.txt").read_text()


@pytest.mark.parametrize(
    ("body", "reached", "code"), [("pass", True, 0), ("pass", False, 1), ("assert False", True, 1)]
)
def test_a_measured_run_fails_under_the_floor_and_says_so_before_it_closes(
    body: str,
    reached: bool,
    code: int,
    lanes: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (lanes / "dois" / "test_it.py").write_text(f"def test_it(): {body}")
    begun: list[bool] = []
    monkeypatch.setattr(measuring, "RUN", testing.RUN)
    monkeypatch.setattr(measuring, "begin", lambda: begun.append(True))
    monkeypatch.setattr(measuring, "total", lambda: ("Cobertura: …", reached))
    monkeypatch.setattr(testing, "LANES", testing.FAST)
    monkeypatch.setattr(testing, "own_network", lambda: ())
    monkeypatch.setattr(testing, "taken_ports", lambda: [])
    assert testing.run_whole([], _ignore) == code
    lines = capfd.readouterr().out.splitlines()
    assert begun and lines[-2] == "Cobertura: …" and " passed" in lines[-1]


def test_the_counts_of_all_lanes_are_summed_up() -> None:
    lines = [
        "= 1 failed, 9 passed, 2 warnings in 1.00s =\n",
        "===== 4 passed, 1 skipped, 1 error in 61.2s (0:01:01) ====",
    ]
    assert "= 1 failed, 13 passed, 1 skipped, 2 warnings, 1 error in 62.00s =" in testing.closing_line(lines, 62)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tears_its_fixtures_down_in_every_lane(
    number: int, lanes: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("um", "dois"):
        folder = lanes / name
        (folder / "test_it.py").write_text(
            "import pathlib, pytest, signal\n"
            f"folder = pathlib.Path({str(folder)!r})\n"
            "@pytest.fixture\ndef it():\n    yield\n    (folder / 'torn-down').touch()\n"
            "def test_it(it):\n    (folder / 'begun').touch()\n    signal.pause()\n"
        )

    def interrupt() -> None:
        until("as faixas começarem", lambda: Look(len(list(lanes.glob("*/begun"))) == 2), 60)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert testing.run_fast([], _ignore) == 2
    thread.join()
    assert len(list(lanes.glob("*/torn-down"))) == 2


def test_every_test_of_the_repository_runs_in_one_lane() -> None:
    named = [name for names in testing.LANES.values() for name in names]
    tests = [path.relative_to(CLONE) for top in ("tests", "widget-server") for path in (CLONE / top).rglob("test_*.py")]
    for path in tests:
        assert sum(path.is_relative_to(name) for name in named) == 1, path
    assert all((CLONE / name).exists() for name in named)


def test_a_taken_port_of_the_course_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "own_network", lambda: ())
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(testing, "COURSE_PORTS", [port])
        with pytest.raises(LabError, match=f"Porta ocupada nesta máquina: {port}"):
            testing.run_whole([], _ignore)
    assert testing.taken_ports() == []


def test_what_failed_is_told_again_without_what_pytest_says_beside_it() -> None:
    section = "=== FAILURES ===\n___ test_x ___\nE   assert 1 == 2"
    said = f"...F\n{section}\n=== warnings summary ===\nx\n=== short test summary info ===\nFAILED x\nERROR y - z"
    assert testing.failures(said) == section
    assert testing.failed(said) == "FAILED x\nERROR y - z"
    assert testing.failures(said, most=1) == "E   assert 1 == 2"
    assert testing.failures("INTERNALERROR> x") == "INTERNALERROR> x", "a lane that broke off tells all that it has"

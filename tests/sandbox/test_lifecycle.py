"""`up`, `down` and `reset` in any order, twice, at the same time, and after `kill -9` of anything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from labs import sandbox
from labs.base import processes
from labs.base.errors import LabError
from labs.base.files import write_atomic
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.sandbox import leftovers, lifecycle, network


@pytest.fixture(scope="module")
def home(lab_homes: Path) -> Iterator[Path]:
    """One state folder for this file: every test starts it when it needs it running."""
    folder = lab_homes / "life"
    folder.mkdir()
    try:
        yield folder
    finally:
        sandbox.down(Settings(home=folder), lambda _: None)


def _up(home: Path, said: list[str] | None = None) -> Settings:
    return sandbox.up(Settings(home=home), (said if said is not None else []).append)


def _traces(home: Path) -> dict[str, Any]:
    """Everything that a stopped sandbox must not leave."""
    settings = Settings(home=home)
    run = [path.name for path in settings.run.iterdir()] if settings.run.is_dir() else []
    return {
        "processes": leftovers.our_processes(settings),
        "mounts": leftovers.mounts_below(home),
        "bridge": Path("/sys/class/net", network.bridge_name(settings)).exists(),
        "sockets": run,
    }


SUPERVISOR_KIB = 15 * 1024
CLEAN = {"processes": {}, "mounts": [], "bridge": False, "sockets": []}


def test_up_twice_and_down_twice_say_so(home: Path) -> None:
    first = _up(home)
    said: list[str] = []
    assert _up(home, said) == first
    assert said == ["O laboratório já está de pé."]
    said.clear()
    sandbox.down(first, said.append)
    sandbox.down(first, said.append)
    assert said[-1] == "O laboratório já está parado."
    assert _traces(home) == CLEAN


def test_a_second_start_keeps_everything_and_makes_nothing_again(home: Path) -> None:
    before = _up(home)
    token = before.hub_token_file.read_text()
    sandbox.down(before, lambda _: None)
    said: list[str] = []
    assert _up(home, said) == before
    assert before.hub_token_file.read_text() == token
    assert not [line for line in said if line.startswith(("Baixando", "Montando", "Importando", "Publicando"))]


def test_the_parts_start_at_the_same_time(home: Path) -> None:
    """`up` takes as long as its slowest part: of the two slowest each began before the other was ready. (Seconds stand
    in bench/.)
    """
    sandbox.down(_up(home), lambda _: None)
    parts = sandbox.status(_up(home))["parts"].values()
    one, other = sorted(parts, key=lambda part: float(part["ready_after"]))[-2:]
    assert one["since"] < other["since"] + other["ready_after"], parts
    assert other["since"] < one["since"] + one["ready_after"], parts


def test_the_supervisor_is_small(home: Path) -> None:
    pid = sandbox.status(_up(home))["supervisor"]["pid"]
    assert 0 < processes.resident_kib(pid)[0] <= SUPERVISOR_KIB


def test_down_stops_running_containers_and_leaves_nothing(home: Path) -> None:
    settings = _up(home)
    _run_container(settings)
    sandbox.down(settings, lambda _: None)
    assert _traces(home) == CLEAN


@pytest.mark.parametrize("killed", [False, True])
def test_a_network_that_a_learner_made_leaves_no_bridge_and_comes_back(home: Path, killed: bool) -> None:
    settings = _up(home)
    made = _docker(settings, "network", "create", "minha")
    bridge = Path("/sys/class/net", f"br-{made[:12]}")
    try:
        assert bridge.exists()
        if killed:
            _kill(list(leftovers.our_processes(settings)))
        sandbox.down(settings, lambda _: None)
        assert not bridge.exists()
        settings = _up(home)
        assert bridge.exists() and made.startswith(_docker(settings, "network", "ls", "-q", "--filter", "name=minha"))
    finally:
        _docker(settings, "network", "rm", "minha")


def test_down_works_without_its_supervisor(home: Path) -> None:
    settings = _up(home)
    _run_container(settings)
    _kill([sandbox.status(settings)["supervisor"]["pid"]])
    said: list[str] = []
    sandbox.down(settings, said.append)
    assert "supervisor" in said[-1]
    assert _traces(home) == CLEAN


def test_up_after_everything_was_killed(home: Path) -> None:
    settings = _up(home)
    _run_container(settings)
    _kill(list(leftovers.our_processes(settings)))
    said: list[str] = []
    _up(home, said)
    status = sandbox.status(settings)
    assert status["healthy"]
    assert any("restos" in line for line in said)


def test_up_after_the_supervisor_alone_was_killed(home: Path) -> None:
    """Parts and containers go on as they are under a new supervisor, which brings them back as the old one did."""
    settings = _up(home)
    container = _run_container(settings)
    before = sandbox.status(settings)
    _kill([before["supervisor"]["pid"]])
    _up(home)
    after = sandbox.status(settings)
    assert after["healthy"] and after["supervisor"]["pid"] != before["supervisor"]["pid"]
    assert _pids(after) == _pids(before)
    assert _docker(settings, "ps", "-q", "--no-trunc") == container
    hub = after["parts"]["hub"]["pid"]
    os.kill(hub, signal.SIGKILL)
    until("o registry voltar", lambda: _well_without(settings, hub), 30)
    _docker(settings, "rm", "-f", container)
    assert len(leftovers.our_processes(settings)) == len(after["parts"]) + 2  # the supervisor and dockerd's containerd


@pytest.mark.parametrize("name", ["gateway", "hub", "ecr", "engine"])
def test_every_part_comes_back_after_kill_9(home: Path, name: str) -> None:
    settings = _up(home)
    pid = sandbox.status(settings)["parts"][name]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(f"{name} voltar", lambda: _well_without(settings, pid), 30)


def test_up_after_a_part_that_died_often_waits_for_it(home: Path) -> None:
    """Its many restarts are those of an afternoon, not of a part that cannot start."""
    settings = _up(home)
    for _ in range(lifecycle.HOPELESS + 1):
        hub = sandbox.status(settings)["parts"]["hub"]["pid"]
        os.kill(hub, signal.SIGKILL)
        until("o registry voltar", lambda hub=hub: _well_without(settings, hub), 30)  # type: ignore[misc]
    os.kill(sandbox.status(settings)["parts"]["hub"]["pid"], signal.SIGKILL)
    _kill([sandbox.status(settings)["supervisor"]["pid"]])
    _up(home)
    assert sandbox.status(settings)["healthy"]


def test_parts_of_another_plan_are_not_taken_over(home: Path) -> None:
    """What runs is then not what would be started now: all of it is cleared, and started anew."""
    settings = _up(home)
    before = sandbox.status(settings)
    _kill([before["supervisor"]["pid"]])
    plan = settings.sandbox / "parts.json"
    plan.write_text(plan.read_text().replace("labs.sandbox.gateway", "labs.sandbox.portal"))
    _up(home)
    after = sandbox.status(settings)
    assert after["healthy"] and not set(_pids(after).values()) & set(_pids(before).values())
    assert len(leftovers.our_processes(settings)) == len(after["parts"]) + 2


def _pids(status: dict[str, Any]) -> dict[str, int]:
    return {name: part["pid"] for name, part in status["parts"].items()}


def _well_without(settings: Settings, pid: int) -> Look:
    status = sandbox.status(settings)
    return Look(status["healthy"] and pid not in _pids(status).values(), str(status["parts"]))


def test_a_damaged_state_file_does_not_stop_anything(home: Path) -> None:
    settings = _up(home)
    _kill([sandbox.status(settings)["supervisor"]["pid"]])
    leftovers.state_file(settings).write_text("{ not json")
    sandbox.down(settings, lambda _: None)
    assert _traces(home) == CLEAN


def test_a_foreign_process_behind_a_reused_pid_survives(home: Path) -> None:
    sandbox.down(Settings(home=home), lambda _: None)
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stranger:
        try:
            state = f'{{"pid": {stranger.pid}, "start": "x-1", "since": 0, "parts": {{}}}}'
            leftovers.state_file(Settings(home=home)).parent.mkdir(parents=True, exist_ok=True)
            leftovers.state_file(Settings(home=home)).write_text(state)
            sandbox.down(Settings(home=home), lambda _: None)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_two_ups_at_once_make_one_sandbox(home: Path) -> None:
    sandbox.down(Settings(home=home), lambda _: None)
    code = f"from labs import sandbox; from labs.base.settings import *; sandbox.up(Settings(home=Path({str(home)!r})))"
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen(command, cwd=CLONE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("já está de pé" in text for text in outputs) == 1
    supervisors = [pid for pid, words in processes.all_processes() if _is_supervisor(words, home)]
    assert len(supervisors) == 1


def _is_supervisor(words: list[str], home: Path) -> bool:
    return "labs.sandbox.supervisor" in words and any(str(home) in word for word in words)


def test_a_taken_port_is_replaced_and_named(home: Path) -> None:
    before = _up(home).ports
    sandbox.down(Settings.load(home), lambda _: None)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", before.ecr)):
        after = _up(home, said).ports
        sandbox.down(Settings.load(home), said.append)
    assert after.ecr != before.ecr and (after.hub, after.aws) == (before.hub, before.aws)
    assert any(str(before.ecr) in line and "ocupada" in line for line in said)


def test_a_part_that_cannot_start_is_an_error_with_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.down(Settings(home=home), lambda _: None)
    from labs.sandbox import parts

    monkeypatch.setattr(parts, "write_registry_config", lambda *_: Path("/nonexistent.yml"))
    with pytest.raises(LabError) as caught:
        _up(home)
    assert "registry" in caught.value.what and "nonexistent" in caught.value.observed
    sandbox.down(Settings(home=home), lambda _: None)
    assert _traces(home) == CLEAN


def test_reset_is_the_first_day_and_stays_inside(home: Path, tmp_path: Path) -> None:
    settings = _up(home)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (settings.work / "link").symlink_to(tmp_path)
    left = ("quiz.json", "progress.danificado.json", "quiz.danificado.json", "curl/.curlrc")
    for file in (settings.progress_file, settings.certificate_file, *(settings.home / name for name in left)):
        file.parent.mkdir(exist_ok=True)
        write_atomic(file, "{}")
    sandbox.reset(settings, lambda _: None)
    assert outside.read_text() == "mine"
    assert _traces(home) == CLEAN
    assert sorted(path.name for path in home.iterdir() if path.name != ".lock") == ["sandbox"]
    assert {path.name for path in settings.sandbox.iterdir()} <= {"tools", "cache"}


def _run_container(settings: Settings) -> str:
    return _docker(settings, "run", "-d", "labs/python-base:3", "sleep", "1000")


def _docker(settings: Settings, *words: str) -> str:
    command = ["docker", "-H", settings.engine_host, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _gone(pid: int, mark: str) -> Look:
    return Look(not processes.is_alive(pid, mark))


def _kill(pids: list[int]) -> None:
    marks = {pid: processes.start_of(pid) for pid in pids}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid, mark in marks.items():
        until("morrer", partial(_gone, pid, mark), 10)

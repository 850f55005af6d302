"""`python3 -m labs start` as a person runs it: address, Portuguese, terminals, and nothing left after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs import sandbox
from labs.base import processes
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.jupyter import server
from labs.sandbox import leftovers, network
from labs.seams.unix_http import request


def hear_ctrl_c() -> None:
    """As in a terminal, also where the whole suite runs in the background, which ignores Ctrl-C (POSIX, 2.11)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Started:
    """A running `start` and what it printed."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.log = home / "start.txt"
        environment = os.environ | {"LABS_HOME": str(home), "PYTHONPATH": str(CLONE)}
        command = [sys.executable, "-m", "labs", "start", "--no-browser", "--port", "9710"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=CLONE,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=hear_ctrl_c,
            )

    def address(self) -> tuple[str, str]:
        """Origin and token, as soon as they are printed."""

        def look() -> Look:
            text = self.log.read_text("utf-8")
            return Look("JupyterLab pronto" in text or self.process.poll() is not None, text)

        until("o endereço aparecer", look, 120)
        found = re.search(
            r"JupyterLab pronto: (http://127\.0\.0\.1:\d+)/lab/tree/(\S+)\?token=(\S+)", self.log.read_text()
        )
        assert found, self.log.read_text()
        assert found[2] == "notebooks/00-comece-aqui.ipynb"
        return found[1], found[3]


@pytest.fixture(scope="module")
def home(lab_homes: Path) -> Iterator[Path]:
    """One state folder for this file: only its first start has images to make."""
    folder = lab_homes / "start"
    folder.mkdir()
    try:
        yield folder
    finally:
        sandbox.down(Settings(home=folder), lambda _: None)


@pytest.fixture
def started(home: Path) -> Iterator[Started]:
    running = Started(home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(60)
        server.stop(running.settings)


def test_start_serves_portuguese_jupyterlab_and_leaves_nothing(started: Started) -> None:
    origin, token = started.address()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    kernel = request(origin, "POST", "/api/kernels", body=b"{}", headers=headers, timeout=30)
    assert kernel.status == 201, kernel.text
    assert request(origin, "POST", "/api/terminals", body=b"{}", headers=headers, timeout=30).status == 200
    translations = "/lab/api/settings/@jupyterlab/translation-extension:plugin"
    assert "pt_BR" in request(origin, "GET", translations, headers=headers, timeout=30).text
    assert request(origin, "GET", "/api/kernels", timeout=30).status == 403
    page = request(origin, "GET", "/lab", headers=headers, timeout=30).text
    assert re.search(r'"disabledExtensions": \[[^\]]*announcements', page)
    _terminals_have_the_labs_variables(started.settings)

    os.kill(started.process.pid, signal.SIGINT)
    assert started.process.wait(60) == 0
    assert server.descendants(started.settings) == {}
    assert leftovers.our_processes(started.settings) == {}
    assert not Path("/sys/class/net", network.bridge_name(started.settings)).exists()
    assert leftovers.mounts_below(started.settings.home) == []


def _terminals_have_the_labs_variables(settings: Settings) -> None:
    def look() -> Look:
        shells = [pid for pid, words in processes.all_processes() if words and words[0].endswith("bash")]
        ours = [pid for pid in shells if pid in server.descendants(settings)]
        return Look(bool(ours), f"bash: {shells}")

    until("o terminal abrir", look, 10)
    wanted = Settings.load(settings.home).environment()
    ours = server.descendants(settings)
    # The first one: its start-up file forks others for a moment.
    pid = min(pid for pid, words in processes.all_processes() if words and words[0].endswith("bash") and pid in ours)
    found = dict(item.split("=", 1) for item in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in item)
    assert {name: found.get(name) for name in wanted if name != "PATH"} == {
        name: value for name, value in wanted.items() if name != "PATH"
    }


def test_down_ends_a_jupyterlab_whose_start_was_killed(started: Started) -> None:
    started.address()
    assert server.running_address(started.settings)
    started.process.kill()
    started.process.wait(10)
    assert server.running_address(started.settings) == ""
    said: list[str] = []
    server.end_orphans(started.settings, said.append)
    assert "JupyterLab" in said[0]
    assert server.descendants(started.settings) == {}

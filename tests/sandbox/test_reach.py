"""An engine with a loopback of its own: the registries come to it, stay there, and nothing of it stays afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labs import sandbox
from labs.base.marks import TUNNEL_LABEL
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.running.runner import Runner
from labs.sandbox import host_ports, leftovers, reach
from labs.sandbox.tunnel import container
from labs.seams import engine_api
from labs.seams.gateway_admin import GatewayAdmin
from labs.seams.world import World
from tests.engines import own_engine

LESSONS = ("01-o-que-e-um-registry", "02-build", "03-tag", "04-push-docker-hub", "06-credenciais-aws", "07-push-ecr")


@dataclass
class Far:
    """A lab whose engine has its own loopback."""

    settings: Settings
    before: set[tuple[str, str, str]]

    def up(self) -> list[str]:
        """It is up; gives what `up` said."""
        said: list[str] = []
        self.settings = sandbox.up(Settings(home=self.settings.home), said.append)
        return said

    def labs(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the kit, from the clone."""
        return subprocess.run(
            [sys.executable, "-m", "labs", *words],
            env={**os.environ, "LABS_HOME": str(self.settings.home)},
            cwd=CLONE,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def docker(self, *words: str) -> str:
        command = ["docker", "--host", self.settings.engine_host, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def status(self) -> dict[str, Any]:
        return dict(sandbox.status(self.settings))

    def wait_healthy(self, restarts: int) -> None:
        """Until the tunnel was started that often again, and the engine gets through it."""

        def look() -> Look:
            state = self.status()
            again = state["parts"]["tunnel"]["restarts"]
            return Look(again >= restarts and state["healthy"], json.dumps(state))

        until("o túnel voltar", look, 30, interval=0.1)


@contextlib.contextmanager
def a_lab(homes: Path, host: str) -> Iterator[Settings]:
    """The state folder of a lab that uses this engine of the learner's; afterwards it is down and gone."""
    home = Path(tempfile.mkdtemp(prefix="far-", dir=homes))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("LABS_ENGINE", raising=False)
            patch.setenv("DOCKER_HOST", host)
            try:
                yield Settings(home=home)
            finally:
                sandbox.down(Settings(home=home), lambda _: None)
    finally:
        leftovers.sweep(Settings(home=home))
        leftovers.remove_tree(home)


def engine_folder(homes: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="eng-", dir=homes))


@pytest.fixture(scope="module")
def far(lab_homes: Path) -> Iterator[Far]:
    with own_engine(engine_folder(lab_homes), own_loopback=True) as host, a_lab(lab_homes, host) as settings:
        yield Far(settings, set(engine_api.everything(host)))


def test_up_says_so_and_status_and_doctor_ask_the_engine(far: Far) -> None:
    far.up()
    sandbox.down(far.settings, lambda _: None)
    said, name = far.up(), container.name(far.settings)
    assert any(name in line for line in said), said
    assert far.status()["healthy"] and "tunnel" in far.status()["parts"]
    status = far.labs("status")
    assert "Laboratório saudável" in status.stdout and "túnel até o engine" in status.stdout, status
    assert "o engine alcança os registries" in far.labs("doctor").stdout


def test_the_lessons_of_the_registries_and_of_a_containers_page_are_true_there(far: Far) -> None:
    """Its socket is on this machine, and what its containers publish is not, as where ssh forwards the socket."""
    far.up()
    done = far.labs("run", *LESSONS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_counts_the_tunnel(far: Far) -> None:
    far.up()
    name = container.name(far.settings)
    assert name in far.docker("ps", "--format", "{{.Names}}").split()
    assert name not in {one.name for one in World(far.settings).engine.containers()}
    assert name not in {known for _, known, _ in engine_api.everything(far.settings.engine_host)}
    before = GatewayAdmin(far.settings).events()
    assert not reach.why_not(far.settings)
    assert GatewayAdmin(far.settings).events() == before, "to ask is nobody's work"


def test_a_tunnel_that_is_killed_comes_back(far: Far) -> None:
    """This machine's end, the engine's end, and the supervisor: each is there again and the engine gets through."""
    far.up()
    far.wait_healthy(0)
    part = far.status()["parts"]["tunnel"]
    os.kill(part["pid"], signal.SIGKILL)
    far.wait_healthy(part["restarts"] + 1)
    far.docker("rm", "-f", container.name(far.settings))
    far.wait_healthy(part["restarts"] + 2)
    listed = far.docker("ps", "-aq", "--filter", f"label={TUNNEL_LABEL}").split()
    assert len(listed) == 1
    os.kill(far.status()["supervisor"]["pid"], signal.SIGKILL)
    until("o supervisor morrer", lambda: Look(not leftovers.supervisor_alive(far.settings)), 10)
    sandbox.up(Settings(home=far.settings.home), lambda _: None)
    far.wait_healthy(part["restarts"] + 2)
    assert far.docker("ps", "-q", "--filter", f"label={TUNNEL_LABEL}").split() == listed, "it went on"


def test_an_engine_that_does_not_get_through_is_never_called_healthy(far: Far) -> None:
    """The tunnel's processes stopped: every part of this machine answers, and the engine gets no answer."""
    far.up()
    far.wait_healthy(0)
    pid = far.docker("inspect", "--format", "{{.State.Pid}}", container.name(far.settings)).strip()
    os.kill(int(pid), signal.SIGSTOP)
    try:
        assert reach.why_not(far.settings)
        assert not far.status()["healthy"]
        doctor = far.labs("doctor")
        assert doctor.returncode == 1 and "✘ alcance" in doctor.stdout, doctor.stdout
        assert "python3 -m labs down; python3 -m labs up" in doctor.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):  # the supervisor starts anew who has been silent for long
            os.kill(int(pid), signal.SIGCONT)
    far.wait_healthy(0)


def test_down_leaves_nothing_and_reset_gives_the_engine_back(far: Far) -> None:
    far.up()
    sandbox.down(far.settings, lambda _: None)
    assert not far.docker("ps", "-aq", "--filter", f"label={TUNNEL_LABEL}").split()
    assert not leftovers.our_processes(far.settings)
    sandbox.reset(far.settings, lambda _: None)
    assert set(engine_api.everything(far.settings.engine_host)) == far.before


def test_an_engine_that_publishes_to_the_network_is_told_of_with_the_safe_way(lab_homes: Path) -> None:
    """Its ports are really bound beyond loopback: `up` says so, and so does the step; the safe form passes the same."""
    said: list[str] = []
    with own_engine(engine_folder(lab_homes), ip="0.0.0.0") as host, a_lab(lab_homes, host) as fresh:
        settings = sandbox.up(fresh, said.append)
        assert "tunnel" not in sandbox.status(settings)["parts"], "it is on this machine's loopback"
        assert [line for line in said if "0.0.0.0" in line and "-p 127.0.0.1:3000:3333" in line], said
        runner = Runner(settings)
        runner.prepare("02-build")
        assert runner.run("02-build", "build-v1").verdict.passed
        literal = runner.run("02-build", "run-v1").verdict
        assert literal.passed and "aberta à rede" in literal.observed, literal
        command = ["docker", "--host", host]
        subprocess.run([*command, "rm", "-f", "widget-v1"], capture_output=True, check=True)
        safe = ["run", "-p", "127.0.0.1:3000:3333", "--name", "widget-v1", "-d", "widget-server:v1"]
        subprocess.run([*command, *safe], capture_output=True, check=True)
        typed = runner.verify("02-build", "run-v1")
        assert typed.passed and "aberta à rede" not in typed.observed, typed


def test_of_an_engine_over_tcp_the_containers_pages_come_to_this_machine(lab_homes: Path) -> None:
    """It is another machine's: neither its loopback nor the ports that it publishes are this one's."""
    with (
        own_engine(engine_folder(lab_homes), own_loopback=True) as there,
        over_tcp(there.removeprefix("unix://")) as host,
        a_lab(lab_homes, host) as fresh,
    ):
        far = Far(fresh, set())
        far.up()
        assert far.settings.engine_host == host
        done = far.labs("run", "01-o-que-e-um-registry", "02-build", "08-envs")
        assert done.returncode == 0, done.stdout + done.stderr
        assert host_ports.of_others(far.settings, host_ports.of(far.settings)) == []


@contextlib.contextmanager
def over_tcp(path: str) -> Iterator[str]:
    """A Unix socket as `tcp://`, on a port of this machine."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_unix_connection(path)
            try:
                await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
            finally:
                back.transport.abort()
        except OSError:
            pass  # nobody answers there: neither does this
        finally:
            writer.transport.abort()

    async def serve() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(over.wait)
        server.close()

    ports, over = queue.Queue[int](), threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{ports.get(timeout=10)}"
    finally:
        over.set()
        thread.join(10)

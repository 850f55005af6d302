"""Kernels killed before, during and after each kind of step; JupyterLab in the middle; ten kernels at one step."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from labs.base import processes
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.course.progress import Progress
from labs.jupyter import server as jupyter
from labs.jupyter.configuration import folder, token
from labs.seams.unix_http import request

from .kit import MOMENTS, STEPS, Patient, assert_goes_on, tally
from .pairs import matrix

RUN = """
import json, sys
from labs.running.runner import Runner
from labs.base.settings import Settings
outcome = Runner(Settings.load()).run(*sys.argv[1:])
print(json.dumps([outcome.verdict.passed, outcome.ran, outcome.verdict.observed, outcome.verdict.hint]))
"""
LESSON_STEPS = [("02-build", "build-v1"), ("00-comece-aqui", "account")]


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | settings.environment() | {"PYTHONPATH": str(CLONE)}


def start(settings: Settings, lesson: str, step: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, lesson, step]
    return subprocess.Popen(
        command, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[bool, bool, str, str]:
    said, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    passed, ran, observed, hint = json.loads(said)
    return passed, ran, observed, hint


def is_busy(settings: Settings, lesson: str, step: str) -> Look:
    """Whether a kernel is in the middle of this step: it holds the step's lock."""
    import fcntl

    with (settings.home / "locks" / f"{lesson}.{step}").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Look(True)
    return Look(False, "ninguém está no passo")


@pytest.mark.parametrize("number", [2, 10])
def test_kernels_at_the_same_step(patient: Patient, number: int) -> None:
    """One runs it; the others read that it runs, or that it is done. Nobody's record is lost or torn."""
    settings = patient.settings
    patient.shell("docker rmi -f widget-server:v1")
    kernels = [start(settings, "02-build", "build-v1") for _ in range(number)]
    outcomes = [ended(kernel) for kernel in kernels]
    tally.add(f"{number} kernels at one step")
    assert any(passed for passed, *_ in outcomes), outcomes
    for passed, _, observed, hint in outcomes:
        assert passed or ("já está rodando" in observed and hint), outcomes
    assert Progress(settings).all()["02-build/build-v1"].passed
    assert json.loads((settings.home / "progress.json").read_text())["version"] == 1


def test_ten_kernels_record_ten_steps(patient: Patient) -> None:
    """Records of different steps, written at the same time, are all there afterwards."""
    code = (
        "import sys; from labs.course.progress import Progress; from labs.base.settings import Settings\n"
        "for n in range(10):\n"
        "    path = f'faults/{sys.argv[1]}-{n}'\n"
        "    Progress(Settings.load()).record(path, passed=True, observed='', seconds=0, evidence={})"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], env=environment(patient.settings))
        for number in range(10)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 10
    tally.add("10 kernels record at once")
    recorded = Progress(patient.settings).all()
    assert {f"faults/{writer}-{number}" for writer in range(10) for number in range(10)} <= set(recorded)


Kill = Callable[[], None]


@contextlib.contextmanager
def kernel(settings: Settings) -> Iterator[tuple[Kill, BlockingKernelClient]]:
    """A real kernel with the lab's environment, ready, and what kills it; gone afterwards."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=environment(settings), cwd=str(settings.work))

    def kill() -> None:
        assert isinstance(manager.provisioner, LocalProvisioner) and manager.provisioner.pid
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        tally.add("kill kernel")

    try:
        with connected(manager.client()) as client:
            yield kill, client
    finally:
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@contextlib.contextmanager
def kernel_of_jupyterlab(settings: Settings) -> Iterator[tuple[Kill, BlockingKernelClient]]:
    """A kernel of the course's own JupyterLab, and what kills that server; both gone afterwards."""
    port = jupyter._free_port(8870, lambda _: None)
    server = jupyter.launch(settings, port, print)

    def kill() -> None:
        os.kill(server.pid, signal.SIGKILL)
        server.wait(10)
        tally.add("kill JupyterLab")
        clear_after_jupyterlab(settings)

    try:
        headers = {"Authorization": f"token {token(settings)}"}
        origin = f"http://127.0.0.1:{port}"
        made = request(origin, "POST", "/api/kernels", body=b"{}", headers=headers, timeout=30).json()
        client = BlockingKernelClient(connection_file=str(folder(settings) / "runtime" / f"kernel-{made['id']}.json"))
        client.load_connection_file()
        with connected(client):
            yield kill, client
    finally:
        jupyter.stop(settings, server.pid)


@contextlib.contextmanager
def connected(client: BlockingKernelClient) -> Iterator[BlockingKernelClient]:
    client.start_channels()
    try:
        until("o kernel responder", lambda: answers(client), 60)
        yield client
    finally:
        client.stop_channels()


def answers(client: BlockingKernelClient) -> Look:
    try:
        client.wait_for_ready(timeout=20)
    except RuntimeError as error:  # a second without a heartbeat counts as death, and a busy machine may miss one
        return Look(False, str(error))
    return Look(True)


def clear_after_jupyterlab(settings: Settings) -> None:
    """What the next `start` does first, where the one before died with its server."""
    (settings.run / "jupyter.json").unlink()
    jupyter.end_orphans(settings, lambda _: None)
    assert not jupyter.descendants(settings)


WHO = {"kernel": kernel, "JupyterLab": kernel_of_jupyterlab}


@pytest.mark.parametrize(("lesson", "step"), LESSON_STEPS)
def test_a_kernel_killed_in_the_middle_of_a_step(patient: Patient, lesson: str, step: str) -> None:
    """A new one runs the same step of the course: no lock and no half-written record is in its way."""
    settings = patient.settings
    patient.shell("docker rmi -f widget-server:v1")
    before = patient.census()
    with kernel(settings) as (kill, client):
        client.execute(f"import sys; sys.argv = ['', {lesson!r}, {step!r}]\n{RUN}")
        until("o kernel entrar no passo", lambda: is_busy(settings, lesson, step), 60, interval=0.002)
        kill()
    patient.assert_nothing_lost({kind: held for kind, held in before.items() if kind != "images"}, patient.census())
    passed, _, observed, _ = ended(start(settings, lesson, step))
    assert passed, observed


COMMAND = """
from pathlib import Path
from labs.seams.world import World
from labs.course.command_line import CommandLine
from labs.running.commands import Context, execute
from labs.base.settings import Settings
settings = Settings.load()
world, seen = World(settings), Path({seen!r})
if {quiet}:
    seen.touch()
context = Context(settings, world.engine, world.cloud, Path({folder!r}))
execute(CommandLine.of({command!r}), context, lambda event: seen.touch())
"""


@pytest.mark.parametrize(("who", "name", "moment"), matrix(tuple(WHO), tuple(STEPS), MOMENTS))
def test_killed_around_each_kind_of_step(patient: Patient, who: str, name: str, moment: str, tmp_path: Path) -> None:
    """A kernel that runs a step, or the JupyterLab that it belongs to."""
    step = patient.prepared(STEPS[name])
    before = patient.census()
    with WHO[who](patient.settings) as (kill, client):
        if moment != "before":
            seen = tmp_path / "seen"
            quiet = not step.command.startswith(
                ("docker build", "docker push", "docker pull")
            )  # tells nothing on its way
            values = {"seen": str(seen), "quiet": quiet, "command": step.command, "folder": str(patient.folder)}
            asked = client.execute(COMMAND.format(**values))
            if moment == "during":
                until("o comando começar", lambda: Look(seen.exists(), "ainda não"), 60, interval=0.002)
            else:
                assert _reply(client, asked)["status"] == "ok"
        kill()
    after = patient.census()
    patient.assert_nothing_lost(before, after)
    if moment == "after":
        assert step.key in after[step.kind], f"acknowledged and not there: {step.key}"
    assert_goes_on(patient, step)
    patient.assert_planes_agree(patient.census())


def _reply(client: BlockingKernelClient, asked: str) -> dict[str, Any]:
    """The answer to one request; others' are passed over."""
    while True:
        message = client.get_shell_msg(timeout=60)
        if message["parent_header"].get("msg_id") == asked:
            content: dict[str, Any] = message["content"]
            return content


def test_jupyterlab_killed_in_the_middle(patient: Patient) -> None:
    """Server and kernels die; notebooks and progress stay; the next start clears what is left and opens again."""
    settings = patient.settings
    notebook = settings.work / "notebooks" / "00-comece-aqui.ipynb"
    before, content = patient.census(), notebook.read_bytes()
    port = jupyter._free_port(8870, lambda _: None)
    first = jupyter.launch(settings, port, print)
    running = start(settings, "00-comece-aqui", "account")
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    tally.add("kill JupyterLab")
    clear_after_jupyterlab(settings)
    assert ended(running)[0]
    second = jupyter.launch(settings, port, print)
    try:
        assert processes.is_alive(second.pid, processes.start_of(second.pid))
    finally:
        jupyter.stop(settings, second.pid)
    assert notebook.read_bytes() == content
    patient.assert_nothing_lost(before, patient.census())

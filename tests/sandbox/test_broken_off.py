"""A command broken off in the middle: by an engine that stops, by the learner, by the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base.errors import Interrupted, LabError
from labs.base.events import Event, Line, Progress
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.course.command_line import CommandLine
from labs.running.commands import Context, execute
from labs.running.runner import Runner
from labs.sandbox import leftovers
from labs.seams.world import World

Shell = Callable[..., "subprocess.CompletedProcess[str]"]
HUB = "$HUB_REGISTRY/$HUB_USER"
HUB_LOGIN = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'


@pytest.fixture
def context(lab: Settings) -> Iterator[Context]:
    world = World(lab)
    yield Context(lab, world.engine, world.cloud, lab.work / "widget-server")


def engine_pid(settings: Settings) -> int:
    return leftovers.read_state(settings).parts["engine"].pid


def test_an_engine_stopped_in_the_middle_of_a_push_is_explained_and_comes_back(
    context: Context, shell: Shell, lab: Settings, tmp_path: Path
) -> None:
    (tmp_path / "blob").write_bytes(os.urandom(40 * 2**20))
    assert shell(f"tar -C {tmp_path} -c blob | docker import - {HUB}/bw-big:1").returncode == 0
    assert shell(HUB_LOGIN).returncode == 0

    def kill_once(event: Event) -> None:
        if isinstance(event, Progress) and event.done and not killed:
            killed.append(engine_pid(lab))
            os.kill(killed[0], signal.SIGKILL)

    killed: list[int] = []
    with pytest.raises(LabError) as caught:
        execute(CommandLine.of(f"docker push {HUB}/bw-big:1"), context, kill_once)
    assert killed and caught.value.next_command, caught.value

    def healthy() -> Look:
        answer = shell("docker version --format '{{.Server.Version}}'")
        return Look(answer.returncode == 0, answer.stderr)

    until("o engine voltar", healthy, 30)
    execute(CommandLine.of(f"docker push {HUB}/bw-big:1"), World_context(lab), lambda _: None)


def World_context(lab: Settings) -> Context:  # noqa: N802 - reads as the thing it makes
    world = World(lab)
    return Context(lab, world.engine, world.cloud, lab.work / "widget-server")


def test_a_cancelled_build_stops_and_the_next_one_works(lab: Settings) -> None:
    cancel = threading.Event()
    context = replace(World_context(lab), cancel=cancel)
    (context.folder / "Slow").write_text("FROM labs/python-base:3\nRUN echo um\nRUN sleep 2\n")

    def stop(event: Event) -> None:
        if isinstance(event, Line) and event.text.startswith("Step 2"):
            cancel.set()

    try:
        with pytest.raises(Interrupted):
            execute(CommandLine.of("docker build -t bw-slow:1 -f Slow ."), context, stop)
        execute(CommandLine.of("docker build -t bw-slow:1 -f Slow ."), World_context(lab), lambda _: None)
    finally:
        (context.folder / "Slow").unlink()


def test_a_kernel_interrupt_in_the_middle_of_a_step_is_no_traceback(lab: Settings) -> None:
    """Ctrl-C in the kernel raises KeyboardInterrupt wherever the step is."""

    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    step = Step(id="s", title="s", command="echo oi; sleep 60", hint="d", check=CheckSpec("engine_answers", {}))
    runner = Runner(lab, course=Course((Lesson("98-x", "x", 1, "", (), (step,)),)))
    outcome = runner.run("98-x", "s", interrupt)
    assert isinstance(outcome.error, Interrupted) and "interrompido" in outcome.verdict.observed

"""A step by button against the same command typed, and each part of the sandbox started alone."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from labs.base.events import ignore
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.course.command_line import CommandLine
from labs.running.commands import Context, execute
from labs.sandbox import leftovers, network, parts, registry_program
from labs.sandbox.supervised import Part
from labs.seams import unix_http
from labs.seams.cloud import AwsCloud
from labs.seams.engine import DockerEngine

LOGIN = (
    "aws ecr get-login-password --region us-east-2 --profile console"
    " | docker login --username AWS --password-stdin $ECR_REGISTRY"
)
"""The course's own line, but for the profile: a lab on its first day has no access key yet."""


def button_against_typed(settings: Settings, runs: int) -> list[tuple[str, str, str]]:
    """Rows of the table: build, push and ECR login, each alternately by the seams and typed in bash."""
    folder = settings.work / "widget-server"
    context = Context(settings, DockerEngine(settings), AwsCloud(settings), folder)
    environment = {**os.environ, **settings.environment()}

    def button(command: str) -> None:
        execute(CommandLine.of(command), context, ignore)

    def typed(command: str) -> None:
        subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True, capture_output=True)

    typed('docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"')
    image = "$HUB_REGISTRY/$HUB_USER/widget-server"
    cases: list[tuple[str, Callable[[int], None], str]] = [
        ("build", lambda number: _change(folder, number), f"docker build -t {image}:bench ."),
        ("push", lambda number: _fresh(folder, number, typed, image), f"docker push {image}:bench"),
        ("ECR login", lambda number: None, LOGIN),
    ]
    rows = []
    for name, prepare, command in cases:
        times: dict[str, list[float]] = {"button": [], "typed": []}
        for number in range(runs):
            for kind, run in (("button", button), ("typed", typed)):
                prepare(number)
                started = time.perf_counter()
                run(command)
                times[kind].append(time.perf_counter() - started)
        medians = {kind: statistics.median(values) for kind, values in times.items()}
        ratio = statistics.median(b / t for b, t in zip(times["button"], times["typed"], strict=True))
        text = f"{ratio:.2f} × ({medians['button']:.2f} s against {medians['typed']:.2f} s)"
        rows.append((f"{name} by button against typed", text, "≤ 1.0 ×"))
    return rows


def _change(folder: Path, number: int) -> None:
    """A new source file each time, so that one layer is really built."""
    (folder / "widget_server" / "novidade.txt").write_text(f"{number} {time.time_ns()}\n")


def _fresh(folder: Path, number: int, typed: Callable[[str], None], image: str) -> None:
    _change(folder, number)
    typed(f"docker build -t {image}:bench .")


def parts_alone(settings: Settings) -> dict[str, float]:
    """Seconds from start to the first real answer, for each part started with nothing else starting.

    The gateway is healthy only with both registries, so those already answer when it starts.
    """
    program = registry_program.registry_program(settings, lambda _: None)
    bridge = network.ensure_bridge(settings)
    known = {part.name: part for part in parts.specifications(settings, program, bridge)}
    took = {}
    with contextlib.ExitStack() as running:
        for name in sorted(known, key=lambda name: name == "gateway"):
            with contextlib.ExitStack() as alone:
                started = time.perf_counter()
                (running if "registry" in known[name].argv[0] else alone).enter_context(_started(known[name]))
                took[name] = time.perf_counter() - started
    leftovers.sweep(settings)
    return took


@contextlib.contextmanager
def _started(part: Part) -> Iterator[None]:
    """A part that answers; ended at the end."""
    process = subprocess.Popen(
        part.argv,
        env=part.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until("a parte responder", lambda: _answers(f"unix://{part.socket}", part.path), 30)
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(address: str, path: str) -> Look:
    try:
        status = unix_http.request(address, "GET", path).status
        return Look(status == 200, f"HTTP {status}")
    except OSError as error:
        return Look(False, str(error))

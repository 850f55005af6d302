"""A step by button against the same command typed, and each part of the sandbox started alone."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from labs.cloud import AwsCloud
from labs.commands import Context, execute
from labs.engine import DockerEngine
from labs.events import ignore
from labs.sandbox import leftovers, network, parts, tools, unix_http
from labs.sandbox.wait import Look, until
from labs.settings import Settings

LOGIN = "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY"


def button_against_typed(settings: Settings, runs: int) -> list[tuple[str, str, str]]:
    """Rows of the table: build, push and ECR login, each alternately by the seams and typed in bash."""
    folder = settings.work / "widget-server"
    context = Context(settings, DockerEngine(settings), AwsCloud(settings), folder)
    environment = {**os.environ, **settings.environment()}

    def button(command: str) -> None:
        execute(command, context, ignore)

    def typed(command: str) -> None:
        subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True, capture_output=True)

    for command in (
        'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
        *_credentials(),
    ):
        typed(command)
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


def _credentials() -> tuple[str, ...]:
    """The console session's own profile is enough to ask for a token."""
    return ("aws configure set region us-east-2 && aws configure set output json",)


def _change(folder: Path, number: int) -> None:
    """A new source file each time, so that one layer is really built."""
    (folder / "widget_server" / "novidade.txt").write_text(f"{number} {time.time_ns()}\n")


def _fresh(folder: Path, number: int, typed: Callable[[str], None], image: str) -> None:
    _change(folder, number)
    typed(f"docker build -t {image}:bench .")


def parts_alone(settings: Settings) -> dict[str, float]:
    """Seconds from start to the first real answer, for each part started with nothing else running."""
    took = {}
    program = tools.registry_program(settings, lambda _: None)
    bridge = network.ensure_bridge(settings)
    for part in parts.specifications(settings, program, bridge):
        if part["name"] == "gateway":
            continue  # it is healthy only with both registries: its own share shows in `up` itself
        took[part["name"]] = _alone(part)
    leftovers.sweep(settings)
    return took


def _alone(part: dict[str, object]) -> float:
    started = time.perf_counter()
    process = subprocess.Popen(
        part["argv"],
        env=part["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # type: ignore[call-overload]
    )
    try:
        until("a parte responder", lambda: _answers(str(part["socket"]), str(part["path"])), 30)
        return time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _answers(socket: str, path: str) -> Look:
    try:
        status, _ = unix_http.request(Path(socket), "GET", path)[:2]
        return Look(status == 200, f"HTTP {status}")
    except OSError as error:
        return Look(False, str(error))

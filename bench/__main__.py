"""`.venv/bin/python -m bench`: measure what the project promises, ratios side by side in one run, and print a table.

Each measurement makes its own lab in a temporary folder and removes it. Nothing here asserts: the figures, with the
machine, are written down in `bench/README.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import browser, checks, classroom, push, setup, steps
from labs import sandbox
from labs.base.settings import CLONE, Settings
from labs.sandbox import leftovers

RUNS = 5


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    measured: str
    aim: str


@contextlib.contextmanager
def lab() -> Iterator[Settings]:
    """A sandbox that is up, in a folder of its own, removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="labs-bench-", dir="/tmp"))
    os.environ.update(LABS_HOME=str(home), LABS_ENGINE="private")
    try:
        yield sandbox.up(Settings.load(home), lambda text: print(f"  {text}", file=sys.stderr))
    finally:
        sandbox.down(Settings.load(home), lambda _: None)
        shutil.rmtree(home, ignore_errors=True)


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def start(settings: Settings) -> list[Figure]:
    """`up` with everything installed, against the slowest of its parts started alone."""
    whole: list[float] = []
    alone: dict[str, list[float]] = {}
    command = [sys.executable, "-m", "labs", "up"]
    for _ in range(RUNS):
        subprocess.run([sys.executable, "-m", "labs", "down"], cwd=CLONE, check=True, capture_output=True)
        for name, took in steps.parts_alone(settings).items():
            alone.setdefault(name, []).append(took)
        whole.append(seconds(lambda: subprocess.run(command, cwd=CLONE, check=True, capture_output=True)))
    slowest = max(alone, key=lambda name: statistics.median(alone[name]))
    base, total = statistics.median(alone[slowest]), statistics.median(whole)
    figures = [
        Figure("`up`, all installed, until healthy", f"{total:.2f} s ({min(whole):.2f}–{max(whole):.2f})", "≤ 2 s")
    ]
    figures.append(
        Figure(f"… against the slowest part alone ({slowest}: {base:.2f} s)", f"{total / base:.2f} ×", "≤ 1.1 ×")
    )
    return figures


def memory(settings: Settings) -> list[Figure]:
    """Proportional set size of supervisor, gateway and registries; the engine apart."""
    state = leftovers.read_state(settings)
    pids = {name: part.pid for name, part in state.parts.items()} | {"supervisor": state.pid}
    sizes = {name: psutil.Process(pid).memory_full_info().pss / 2**20 for name, pid in pids.items()}
    total = sum(size for name, size in sizes.items() if name != "engine")
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items()))
    return [Figure(f"memory of the idle sandbox without the engine ({parts})", f"{total:.0f} MB", "≤ 120 MB")]


def imports() -> list[Figure]:
    code = "import time; t = time.perf_counter(); import labs; print(time.perf_counter() - t)"
    use = "import time; t = time.perf_counter(); from labs import lesson; print(time.perf_counter() - t)"
    figures = []
    for name, text in (("`import labs`", code), ("`from labs import lesson`", use)):
        runs = [
            float(
                subprocess.run(
                    [sys.executable, "-c", text], cwd=CLONE, capture_output=True, text=True, check=True
                ).stdout
            )
            for _ in range(RUNS)
        ]
        figures.append(Figure(f"{name} in a fresh interpreter", f"{statistics.median(runs):.3f} s", "≤ 0.3 s"))
    return figures


def course(settings: Settings) -> list[Figure]:
    """All lessons headless, twice on the same state."""
    runs = []
    for _ in range(2):
        runs.append(
            seconds(
                lambda: subprocess.run(
                    [sys.executable, "-m", "labs", "run"], cwd=CLONE, check=True, capture_output=True
                )
            )
        )
    return [
        Figure(
            "the whole course headless: first run, second run on the same state",
            f"{runs[0]:.1f} s, {runs[1]:.1f} s",
            "≤ 60 s",
        )
    ]


def size() -> list[Figure]:
    """What a learner's `start` installs: an environment made anew, since this one may hold the tests' packages too."""
    with tempfile.TemporaryDirectory(prefix="labs-bench-") as folder:
        environment = os.environ | {"LABS_VENV": f"{folder}/venv"}
        code = "from labs.machine import environment; environment.ensure(print, agree=lambda _: False)"
        base = getattr(sys, "_base_executable", sys.executable)
        subprocess.run([base, "-c", code], cwd=CLONE, env=environment, check=True, capture_output=True)
        answer = subprocess.run(["du", "-sm", f"{folder}/venv"], capture_output=True, text=True, check=True)
    return [Figure("installed environment", f"{answer.stdout.split()[0]} MB", "≤ 450 MB")]


MEASURES: dict[str, Callable[[Settings], list[Figure]]] = {
    "import": lambda _: imports(),
    "size": lambda _: size(),
    "memory": memory,
    "checks": lambda settings: [Figure(*row) for row in checks.while_the_course_is_done(settings)],
    "course": course,
    "steps": lambda settings: [Figure(*row) for row in steps.button_against_typed(settings, RUNS)],
    "push": lambda settings: [Figure(*row) for row in push.gateway_against_bare(settings, RUNS)],
    "browser": lambda settings: [Figure(*row) for row in browser.felt(settings, RUNS)],
    "start": start,
    "class": lambda _: [Figure(*row) for row in classroom.rows()],
    "setup": lambda _: [Figure(*row) for row in (*setup.uv_against_pip(), *setup.bare_clone_to_lesson())],
}
"""In this order: the memory of a sandbox that has done nothing yet; the last three stop the lab, or make their own."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], metavar="NAME", help=", ".join(MEASURES))
    chosen = parser.parse_args().names or list(MEASURES)
    figures = []
    with lab() as settings:
        for name in (name for name in MEASURES if name in chosen):
            print(f"  {name} …", file=sys.stderr, flush=True)
            figures += MEASURES[name](settings)
    memory_gb = psutil.virtual_memory().total / 2**30
    print(f"{platform.platform()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, Python {platform.python_version()}\n")
    print("| what | measured | aim |\n|---|---|---|")
    for figure in figures:
        print(f"| {figure.what} | {figure.measured} | {figure.aim} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

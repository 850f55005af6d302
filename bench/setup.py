"""From a bare clone to the first lesson: a first start, a second one, and the installers side by side."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from labs.base.settings import CLONE

BARE = getattr(sys, "_base_executable", sys.executable)
PARTS = {
    "Criando o ambiente": "engine and system packages",
    "Ambiente Python pronto": "environment, with base image, wheels and registry",
    "Laboratório de pé": "sandbox",
    "JupyterLab pronto": "images, accounts, JupyterLab",
}
"""How the line that ends a part of the start begins, and what the part is."""


def bare_clone_to_lesson() -> list[tuple[str, str, str]]:
    """Rows of the table: `start` in a fresh clone until the address is printed, and once more."""
    rows = []
    with _clone() as clone:
        for name, aim in (("bare clone → first lesson ready", "≤ 25 s"), ("second start", "≤ 5 s")):
            whole, parts = _start(clone)
            told = ", ".join(f"{part} {took:.1f}" for part, took in parts.items())
            rows.append((f"{name} ({told})", f"{whole:.1f} s", aim))
    return rows


def uv_against_pip() -> list[tuple[str, str, str]]:
    """One row: the environment's packages by `installer.install` (with bringing uv), and by pip alone, one after the
    other, each with the caches that this machine has.
    """
    took = {}
    with tempfile.TemporaryDirectory(prefix="labs-bench-") as folder:
        for name in ("install", "_by_pip"):
            python = Path(folder, name, "bin", "python")
            subprocess.run([BARE, "-m", "venv", "--without-pip", str(python.parents[1])], check=True)
            code = "import sys; from pathlib import Path; from labs.machine import installer\n"
            code += f"installer.{name}(Path('requirements.txt'), *map(Path, sys.argv[1:]), lambda _: None)"
            command = [BARE, "-c", code, str(python), f"{folder}/{name}.log"]
            started = time.perf_counter()
            subprocess.run(command, cwd=CLONE, check=True, capture_output=True)
            took[name] = time.perf_counter() - started
    uv, pip = took.values()
    return [("installing the lock with uv, against pip", f"{uv / pip:.2f} × ({uv:.1f} s against {pip:.1f} s)", "< 1 ×")]


@contextlib.contextmanager
def _clone() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="labs-bench-", dir="/tmp") as folder:
        subprocess.run(["git", "clone", "--quiet", str(CLONE), f"{folder}/clone"], check=True)
        yield Path(folder, "clone")


def _start(clone: Path) -> tuple[float, dict[str, float]]:
    """Seconds until the address is printed, whole and by part; the lab is down again afterwards."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LABS_VENV", "LABS_CACHE")}
    environment["LABS_HOME"] = str(clone.parent / "home")
    command = [BARE, "-m", "labs", "start", "--no-browser", "--yes"]
    began = last = time.perf_counter()
    parts: dict[str, float] = {}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=clone, env=environment, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            for start, name in PARTS.items():
                if line.startswith(start):
                    parts[name], last = time.perf_counter() - last, time.perf_counter()
            if line.startswith("JupyterLab pronto"):
                process.send_signal(signal.SIGINT)
                break
        process.stderr.read()
    return last - began, parts

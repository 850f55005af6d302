"""`python3 -m labs test`: pytest in a state folder of its own, and nothing left running afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from labs.base.errors import LabError
from labs.base.settings import CLONE, Settings
from labs.sandbox import leftovers

HOMES = "LABS_TEST_HOMES"
"""Environment variable: the folder in which the tests make their state folders."""
NOT_OURS = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


def install_javascript_tools(say: Callable[[str], None]) -> None:
    """biome and tsc, once for each lock; where they cannot be had, the tests that need them fail and say why."""
    command = [sys.executable, "-m", "tests.javascript"]
    answer = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode != 0:
        say(f"Sem as ferramentas de JavaScript dos testes: {answer.stderr.strip()}")


def run(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """Run the suite; returns pytest's exit code. pytest's own closing line is the last one on stdout."""
    homes = Path(tempfile.mkdtemp(prefix="labs-"))
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    environment |= {HOMES: str(homes), "LABS_ENGINE": "private"}
    environment.setdefault("LABS_HOME", str(homes / "home"))
    paths = [str(CLONE), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    try:
        sys.stdout.flush()
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments], cwd=CLONE, env=environment, stdin=subprocess.DEVNULL
        ) as process:
            return _wait(process)
    finally:
        sweep(homes, say)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C reaches pytest by itself (same terminal); our SIGTERM goes on as Ctrl-C, so that fixtures tear down."""
    previous = signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)


def sweep(homes: Path, say: Callable[[str], None]) -> None:
    """Stop and delete every sandbox below a folder; silent when the fixtures already did."""
    for home in sorted(homes.iterdir()) if homes.is_dir() else []:
        try:
            if found := leftovers.sweep(Settings(home=home)):
                say(f"Sobra de um teste interrompido em {home}: {', '.join(found)}.")
        except LabError as error:
            say(str(error))
    with contextlib.suppress(LabError):
        leftovers.remove_tree(homes)

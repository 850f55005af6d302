"""What of `labs` no test reaches: coverage.py over all lanes of a run and most processes that they start.

What is measured, and the floor, stand in `pyproject.toml` ([tool.coverage]).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib

from labs.base.settings import CLONE

FOLDER = CLONE / "artifacts" / "coverage"
"""One file for each process while the suite runs, `data` for all of them afterwards."""
COVERAGE = (sys.executable, "-m", "coverage")
RUN = (*COVERAGE, "run", "-m")
"""Runs the module whose name and arguments follow, measured."""
UNREACHED = (*COVERAGE, "report", "--show-missing", "--skip-covered")
"""Lists the lines that no test reaches."""


def begin() -> None:
    """Forget the run before."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


def total() -> tuple[str, bool]:
    """One line about all that was measured since `begin`, and whether it reaches the floor."""
    try:
        _ask("combine", "--quiet")
        percent = float(_ask("report", "--fail-under=0", "--format=total"))
    except subprocess.CalledProcessError as error:
        return f"Cobertura: não pôde ser medida ({(error.stdout + error.stderr).strip()}).", False
    line = f"Cobertura: {_comma(percent)} % de labs, e o mínimo é {_comma(floor())} %."
    if percent >= floor():
        return line, True
    return f"{line} Próximo comando: {' '.join(UNREACHED)}", False


def floor() -> float:
    """What a whole run must reach, in percent."""
    settings = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))
    return float(settings["tool"]["coverage"]["report"]["fail_under"])


def _comma(percent: float) -> str:
    return f"{percent:.1f}".replace(".", ",")


def _ask(*words: str) -> str:
    answer = subprocess.run([*COVERAGE, *words], cwd=CLONE, capture_output=True, text=True, check=True)
    return answer.stdout.strip()

"""Style and types hold as `pyproject.toml` says; the tools' own reports are the message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labs.base.settings import CLONE

TOOLS = {
    "style": ["-m", "ruff", "check", "--no-cache", "."],
    "format": ["-m", "ruff", "format", "--no-cache", "--check", "."],
    "types": ["-m", "mypy", "--no-error-summary"],
    "imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_the_code_keeps_its_rules(name: str) -> None:
    answer = subprocess.run(
        [sys.executable, *TOOLS[name]], cwd=CLONE, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr

"""Style and types hold as `pyproject.toml` says; the tools' own reports are the message."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labs.base.settings import CLONE

TOOLS = {
    "style": ["ruff", "check", "--no-cache", "."],
    "format": ["ruff", "format", "--no-cache", "--check", "."],
    "types": ["mypy", "--no-error-summary"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_the_code_keeps_its_rules(name: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", *TOOLS[name]], cwd=CLONE, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr

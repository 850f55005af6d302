"""The examples that the lessons copy."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def test_example_v1_is_the_dockerfile_itself() -> None:
    """Lesson 02 starts from `exemplos/Dockerfile.v1`, so it must never drift from the Dockerfile."""
    assert (HERE / "exemplos/Dockerfile.v1").read_text("utf-8") == (HERE / "Dockerfile").read_text("utf-8")

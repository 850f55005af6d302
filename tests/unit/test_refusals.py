"""A refusal is the kit's product: a test tells the sentence of each one, whole, as the learner reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.base.settings import CLONE

MODULES = (
    *(CLONE / "labs/checks").glob("*.py"),
    *(CLONE / "labs/clinic").glob("*.py"),
    CLONE / "labs/running/judge.py",
)
ROWS = "\n".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
"""The tests; where they tell a refusal, it begins with ✗ (`verdicts.line`)."""
PASSED_ON = "error.what"
"""What AWS said, where that is the whole refusal (test_clinic_faults_remote.py has a row of it)."""


def refusals() -> Iterator[tuple[str, str]]:
    """Where each `failed(…)` stands, and a pattern of its sentence: anything may stand for what it fills in."""
    for path in sorted(MODULES):
        text = path.read_text("utf-8")
        for function in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)):
            named = {
                ast.unparse(node.targets[0]): node.value for node in ast.walk(function) if isinstance(node, ast.Assign)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("failed", "unseen"):
                    said = named.get(ast.unparse(node.args[0]), node.args[0])
                    if ast.unparse(said) != PASSED_ON:
                        yield f"{path.parent.name}/{path.name}:{node.lineno}", pattern(said)


def pattern(said: ast.expr) -> str:
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)


@pytest.mark.parametrize("sentence", [pytest.param(sentence, id=place) for place, sentence in refusals()])
def test_every_refusal_is_told_by_a_test(sentence: str) -> None:
    assert re.search(f"✗ {sentence}", ROWS)

"""The architecture, held by a test: one module per outside system."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from labs.base.settings import CLONE

LABS = CLONE / "labs"
SEAMS = {
    "docker": ["seams/engine.py"],
    "boto3": ["seams/cloud.py"],
    "ipywidgets": ["widgets"],
    "anywidget": ["widgets"],
    "moto": ["sandbox/gateway"],
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(("package", "places"), SEAMS.items(), ids=SEAMS)
def test_only_its_seam_imports_a_package(package: str, places: list[str]) -> None:
    users = [path.relative_to(LABS).as_posix() for path in LABS.rglob("*.py") if package in imports(path)]
    assert users or package == "ipywidgets", f"nobody imports {package}"  # anywidget brings ipywidgets along
    assert [user for user in users if not any(user.startswith(place) for place in places)] == []


def test_importing_the_kit_loads_nothing_heavy() -> None:
    heavy = "{'docker', 'boto3', 'botocore', 'ipywidgets', 'moto', 'requests', 'aiohttp'}"
    code = f"import sys, labs; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

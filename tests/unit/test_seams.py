"""The seams: ruff's banned-api (`pyproject.toml`) bites in every room, and importing the kit loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labs.base.settings import CLONE

IMPORTS = (
    *("import docker", "from docker import errors", "import boto3", "import requests", "import http.client"),
    *("import urllib.request", "from urllib import request", "import subprocess", "from configparser import Error"),
    *("import fcntl", "import ipywidgets", "import anywidget", "from moto.ecr import models"),
)


ROOMS = ("checks", "clinic", "running", "seams", "ownership", "cli", "sandbox", "sandbox/gateway", "develop")


@pytest.mark.parametrize("room", ROOMS)
def test_only_its_seam_imports_a_package(room: str) -> None:
    """A new module in any room, but those that `pyproject.toml` names, is refused line by line."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "--output-format", "concise"]
    command += ["--stdin-filename", str(CLONE / "labs" / room / "new.py"), "-"]
    answer = subprocess.run(
        command, input="\n".join(IMPORTS), cwd=CLONE, capture_output=True, text=True, timeout=60, check=False
    )
    told = [line for line in answer.stdout.splitlines() if "TID251" in line]
    assert len(told) == len(IMPORTS), answer.stdout + answer.stderr


def test_importing_the_kit_loads_nothing_heavy() -> None:
    heavy = "{'docker', 'boto3', 'botocore', 'ipywidgets', 'moto', 'requests', 'aiohttp'}"
    code = f"import sys, labs; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

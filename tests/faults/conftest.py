"""One lab for all faults; its figures go to `artifacts/faults.json`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.settings import CLONE, Settings
from labs.sandbox import leftovers
from tests.courses import unmeasured

from .kit import Patient, tally


@pytest.fixture(scope="package", autouse=True)
def _unmeasured() -> Iterator[None]:
    with unmeasured():
        yield


@pytest.fixture(scope="package", autouse=True)
def figures(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    told = {"exhaustive": pytestconfig.getoption("--exhaustive"), **tally.figures()}
    folder = CLONE / "artifacts"
    folder.mkdir(exist_ok=True)
    (folder / "faults.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


@pytest.fixture(scope="package")
def patient(lab_homes: Path) -> Iterator[Patient]:
    home = Path(tempfile.mkdtemp(prefix="ill-", dir=lab_homes))
    with ExitStack() as stack:
        stack.callback(leftovers.remove_tree, home)
        stack.callback(sandbox.down, Settings(home=home), lambda _: None)
        patient = Patient(sandbox.up(Settings(home=home), lambda _: None), home / "work" / "faults")
        patient.folder.mkdir()
        patient.sign_in()
        yield patient

"""What no test reaches: measured over processes that start others, told in one line, held against a floor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from labs.develop import measuring

CODE = """
import subprocess, sys

def told(word):
    if word == "other":
        print("from a process that this one started")
    else:
        print("never reached")

if len(sys.argv) > 1:
    told(sys.argv[1])
else:
    subprocess.run([sys.executable, "-m", "thing", "other"], check=True)
"""
SETTINGS = """
[tool.coverage.run]
source_pkgs = ["thing"]
parallel = true
patch = ["subprocess"]
data_file = "artifacts/coverage/data"

[tool.coverage.report]
fail_under = {floor}
precision = 1
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # of a run that measures this test
    monkeypatch.setattr(measuring, "CLONE", tmp_path)
    monkeypatch.setattr(measuring, "FOLDER", tmp_path / "artifacts" / "coverage")
    (tmp_path / "pyproject.toml").write_text(SETTINGS.format(floor=50))
    (tmp_path / "thing.py").write_text(CODE)
    return tmp_path


@pytest.mark.parametrize(
    ("floor", "reached", "line"),
    [
        (87.5, True, "Cobertura: 87,5 % de labs, e o mínimo é 87,5 %."),
        (90, False, "Cobertura: 87,5 % de labs, e o mínimo é 90,0 %. Próximo comando: "),
    ],
)
def test_the_total_of_all_processes_is_held_against_the_floor(
    clone: Path, floor: float, reached: bool, line: str
) -> None:
    (clone / "pyproject.toml").write_text(SETTINGS.format(floor=floor))
    measuring.begin()
    subprocess.run([*measuring.RUN, "thing"], cwd=clone, check=True, stdout=subprocess.DEVNULL)
    assert len(list(measuring.FOLDER.iterdir())) == 2
    said, enough = measuring.total()
    assert (said.startswith(line), enough) == (True, reached), said


def test_what_could_not_be_measured_reaches_no_floor(clone: Path) -> None:
    measuring.begin()
    said, enough = measuring.total()
    assert said.startswith("Cobertura: não pôde ser medida (") and not enough


def test_the_run_before_is_forgotten(clone: Path) -> None:
    measuring.FOLDER.mkdir(parents=True)
    (measuring.FOLDER / "data.old").touch()
    measuring.begin()
    assert not any(measuring.FOLDER.iterdir())

"""`jupyter nbconvert --to html` of the stored notebooks: what somebody reads who has no kernel."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labs.course.catalog import Lesson, load_course
from labs.develop.notebooks import NOTEBOOKS

LESSONS = load_course().lessons


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All lessons as HTML, made by one command."""
    folder = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--output-dir", str(folder)]
    answer = subprocess.run(
        [*command, *(str(NOTEBOOKS / f"{lesson.id}.ipynb") for lesson in LESSONS)],
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-5000:]
    return folder


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_the_page_has_every_steps_transcript_and_no_traceback(lesson: Lesson, pages: Path) -> None:
    page = html.unescape(re.sub(r"<[^>]+>", "", (pages / f"{lesson.id}.html").read_text("utf-8")))
    assert "Traceback" not in page
    shown = _transcripts(lesson)
    assert len(shown) == len(lesson.steps) + bool(lesson.challenge)
    for transcript in shown:
        assert "✓ Comprovado" in transcript
        for line in filter(None, transcript.splitlines()):
            assert line in page


def _transcripts(lesson: Lesson) -> list[str]:
    """What the cells of steps and challenge store."""
    book = nbformat.read(NOTEBOOKS / f"{lesson.id}.ipynb", as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    steps = [cell for cell in cells if cell.source.startswith(("lab.step(", "lab.challenge("))]
    return ["\n".join(output.data["text/plain"] for output in cell.outputs if "data" in output) for cell in steps]

"""Every notebook runs from the first day and gives the outputs that are stored in it (nbval, strict)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import nbformat
import pytest

from labs.course.catalog import load_course
from labs.notebook.gallery import Gallery
from labs.develop.notebooks import NOTEBOOKS
from tests.courses import Taught

IDS = [lesson.id for lesson in load_course().lessons]


def test_the_notebooks_give_their_stored_outputs(taught: Taught) -> None:
    answer = taught.compared
    assert answer.returncode == 0, answer.stdout[-20000:] + answer.stderr[-5000:]
    assert re.search(r"\d+ passed", answer.stdout)


@pytest.mark.parametrize("name", IDS)
def test_a_stored_notebook_reads_without_running(name: str) -> None:
    """Each step's cell stores a transcript with its verdict, and nothing that only a kernel could show."""
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for cell in book.cells:
        if cell.cell_type != "code" or not cell.source.startswith(("lab.", "from labs")):
            continue
        assert cell.outputs, f"{name}: {cell.source} has no stored output"
        text = "\n".join(_text(output) for output in cell.outputs)
        assert "Traceback" not in text
        if cell.source.startswith(("lab.step(", "lab.challenge(")):
            assert "✓" in text, f"{name}: {cell.source} is stored without its proof:\n{text}"
    assert "NBVAL_SKIP" not in str(book) and "NBVAL_IGNORE_OUTPUT" not in str(book)


PICTURES = {name for name in vars(Gallery) if not name.startswith("_")}


@pytest.mark.parametrize("name", IDS)
def test_a_stored_notebook_shows_its_pictures_without_running(name: str) -> None:
    """Each picture's cell stores a still: an SVG document without styles or scripts, which code hosts would remove."""
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for cell in book.cells:
        called = re.match(r"lab\.(\w+)\(", cell.source)
        if cell.cell_type != "code" or not called or called[1] not in PICTURES:
            continue
        stills = [output.data["image/svg+xml"] for output in cell.outputs if "image/svg+xml" in output.get("data", {})]
        assert len(stills) == 1, f"{name}: {cell.source} stores no still"
        root = ElementTree.fromstring(stills[0])
        text = "\n".join(_text(output) for output in cell.outputs)
        assert root.tag.endswith("}svg") and root.findtext("{http://www.w3.org/2000/svg}desc") == text
        assert not {"style", "script", "foreignObject"} & {element.tag.rpartition("}")[2] for element in root.iter()}


def _text(output: nbformat.NotebookNode) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))

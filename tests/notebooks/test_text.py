"""Each lesson's text (`docs/lessons/`) says what its notebook says: `jupytext --sync` keeps them so."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest

from labs.base.settings import CLONE

NOTEBOOKS = sorted((CLONE / "notebooks").glob("*.ipynb"))
TEXTS = CLONE / "docs" / "lessons"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_text_and_the_notebook_say_the_same(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    text = jupytext.read(TEXTS / f"{path.stem}.md")
    told = [(cell.cell_type, cell.source) for cell in text.cells]
    assert told == [(cell.cell_type, cell.source) for cell in notebook.cells], "run: jupytext --sync notebooks/*.ipynb"


def test_every_text_has_its_notebook() -> None:
    assert {path.stem for path in TEXTS.glob("*.md")} == {path.stem for path in NOTEBOOKS}

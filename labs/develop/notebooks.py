"""`python3 -m labs.notebooks [LESSON …]`: run the notebooks and store their outputs, for contributors.

The stored outputs are what a reader without a kernel sees, and what nbval compares every new run with. Each step runs
through its own button's handler (LABS_AUTORUN). Run it in a lab of its own, from the first day:

    LABS_HOME=/tmp/labs-book python3 -m labs up && LABS_HOME=/tmp/labs-book .venv/bin/python -m labs.notebooks
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from labs.base.settings import CLONE, Settings
from labs.course.catalog import load_course
from labs.running.unattended import VARIABLE

NOTEBOOKS = CLONE / "notebooks"
CELL_SECONDS = 300  # seconds for one cell


def refresh(path: Path, work: Path) -> None:
    """Execute one notebook and write it back with its outputs, without what varies or belongs to the editor.

    Args:
        work: the folder of the learner's copies, which stands on each machine elsewhere: stored by its variable's name.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    book.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in book.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            # The widget's model lives in a kernel that is gone: worth storing are the transcript and a picture's still.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    path.write_text(nbformat.writes(book).replace(f"{work}/", "$LAB_WORK/") + "\n", "utf-8")


def environment(settings: Settings) -> dict[str, str]:
    """What a notebook's kernel needs to run its steps by itself, with Jupyter's own files inside the state folder."""
    jupyter = settings.home / "jupyter"
    jupyter.mkdir(mode=0o700, parents=True, exist_ok=True)  # IPython makes its own folder in it, but no parents
    return {
        **settings.environment(),
        VARIABLE: "1",
        "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
        "JUPYTER_DATA_DIR": str(jupyter / "data"),
        "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
        "IPYTHONDIR": str(jupyter / "ipython"),
    }


def refresh_all(names: Sequence[str], settings: Settings, report: Callable[[str], None]) -> None:
    """Refresh these lessons' notebooks; all where none is named.

    Raises:
        CatalogError: there is no such lesson.
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    course = load_course()
    chosen = [course.lesson(name) for name in names] or course.lessons
    os.environ.update(environment(settings))
    for lesson in chosen:
        report(lesson.id)
        refresh(NOTEBOOKS / f"{lesson.id}.ipynb", settings.work)

"""Where JupyterLab reads its files: as it does by itself, but what is wrong with a notebook is said in Portuguese."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado import web

from labs.base.settings import CLONE

UNREADABLE = 400
"""What jupyter-server answers where a notebook is no JSON, or JSON of another kind (`_read_notebook`, fileio.py)."""


class Notebooks(AsyncLargeFileManager):
    """jupyter-server's own manager."""

    async def _read_notebook(self, os_path: str, *arguments: Any, **options: Any) -> Any:
        try:
            return await super()._read_notebook(os_path, *arguments, **options)
        except web.HTTPError as error:
            if error.status_code != UNREADABLE:
                raise
            raise web.HTTPError(UNREADABLE, unreadable(Path(os_path))) from error


def unreadable(path: Path) -> str:
    """What happened to a notebook that cannot be read, and for a lesson's how to have it back."""
    words = f"Este arquivo está danificado e não é mais um notebook: {path.name}."
    if not (CLONE / "notebooks" / path.name).is_file():
        return words
    return f"{words} No terminal, `python3 -m labs recover {path.stem}` traz a aula de volta e guarda este ao lado."

"""What all cards share: the look, the text that a notebook stores, and work outside the thread that takes clicks."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from labs.errors import LabError
from labs.widgets.transcript import Status

FOLDER = Path(__file__).parent
UNEXPECTED = "Algo inesperado aconteceu no kit (o erro é nosso, não seu)."


def script(name: str) -> str:
    """A card's JavaScript with the helpers that all cards use, as one module."""
    return "\n".join((FOLDER / file).read_text("utf-8") for file in ("common.js", name))


class Card(anywidget.AnyWidget):
    """A widget whose plain text is a transcript, never an object's repr."""

    _esm = "export default { render() {} }"
    _css = (FOLDER / "card.css").read_text("utf-8")
    key = traitlets.Unicode().tag(sync=True)
    """Makes element ids of two cards differ."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.key = f"lab-{self.model_id}"

    def text(self) -> str:
        """The card as plain text."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text()  # outside a notebook this is what `display` prints

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": self.text()}, metadata


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Run outside the thread that takes clicks. The context goes along: ipykernel finds in it what to answer to."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    return thread


def status_of_error(error: Exception) -> Status:
    """An error as a status: a `LabError`'s own words, and words of ours for a bug. Never a traceback."""
    if isinstance(error, LabError):
        return Status("failed", f"{error.what} {error.observed}".strip(), error.next_command)
    return Status("failed", f"{UNEXPECTED} {type(error).__name__}: {error}", "python3 -m labs doctor")

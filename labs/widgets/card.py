"""What all cards share: the look, the text that a notebook stores, and work outside the thread that takes clicks."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import ipywidgets
import traitlets

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.widgets.transcript import Status

FOLDER = Path(__file__).parent
UNEXPECTED = "Algo inesperado aconteceu no kit (o erro é nosso, não seu)."


class Script(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets carries no types
    """A module of the cards, in the page once for all cards of a kernel: with each card it would be 40 kB."""

    source = traitlets.Unicode().tag(sync=True)


def module_of(name: str, settings: Settings | None = None) -> str:
    """A card's JavaScript with the look and the helpers that all cards share, as one module. What it takes from the
    settings are the ports on which the lab answers a browser.
    """
    style = "\n".join(_read(file) for file in ("card.css", "picture.css"))
    known = {"STYLE": style, "PORTS": list(settings.answered_ports()) if settings else []}
    told = [f"const {constant} = {json.dumps(value)};" for constant, value in known.items()]
    return "\n".join([*told, _read("common.js"), _read(name)])


@functools.cache
def _script(name: str) -> Script:
    with contextlib.suppress(LabError):  # a card says it by itself
        return Script(source=module_of(name, Settings.load()))
    return Script(source=module_of(name))


@functools.cache
def _layout() -> ipywidgets.Layout:
    """One for all cards: a widget has a model for its layout, and none of ours differs."""
    return ipywidgets.Layout()


def _read(file: str) -> str:
    return (FOLDER / file).read_text("utf-8")


class Card(anywidget.AnyWidget):
    """A widget whose plain text is a transcript, never an object's repr."""

    _esm = _read("loader.js")
    _module: str
    """The file with a subclass's JavaScript, which exports `{ render }` as an anywidget module does."""
    script = traitlets.Unicode().tag(sync=True)
    """Id of the `Script` that holds it."""
    key = traitlets.Unicode().tag(sync=True)
    """`lab-` and the model's id: makes element ids of two cards differ, and leads the card to its whole model."""

    def __init__(self, **traits: Any) -> None:
        model_id = uuid4().hex
        own = {"key": f"lab-{model_id}", "script": _script(self._module).model_id, "layout": _layout()}
        super().__init__(model_id=model_id, **own, **traits)

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

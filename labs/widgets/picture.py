"""A picture of the state with a button that draws it again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from labs.errors import LabError
from labs.pictures import Picture, message
from labs.widgets.card import Card, in_thread, script, status_of_error

Draw = Callable[[Mapping[str, str]], Picture]


class PictureCard(Card):
    """One picture. `fields` are inputs that the learner may change: `{"name", "label", "value"}`.

    Traits:
        html: the picture; `labs.pictures` escapes all data in it.
        fields: the inputs with what was drawn last.
    """

    _esm = script("picture.js")
    html = traitlets.Unicode().tag(sync=True)
    fields: Any = traitlets.List().tag(sync=True)

    def __init__(self, draw: Draw, fields: Sequence[Mapping[str, str]] = ()) -> None:
        self._draw = draw
        self._guard = threading.Lock()
        first = self._picture({field["name"]: field["value"] for field in fields})
        self._text = first.text
        super().__init__(html=first.html, fields=[dict(field) for field in fields])
        self.on_msg(self._on_message)

    def refresh(self, values: Mapping[str, str] | None = None) -> None:
        """Draw again, with the inputs' values where given."""
        with self._guard:
            chosen = {field["name"]: str((values or {}).get(field["name"], field["value"])) for field in self.fields}
            picture = self._picture(chosen)
            self.fields = [{**field, "value": chosen[field["name"]]} for field in self.fields]
            changed = picture.html != self.html
            self._text, self.html = picture.text, picture.html
            self.send({"drawn": True, "changed": changed})

    def text(self) -> str:
        """The picture as text."""
        return self._text

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("do") == "refresh":
            values = content.get("values")
            in_thread(lambda: self.refresh(values if isinstance(values, dict) else None))

    def _picture(self, values: Mapping[str, str]) -> Picture:
        try:
            return self._draw(values)
        except LabError as error:
            return message(str(error))
        except Exception as error:  # noqa: BLE001 - a learner never sees a traceback
            return message(status_of_error(error).observed)


class MapCard(PictureCard):
    """The course's map; drawn anew from the recorded progress."""

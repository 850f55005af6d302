"""A picture of the state that is drawn again when the state, or what the learner typed, has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from labs.base.errors import LabError
from labs.pictures import Picture, message
from labs.widgets import changes
from labs.widgets.card import Card, in_thread, status_of_error

Draw = Callable[[Mapping[str, str]], Picture]


class PictureCard(Card):
    """One picture. `fields` are inputs that the learner may change: `{"name", "label", "value"}`.

    Traits:
        html: the picture; `labs.pictures` escapes all data in it.
        earlier: the picture before the last change, to compare; "" for none. What the learner types changes a picture
            too, and pages inside one are not drawings: neither is kept.
        fixed: whether it shows no state, so that there is never anything new to draw but for what is typed.
        fields: the inputs with what was drawn last.
    """

    _module = "picture.js"
    html = traitlets.Unicode().tag(sync=True)
    earlier = traitlets.Unicode("").tag(sync=True)
    fixed = traitlets.Bool(False).tag(sync=True)
    fields: Any = traitlets.List().tag(sync=True)

    def __init__(self, draw: Draw, fields: Sequence[Mapping[str, str]] = (), *, fixed: bool = False) -> None:
        self._draw = draw
        self._guard = threading.Lock()
        self._picture = self._drawn({field["name"]: field["value"] for field in fields})
        super().__init__(html=self._picture.html, fixed=fixed, fields=[dict(field) for field in fields])
        self.on_msg(self._on_message)

    def refresh(self, values: Mapping[str, str] | None = None) -> None:
        """Draw again, with the inputs' values where given."""
        with self._guard:
            chosen = {field["name"]: str((values or {}).get(field["name"], field["value"])) for field in self.fields}
            self._picture = self._drawn(chosen)
            self.fields = [{**field, "value": chosen[field["name"]]} for field in self.fields]
            changed = self._picture.html != self.html
            if changed and not self.fields and "<iframe" not in self.html:
                self.earlier = self.html
            self.html = self._picture.html
            self.send({"drawn": True, "changed": changed, "said": self._picture.said})

    def follow(self) -> None:
        """Draw again by itself whenever a card of this kernel has run something."""
        if not self.fixed:
            changes.listen(self.look)

    def look(self) -> None:
        """Tell the page that the state may have changed: what is in view asks for a new drawing, the rest later."""
        self.send({"look": True})

    def text(self) -> str:
        """The picture as text."""
        return self._picture.text

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Beside the text a still of the drawing, for readers without a kernel: code hosts, nbconvert."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, **({"image/svg+xml": self._picture.still} if self._picture.still else {})}, metadata

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("do") == "refresh":
            values = content.get("values")
            in_thread(lambda: self.refresh(values if isinstance(values, dict) else None))

    def _drawn(self, values: Mapping[str, str]) -> Picture:
        try:
            return self._draw(values)
        except LabError as error:
            return message(str(error))
        except Exception as error:  # noqa: BLE001 - a learner never sees a traceback
            return message(status_of_error(error).observed)

"""The diagnosis of a case: options, each explained once chosen; what was tried is kept over kernels and terminals."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import traitlets

from labs.base.errors import LabError
from labs.base.text import LETTERS
from labs.course.catalog import Drill
from labs.course.tries import Tries
from labs.widgets import changes
from labs.widgets.card import Card


class DiagnosisCard(Card):
    """One question. `explained` puts the explanations into the stored text too.

    Traits:
        question: text, and options with text, right, because.
        tries: numbers of the options chosen so far, the first ever first.
    """

    _module = "drill.js"
    question: Any = traitlets.Dict().tag(sync=True)
    tries: Any = traitlets.List().tag(sync=True)

    def __init__(self, drill: Drill, tries: Tries, *, explained: bool = False) -> None:
        self._drill, self._kept, self._explained = drill, tries, explained
        super().__init__(question=msgspec.to_builtins(drill.diagnosis), tries=tries.of(drill.id, drill.diagnosis))
        self.on_msg(self._on_message)
        changes.listen(self._look)

    def choose(self, option: int) -> None:
        """Remember a choice; where the state folder cannot be written, at least as long as the kernel lives."""
        try:
            self.tries = self._kept.add(self._drill.id, self._drill.diagnosis, option)
        except LabError:
            self.tries = [*self.tries, option]

    def _look(self) -> None:
        """Another card ran something: by then a terminal may have answered, too."""
        with contextlib.suppress(LabError):
            kept = self._kept.of(self._drill.id, self._drill.diagnosis)
            if len(kept) > len(self.tries):
                self.tries = kept

    def text(self) -> str:
        """The question as text, with what was tried so far."""
        question = self._drill.diagnosis
        lines = [f"Diagnóstico · {question.question}"]
        for letter, option in zip(LETTERS, question.options, strict=False):
            mark = "✓ " if self._explained and option.right else ""
            lines.append(f"   {letter}) {mark}{option.text}")
            if self._explained:
                lines.append(f"      {option.because}")
        if self.tries:
            lines.append(f"Tentativas: {', '.join(LETTERS[number] for number in self.tries)}")
        return "\n".join(lines)

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        option = content.get("choose") if isinstance(content, dict) else None
        if isinstance(option, int) and 0 <= option < len(self._drill.diagnosis.options):
            self.choose(option)

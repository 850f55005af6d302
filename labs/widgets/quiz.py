"""All questions of a lesson in one card; every answer is explained at once, in the browser alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import traitlets

from labs.base.errors import LabError
from labs.course.catalog import Question
from labs.course.tries import first_try
from labs.widgets.card import Card
from labs.widgets.transcript import quiz_text


class QuizCard(Card):
    """A quiz. `explained` puts the explanations into the stored text too; `remember` keeps one answer.

    Traits:
        questions: question, options with text, right, because.
        tries: per question the options chosen so far, in order.
        notice: why an answer could not be kept; empty otherwise.
    """

    _module = "quiz.js"
    questions: Any = traitlets.List().tag(sync=True)
    tries: Any = traitlets.List().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        questions: Sequence[Question],
        tries: Sequence[Sequence[int]] = (),
        remember: Callable[[Question, int], object] | None = None,
        *,
        explained: bool = False,
    ) -> None:
        self._questions, self._explained = tuple(questions), explained
        tried = [list(chosen) for chosen in tries] or [[] for _ in questions]
        super().__init__(questions=msgspec.to_builtins(questions), tries=tried)
        self._remember = remember
        self.observe(self._on_tries, "tries")

    def text(self) -> str:
        """The questions as text, with what was answered so far."""
        text = quiz_text(self._questions, explained=self._explained)
        answered = sum(bool(chosen) for chosen in self.tries)
        if not answered:
            return text
        first = first_try(self._questions, self.tries)
        return f"{text}\n\nRespondidas: {answered} de {len(self._questions)}; certas de primeira: {first}"

    def _on_tries(self, change: Any) -> None:
        if self._remember is None:
            return
        try:
            for question, (before, after) in enumerate(zip(change["old"], change["new"], strict=True)):
                for option in after[len(before) :]:
                    self._remember(self._questions[question], option)
            self.notice = ""
        except LabError as error:
            self.notice = str(error)

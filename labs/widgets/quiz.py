"""All questions of a lesson in one card; every answer is explained at once, in the browser alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import traitlets

from labs.catalog import Question
from labs.widgets.card import Card, script
from labs.widgets.transcript import quiz_text


class QuizCard(Card):
    """A quiz. `explained` puts the explanations into the stored text too.

    Traits:
        questions: question, options with text, right, because.
        tries: per question the options chosen so far, in order; kept as long as the kernel lives.
    """

    _esm = script("quiz.js")
    questions: Any = traitlets.List().tag(sync=True)
    tries: Any = traitlets.List().tag(sync=True)

    def __init__(self, questions: Sequence[Question], *, explained: bool = False) -> None:
        self._questions, self._explained = tuple(questions), explained
        super().__init__(questions=[asdict(question) for question in questions], tries=[[] for _ in questions])

    def text(self) -> str:
        """The questions as text, with what was answered so far."""
        text = quiz_text(self._questions, explained=self._explained)
        answered = sum(bool(chosen) for chosen in self.tries)
        return f"{text}\n\nRespondidas: {answered} de {len(self._questions)}" if answered else text

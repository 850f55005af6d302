"""The answers tried in quizzes and in the clinic's diagnoses, kept per question in `quiz.json`: a new kernel, machine
start or browser finds them.

Questions and options are kept by their text: an answer to a question that the course has changed since is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

from labs.base.documents import Entries
from labs.base.settings import Settings
from labs.course.catalog import Question


class Tries:
    """Reads and writes the answers; safe for several kernels at once. Damage costs the answers of its lesson alone."""

    def __init__(self, settings: Settings) -> None:
        self._file = Entries(
            settings.home / "quiz.json",
            settings.home / "locks" / "quiz",
            "lessons",
            dict[str, list[str]],
            "Não consegui ler as suas respostas dos quizzes.",
        )

    def of(self, group: str, question: Question) -> list[int]:
        """The options tried so far, first to last. `group`: the lesson or the clinic's case that asks."""
        return _positions(question, self._file.all().get(group, {}).get(question.question, []))

    def add(self, group: str, question: Question, option: int) -> list[int]:
        """Remember one more answer; returns all to this question.

        Raises:
            StateError: the state folder cannot be written; nothing was remembered.
        """
        with self._file.changing() as answers:
            asked = answers.get(group, {})
            tried = [*asked.get(question.question, []), question.options[option].text]
            answers[group] = {**asked, question.question: tried}
            return _positions(question, tried)

    def forget(self, groups: Sequence[str]) -> None:
        """Their questions were never answered.

        Raises:
            StateError: the state folder cannot be written.
        """
        with self._file.changing() as answers:
            for group in groups:
                answers.pop(group, None)


def first_try(quiz: Sequence[Question], tries: Sequence[Sequence[int]]) -> int:
    """How many questions were answered right at once."""
    return sum(bool(tried) and question.options[tried[0]].right for question, tried in zip(quiz, tries, strict=True))


def _positions(question: Question, tried: Sequence[str]) -> list[int]:
    texts = [option.text for option in question.options]
    return [texts.index(text) for text in tried if text in texts]

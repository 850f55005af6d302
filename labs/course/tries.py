"""The answers tried in quizzes and in the clinic's diagnoses, kept per question in `quiz.json`: a new kernel, machine
start or browser finds them.

Questions and options are kept by their text: an answer to a question that the course has changed since is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from labs.base.errors import StateError
from labs.base.files import locked, write_atomic
from labs.base.settings import Settings
from labs.course.catalog import Question

Answers = dict[str, dict[str, list[str]]]


class Tries:
    """Reads and writes the answers; safe for several kernels at once."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "quiz.json"
        self._lock = settings.home / "locks" / "quiz"

    def of(self, group: str, question: Question) -> list[int]:
        """The options tried so far, first to last. `group`: the lesson or the clinic's case that asks."""
        return _positions(question, self._read().get(group, {}).get(question.question, []))

    def add(self, group: str, question: Question, option: int) -> list[int]:
        """Remember one more answer; returns all to this question.

        Raises:
            StateError: the state folder cannot be written; nothing was remembered.
        """
        with locked(self._lock):
            answers = self._read()
            tried = answers.setdefault(group, {}).setdefault(question.question, [])
            tried.append(question.options[option].text)
            write_atomic(
                self._path, json.dumps({"version": 1, "lessons": answers}, indent=2, ensure_ascii=False) + "\n"
            )
            return _positions(question, tried)

    def _read(self) -> Answers:
        """All answers. A damaged file counts as empty and is kept aside."""
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            return {
                str(lesson): {str(question): [str(option) for option in tried] for question, tried in asked.items()}
                for lesson, asked in stored["lessons"].items()
            }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(
                "Não consegui ler as suas respostas dos quizzes.",
                f"{self._path}: {error.strerror}",
                f"ls -l '{self._path}'",
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError):
            self._path.replace(self._path.with_suffix(".danificado.json"))
            return {}


def first_try(quiz: Sequence[Question], tries: Sequence[Sequence[int]]) -> int:
    """How many questions were answered right at once."""
    return sum(bool(tried) and question.options[tried[0]].right for question, tried in zip(quiz, tries, strict=True))


def _positions(question: Question, tried: Sequence[str]) -> list[int]:
    texts = [option.text for option in question.options]
    return [texts.index(text) for text in tried if text in texts]

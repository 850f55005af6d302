"""The length of an answer says nothing about it.

The rule: a learner who always picks the longest option (or always the shortest) of a question is right about as often
as one who guesses, 1 time in n for n options.  Over the whole course the two may be off by a quarter of that; in one
lesson neither habit answers more than half of the questions.  Options of equal length share the guess between them.
The clinic's diagnoses count as its lesson's questions.  Length is what is read: backticks are not.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labs.course.catalog import Lesson, Question, load_course

LESSONS = load_course().lessons
HABITS = [pytest.param(max, id="longest"), pytest.param(min, id="shortest")]
OFF = 0.25

Habit = Callable[[list[int]], int]


def questions(lesson: Lesson) -> list[Question]:
    return [*lesson.quiz, *(case.diagnosis for case in lesson.cases)]


def won(question: Question, habit: Habit) -> float:
    """The chance of being right by the habit alone."""
    lengths = [len(option.text.replace("`", "")) for option in question.options]
    picked = [option for option, length in zip(question.options, lengths, strict=True) if length == habit(lengths)]
    return sum(option.right for option in picked) / len(picked)


@pytest.mark.parametrize("habit", HABITS)
def test_over_the_course_a_habit_of_length_is_a_guess(habit: Habit) -> None:
    asked = [question for lesson in LESSONS for question in questions(lesson)]
    guessed = sum(1 / len(question.options) for question in asked)
    reached = sum(won(question, habit) for question in asked)
    assert (1 - OFF) * guessed <= reached <= (1 + OFF) * guessed, f"{reached:.1f} of {len(asked)}, guess {guessed:.1f}"


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_in_no_lesson_a_habit_of_length_wins_more_than_half(lesson: Lesson, habit: Habit) -> None:
    asked = questions(lesson)
    assert sum(won(question, habit) for question in asked) <= len(asked) / 2

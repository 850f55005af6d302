"""Search over the lessons and the glossary: accents and capitals do not matter, and each term stands once."""

from __future__ import annotations

import re

import pytest

from labs.base.settings import CLONE
from labs.course.catalog import load_course
from labs.course.glossary import terms
from labs.pages import render, search

LESSONS = {lesson.id for lesson in load_course().lessons}


@pytest.mark.parametrize("wanted", ["no basic auth credentials", "MANIFEST", "politica", "Política", "docker push"])
def test_words_are_found_with_their_lesson_and_heading(wanted: str) -> None:
    hits = search.find(wanted)
    assert hits and all(hit.lesson in LESSONS and hit.heading for hit in hits)
    assert all(search.folded(wanted) in search.folded(hit.heading + hit.found) for hit in hits)


def test_what_is_folded_away_in_a_lesson_is_found_without_its_marks() -> None:
    (hit,) = [hit for hit in search.find("recém-instalado") if hit.lesson == "00-comece-aqui"]
    assert hit.heading == "Para consultar depois" and "<" not in hit.before + hit.after


def test_a_sum_is_found_as_it_is_read() -> None:
    """Markdown takes two dollar signs for a formula, so the lesson writes each with a backslash."""
    assert [hit.lesson for hit in search.find("US$ 0,10")] == ["05-custos-na-aws"]


@pytest.mark.parametrize(
    ("wanted", "lesson"),
    [
        ("umask", "06-credenciais-aws"),
        ("docker logout", "04-push-docker-hub"),
        ("get-access-key-last-used", "06-credenciais-aws"),
    ],
)
def test_what_stands_in_a_card_alone_is_found(wanted: str, lesson: str) -> None:
    assert lesson in {hit.lesson for hit in search.find(wanted)}


def test_a_question_is_found_and_its_answer_is_not() -> None:
    question = load_course().lesson("01-o-que-e-um-registry").quiz[0]
    assert "Quiz" in {hit.heading for hit in search.find(question.question[:30])}
    assert not any(option.because in one.text for one in search.cards() for option in question.options)


def test_no_search_gives_a_solution_away() -> None:
    said = {(one.lesson, one.heading, one.text) for one in search.cards()}
    for lesson in load_course().lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            if (step.open or step is lesson.challenge) and step.command.strip() not in step.text:
                own = [text for where, title, text in said if (where, title) == (lesson.id, step.title)]
                assert own and not any(step.command.strip() in text for text in own), step.id


def test_nothing_is_found_of_nothing_and_of_nonsense() -> None:
    assert search.find("") == [] and search.find("xyzzy") == []
    assert search.find_terms("") == list(terms()) and search.find_terms("xyzzy") == []


def test_a_folded_text_has_each_character_in_its_place() -> None:
    text = "Ação É ﬁm ß ÷ 10 %"
    assert len(search.folded(text)) == len(text) and search.folded("AÇÃO") == "acao"


def test_each_term_stands_once_in_the_order_of_the_alphabet_and_is_taught() -> None:
    names = [search.folded(one.term) for one in terms()]
    assert names == sorted(set(names)) and len(names) > 30
    assert {one.lesson for one in terms()} <= LESSONS
    assert len({one.anchor for one in terms()}) == len(names) and not any(" " in one.anchor for one in terms())
    said = {one.lesson: "" for one in search.sections(CLONE / "notebooks")}
    for section in search.sections(CLONE / "notebooks"):
        said[section.lesson] += search.folded(f"{section.heading} {section.text} ")
    missing = [one.term for one in terms() if search.folded(one.term) not in said[one.lesson]]
    assert missing == []


def test_the_page_shows_what_was_asked_for_and_escapes_it() -> None:
    page, policy = render.search_page('"><script>alert(1)</script>', "/user/ana/")
    assert "<script>alert" not in page and "unsafe" not in policy
    found, _ = render.search_page("digest", "/user/ana/")
    assert '<dt id="termo-digest">' in found
    assert "<mark>digest</mark>" in found.lower()
    assert re.search(r'href="/user/ana/lab/tree/notebooks/01-[\w-]+\.ipynb"', found)

"""The certificate: issued from the state of now, or not at all."""

from __future__ import annotations

import pytest

from labs.cli.main import main
from labs.course import target_words
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.course.progress import Progress
from labs.pages import certificate
from labs.seams import world as seams_world

from .fakes import FakeWorld, image


def step(id: str, ref: str, **changes: object) -> Step:
    return Step(id, f"Título {id}", "true", CheckSpec("image_exists", {"ref": ref}), **changes)  # type: ignore[arg-type]


COURSE = Course(
    (
        Lesson("00-a", "Começo", 5, "", (), (step("one", "one:1"), step("undone", "gone:1", lasting=False))),
        Lesson("01-b", "Depois", 5, "", (), (step("two", "two:1"),)),
    )
)


@pytest.fixture
def proven(world: FakeWorld) -> FakeWorld:
    world.engine.held += [image("a", "one:1"), image("b", "two:1")]
    return world


def test_what_is_proven_now_is_listed_with_its_evidence(proven: FakeWorld) -> None:
    said: list[str] = []
    Progress(proven.settings).record("00-a/one", passed=True, observed="", seconds=1, evidence={})
    assert certificate.issue(COURSE, proven, "Ana <b>Lima</b>", said.append)
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert str(proven.settings.home / "certificado.html") in said[-1]
    assert "Ana &lt;b&gt;Lima&lt;/b&gt;" in page
    assert f"id: {image('a', 'one:1').id}" in page and f"id: {image('b', 'two:1').id}" in page
    assert page.count("· comprovado em") == 1, "what was never recorded has no date of its own"
    assert "os 2 passos" in page and "Título undone" not in page
    assert "://" not in page, "nothing from outside"


def test_a_failing_check_means_no_certificate_and_names_the_lesson(proven: FakeWorld) -> None:
    said: list[str] = []
    Progress(proven.settings).record("01-b/two", passed=True, observed="", seconds=1, evidence={})
    proven.engine.held.pop()
    assert not certificate.issue(COURSE, proven, "", said.append)
    assert not (proven.settings.home / "certificado.html").exists()
    assert "Falta comprovar: 01-b/two" in said
    assert "Volte à aula 01, passo 1 · Título two, e peça de novo." in said[-1]


def test_the_name_is_optional_and_one_line(proven: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_words, "course", lambda _: COURSE)
    monkeypatch.setattr(seams_world, "World", lambda _settings: proven)
    assert main(["certificate"]) == 0
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert '<p class="name">Conta aluno</p>' in page
    assert main(["certificate", "--nome", "  Ana\n  Lima "]) == 0
    assert '<p class="name">Ana Lima</p>' in (proven.settings.home / "certificado.html").read_text("utf-8")

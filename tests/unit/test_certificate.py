"""The certificate: issued from the state of now, or not at all."""

from __future__ import annotations

import pytest

from labs.cli.main import main
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import Case, CheckSpec, Course, Lesson, Option, Question, Step
from labs.course.progress import Progress
from labs.course.tries import Tries
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
    """What lasts is there, and what was undone on purpose was proven in its time."""
    world.engine.held += [image("a", "one:1"), image("b", "two:1")]
    Progress(world.settings).record("00-a/undone", passed=True, observed="Foi.", seconds=1, evidence={})
    return world


def test_what_is_proven_now_is_listed_with_its_evidence(proven: FakeWorld) -> None:
    said: list[str] = []
    assert certificate.issue(COURSE, proven, "Ana <b>Lima</b>", said.append)
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert str(proven.settings.home / "certificado.html") in said[-1]
    assert "Ana &lt;b&gt;Lima&lt;/b&gt;" in page
    assert f"id: {image('a', 'one:1').id}" in page and f"id: {image('b', 'two:1').id}" in page
    assert page.count("· comprovado em") == 1, "what was never recorded has no date of its own"
    assert "os 3 passos" in page and "Título undone" in page
    assert "Carga horária estimada destas aulas: 10 min." in page
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


def test_what_was_undone_on_purpose_must_have_been_proven(world: FakeWorld) -> None:
    world.engine.held += [image("a", "one:1"), image("b", "two:1")]
    said: list[str] = []
    assert not certificate.issue(COURSE, world, "", said.append)
    assert "Falta comprovar: 00-a/undone" in said


def with_more(required: bool) -> Course:
    """The course with a challenge, a step that comes after the certificate, a quiz, and the clinic."""
    right, wrong = Option("a", "b", right=True), Option("c", "d")
    challenge = step("challenge", "gone:1", required=required)
    final = Lesson(
        "02-c",
        "Fim",
        5,
        "",
        (),
        (step("cleanup", "gone:1", closing=True),),
        (Question("q", (right, wrong)),),
        challenge,
    )
    case = Case("k", "K", "", Question("p", (right, wrong)), ("k",), 1)
    clinic = Lesson("03-d", "Clínica", 5, "", (), (step("k", "gone:1", case="k"), step("end", "gone:1")), cases=(case,))
    return Course((*COURSE.lessons, final, clinic))


def test_a_required_challenge_is_asked_for(proven: FakeWorld) -> None:
    said: list[str] = []
    assert not certificate.issue(with_more(required=True), proven, "", said.append)
    assert "Falta comprovar: 02-c/challenge" in said


def test_what_is_not_asked_for_is_told_with_its_count(proven: FakeWorld) -> None:
    said: list[str] = []
    course = with_more(required=False)
    Tries(proven.settings).add("02-c", course.lesson("02-c").quiz[0], 0)
    assert certificate.issue(course, proven, "", said.append)
    told = [
        "Não pedido: clínica de erros, 0 de 2 passos feitos.",
        "Não pedido: quizzes, 1 de 1 acertos na primeira resposta.",
    ]
    assert [line for line in said if line.startswith("Não pedido")] == told
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert all(line in page for line in told)


def test_an_open_case_of_the_clinic_is_told_first(proven: FakeWorld) -> None:
    OpenCase("sem-login", 0, 0, {}, 0).save(proven.settings)
    said: list[str] = []
    assert not certificate.issue(COURSE, proven, "", said.append)
    assert said == [
        "O caso 1 da clínica está aberto, e muda o laboratório.",
        "Próximo comando: python3 -m labs.drill --undo",
    ]

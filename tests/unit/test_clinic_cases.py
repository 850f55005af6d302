"""The clinic's cases in the catalogue: linted both ways, against their faults and against the notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from labs.base.errors import CatalogError
from labs.base.settings import CLONE
from labs.clinic import cases
from labs.course.catalog import Case, load_course

LESSON = load_course().lesson(cases.LESSON)
CASES = pytest.mark.parametrize("case", LESSON.cases, ids=lambda case: case.id)
ASKED = {
    *("sem-login", "senha-errada", "conta-alheia", "sem-credencial", "token-vencido", "outra-regiao"),
    *("repositorio-inexistente", "tag-imutavel", "chave-desativada", "sem-permissao", "limite-de-pulls", "maiusculas"),
    *("sem-contexto", "segredo-na-layer", "segredo-no-arg", "porta-ocupada", "variavel-faltando", "tag-trocada"),
}


def test_every_case_has_a_fault_and_every_fault_a_case() -> None:
    assert {case.id for case in LESSON.cases} == ASKED
    assert LESSON.challenge and set(cases.FAULTS) == {*ASKED, LESSON.challenge.case}


@CASES
def test_a_diagnosis_has_one_right_answer_and_explains_all(case: Case) -> None:
    options = case.diagnosis.options
    assert len(options) >= 3 and sum(option.right for option in options) == 1
    assert all(option.because for option in options)
    assert len({option.text for option in options}) == len(options)


def test_the_right_answer_is_not_always_in_the_same_place() -> None:
    places = [[option.right for option in case.diagnosis.options].index(True) for case in LESSON.cases]
    assert {places.count(place) for place in (0, 1, 2)} <= set(range(4, 9))


@CASES
def test_a_case_is_opened_met_and_repaired_in_this_order(case: Case) -> None:
    steps = [LESSON.step(name) for name in case.steps]
    assert len(steps) >= 3 and case.story
    assert steps[0].command == f"python3 -m labs.drill {case.number}"
    assert steps[0].check.kind == "fault"
    assert steps[1].expect or steps[1].check.kind in ("fault", "container_exited", "history_contains")
    assert not any(step.expect for step in steps[2:])
    assert all(step.case == case.id and not step.lasting for step in steps)


@CASES
def test_the_notebook_tells_the_story_and_asks_after_the_symptom(case: Case) -> None:
    cells = nbformat.read(CLONE / "notebooks" / f"{LESSON.id}.ipynb", as_version=4).cells
    sources = [cell.source for cell in cells]
    assert any(f"> {case.story}" in source for source in sources)
    asked = sources.index(f'lab.diagnose("{case.id}")')
    assert sources[asked - 1] == f'lab.step("{case.steps[1]}")'
    assert asked < sources.index(f'lab.step("{case.steps[-1]}")')


def test_an_unknown_case_says_which_exist() -> None:
    with pytest.raises(CatalogError, match="não tem o caso"):
        LESSON.case("nope")


def test_the_scripts_of_the_patients_are_valid_and_wrong_as_told() -> None:
    files = Path(cases.__file__).with_name("files")
    assert "/Clinica:" in (files / "maiusculas" / "publicar.sh").read_text()
    assert (files / "sem-contexto" / "construir.sh").read_text().rstrip().endswith("clinica:contexto")
    assert "COPY . ." in (files / "segredo-na-layer" / "Dockerfile").read_text()
    assert not (files / "segredo-na-layer" / ".dockerignore").exists()

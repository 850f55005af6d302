"""A shift of the clinic: cases by chance, none twice, counted and timed, from the state alone."""

from __future__ import annotations

import time

import pytest

from labs.base.errors import CommandError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.base.verdict import Verdict, failed, passed
from labs.cli.main import main
from labs.clinic import cases
from labs.clinic.cases import LESSON
from labs.clinic.open_case import OpenCase
from labs.course.catalog import Lesson, Step, load_course
from labs.running import on_call
from labs.seams.world import World

from .fakes import FakeWorld

CLINIC = load_course().lesson(LESSON)


@pytest.fixture
def said(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a shift says; its cases open and close without a sandbox."""

    def open_case(_: World, name: str, _say: Report) -> None:
        OpenCase(name, 0, 0, {}, 0).save(world.settings)

    def close_case(_: World, _say: Report) -> None:
        OpenCase(cases.current(world.settings), 0, 0, {}, 0).forget(world.settings)

    monkeypatch.setattr(cases, "open_case", open_case)
    monkeypatch.setattr(cases, "close_case", close_case)
    return []


def judged(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> list[str]:
    """Let each repair be judged so; the steps that were asked about."""
    asked: list[str] = []

    def judge(step: Step, _: World) -> Verdict:
        asked.append(step.id)
        return verdict

    monkeypatch.setattr(on_call, "judge", judge)
    return asked


def test_a_shift_calls_solves_counts_and_ends(
    world: FakeWorld, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", iter(range(1000, 2000, 65)).__next__)
    on_call.begin(world, CLINIC, said.append, 2)
    first = cases.current(world.settings)
    assert said[0] == f"Chamado 1 de 2. {CLINIC.case(first).story}"
    assert not any(first in line for line in said if "clinica/" not in line), "its name is the diagnosis"
    judged(monkeypatch, failed("Ainda quebrado.", "o comando que resolve"))
    verdict = on_call.solved(world, CLINIC, said.append)
    assert not verdict.passed and verdict.hint == on_call.repairs(CLINIC, CLINIC.case(first))[0].nudge
    asked = judged(monkeypatch, passed("Consertado."))
    said.clear()
    assert on_call.solved(world, CLINIC, said.append).observed == "Resolvido. Chamado 2 de 2 está aberto."
    assert asked == [step.id for step in on_call.repairs(CLINIC, CLINIC.case(first))]
    assert said[0].startswith(f"✓ Resolvido em 1 min 05 s. Era o caso {CLINIC.case(first).number}. ")
    assert cases.current(world.settings) != first
    last = on_call.solved(world, CLINIC, said.append).observed
    assert last == "Fim do plantão: 2 chamados resolvidos em 2 min 10 s; o mais demorado levou 1 min 05 s."
    assert cases.current(world.settings) == "" and on_call.current(world.settings) is None


def test_a_shift_that_goes_on_is_told_again_and_one_given_up_is_over(world: FakeWorld, said: list[str]) -> None:
    on_call.begin(world, CLINIC, said.append, 3)
    shift, told = on_call.current(world.settings), list(said)
    said.clear()
    on_call.begin(world, CLINIC, said.append, 3)
    assert said == told and on_call.current(world.settings) == shift
    cases.close_case(world, said.append)
    verdict = on_call.solved(world, CLINIC, said.append)
    assert (verdict.observed, verdict.hint) == ("Nenhum plantão em andamento.", on_call.BEGIN)


@pytest.mark.parametrize("content", ["{", "[]", '{"calls": 3, "since": 0}', '{"calls": [], "since": 0}'])
def test_a_damaged_shift_is_none(world: FakeWorld, content: str) -> None:
    world.settings.on_call_file.write_text(content)
    assert on_call.current(world.settings) is None


@pytest.mark.parametrize("count", [-1, len(CLINIC.cases) + 1])
def test_a_shift_of_more_cases_than_there_are_is_refused(world: FakeWorld, said: list[str], count: int) -> None:
    with pytest.raises(CommandError, match="1 a 18"):
        on_call.begin(world, CLINIC, said.append, count)


def test_every_case_has_something_to_find() -> None:
    for case in CLINIC.cases:
        steps = on_call.repairs(CLINIC, case)
        assert steps and all(step.nudge and step.hint and step.text for step in steps)
        assert all(step.command.strip() not in f"{step.nudge} {step.hint} {step.text}" for step in steps)


@pytest.mark.parametrize("words", [["--on-call"], ["--solved"]])
def test_typed_it_speaks_of_this_machines_ports(
    settings: Settings, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.with_changes(first_port=4100).save()
    asked: list[str] = []

    def noted(_world: World, lesson: Lesson, _say: Report, *_count: int) -> Verdict:
        asked.append(lesson.step("porta-ocupada-conserto").command)
        return passed("Resolvido.")

    monkeypatch.setattr(on_call, "begin", noted)
    monkeypatch.setattr(on_call, "solved", noted)
    assert main(["drill", *words]) == 0
    assert "-p 4105:3333" in asked[0]

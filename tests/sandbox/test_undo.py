"""One lesson undone: its steps are to be done again, the others' proofs and things stay."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labs.base.settings import CLONE, Settings
from labs.running import undo
from labs.running.journey import steps_of
from labs.running.judge import seen_event
from labs.running.runner import Runner
from labs.running.unattended import VARIABLE
from tests.courses import run

DONE = ("02-build", "04-push-docker-hub", "05-custos-na-aws", "06-credenciais-aws", "07-push-ecr")


@pytest.fixture(scope="module")
def runner(new_lab: Settings) -> Iterator[Runner]:
    run(new_lab, *DONE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "1")
        yield Runner(new_lab)


@pytest.mark.parametrize("name", DONE[1:])
def test_a_lesson_is_to_be_done_again_and_the_others_stay(runner: Runner, name: str) -> None:
    lesson = runner.course.lesson(name)
    before = {path for path in runner.progress.all() if not path.startswith(name)}
    left, still = undo.undo(runner, lesson, lambda _: None)
    assert left == [] and list(undo.items(runner.world, lesson)) == []
    assert [step.id for step in still] == []
    assert set(runner.progress.all()) == before
    for step in steps_of(lesson):
        runner.look(lesson.id, step.id)
    assert [path for path in runner.progress.all() if path.startswith(name)] == []
    assert runner.world.engine.image("widget-server:v1"), "lesson 02's"
    assert [step.id for step in steps_of(lesson) if step.seen and seen_event(step.seen, runner.world)] == []
    outcomes = [*runner.prepare(name), *(runner.run(name, step.id) for step in steps_of(lesson))]
    assert {one.step.id: one.verdict.observed for one in outcomes if not one.verdict.passed} == {}


def typed(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m labs reset …` where nobody can be asked."""
    command = [sys.executable, "-m", "labs", "reset", *words]
    environment = {**os.environ, **settings.environment()}
    return subprocess.run(command, cwd=CLONE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_the_command_lists_refuses_and_undoes(runner: Runner) -> None:
    listed = typed(runner.settings, "04", "--dry-run")
    assert listed.returncode == 0 and "repositório aluno/widget-server no Docker Hub" in listed.stdout, listed
    assert "o progresso e as respostas da aula 04" in listed.stdout
    asked = typed(runner.settings, "04")
    assert asked.returncode == 1 and "python3 -m labs reset 04-push-docker-hub --yes" in asked.stderr, asked
    assert runner.done("04-push-docker-hub", "push-v1")
    assert typed(runner.settings, "99").returncode == 1
    done = typed(runner.settings, "04", "--yes")
    assert done.returncode == 0 and "Aula 04 desfeita." in done.stdout, done
    assert not runner.done("04-push-docker-hub", "push-v1") and runner.done("02-build", "build-v1")

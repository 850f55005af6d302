"""The one loop: proven by the state and by nothing else, and each step once at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from labs.base.errors import RegistryError
from labs.base.text import telling
from labs.base.verdict import Verdict, failed, passed
from labs.clinic.open_case import OpenCase
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.running import runner as runner_module
from labs.running.commands import execute
from labs.running.runner import Runner
from labs.seams.world import World

from .fakes import FakeWorld, image

ID = "1f00d5b8a1c2" + "0123456789abc" * 4
PORT_IN_USE = f"""WARNING: IPv4 forwarding is disabled. Networking will not work.
{ID}
docker: Error response from daemon: driver failed programming external connectivity on endpoint homologacao ({ID}): \
Bind for 0.0.0.0:3001 failed: port is already allocated.

Run 'docker run --help' for more information"""
"""What `docker run` says, word for word."""


def step(id: str, command: str, ref: str = "x:v1", **changes: object) -> Step:
    fields: dict[str, object] = {"title": id, "hint": "dica", **changes}
    return Step(id=id, command=command, check=CheckSpec("image_exists", {"ref": ref}), **fields)  # type: ignore[arg-type]


@pytest.fixture
def runner(world: FakeWorld) -> Runner:
    first = Lesson(
        "00-a",
        "A",
        1,
        "",
        (),
        (
            step("file", "docker pull file:1", "file:1"),
            step("make", "docker pull x:v1", needs=("00-a/file",)),
            step("shell", "echo oi", "never:1"),
        ),
    )
    second = Lesson(
        "01-b",
        "B",
        1,
        "",
        ("00-a/make",),
        (
            step("refused", "docker push x:v1", expect=("denied",)),
            step("once", "docker pull x:v1", once=True),
            step("hang", "sleep 60", lasting=False),
        ),
    )
    return Runner(world.settings, world, Course((first, second)))


def test_a_step_is_proven_by_state_and_remembered(runner: Runner) -> None:
    outcome = runner.run("00-a", "make")
    assert outcome.verdict.passed and outcome.error is None
    assert outcome.transcript == ("abc: Pull complete",), "lines that vary from run to run stay out"
    assert runner.done("00-a", "make")


def test_a_command_that_succeeds_without_the_state_is_not_enough(runner: Runner) -> None:
    outcome = runner.run("00-a", "shell")
    assert not outcome.verdict.passed and "never:1" in outcome.verdict.observed
    assert outcome.transcript == ("oi",)
    assert not runner.done("00-a", "shell")


def test_state_made_elsewhere_is_enough(runner: Runner, world: FakeWorld) -> None:
    assert not runner.verify("00-a", "make").passed
    world.engine.held.append(image("b", "x:v1"))
    assert runner.verify("00-a", "make").passed
    assert runner.done("00-a", "make")


def test_a_check_in_vain_is_one_more_try_and_takes_none_away(runner: Runner, world: FakeWorld) -> None:
    runner.run("00-a", "shell")
    for tries in (2, 3):
        assert not runner.verify("00-a", "shell").passed
        record = runner.progress.all()["00-a/shell"]
        assert record.tries == tries and not record.passed and "never:1" in record.observed
    world.engine.held.append(image("b", "never:1"))
    assert runner.verify("00-a", "shell").passed and runner.progress.all()["00-a/shell"].tries == 4


def test_a_proof_that_no_longer_holds_goes_back_to_pending(runner: Runner, world: FakeWorld) -> None:
    runner.run("00-a", "make")
    world.engine.held.clear()
    assert not runner.verify("00-a", "make").passed
    assert not runner.done("00-a", "make")


def test_a_look_takes_no_proof_back_and_keeps_a_new_one(runner: Runner, world: FakeWorld) -> None:
    runner.run("00-a", "make")
    world.engine.held.clear()
    assert not runner.look("00-a", "make").passed
    assert runner.done("00-a", "make")
    world.engine.held.append(image("b", "file:1"))
    assert runner.look("00-a", "file").passed and runner.done("00-a", "file")


def test_a_check_that_got_no_answer_takes_no_proof_back(
    runner: Runner, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next morning: a login of twelve hours is over, or a key is inactive."""
    runner.run("00-a", "make")

    def refused(_: str) -> None:
        raise RegistryError("O registry recusou.", "403")

    with monkeypatch.context() as patch:
        patch.setattr(world.engine, "image", refused)
        verdict = runner.verify("00-a", "make")
    assert not verdict.passed and verdict.observed.endswith("O que você comprovou antes continua valendo.")
    assert runner.done("00-a", "make")
    world.engine.held.clear()
    assert not runner.verify("00-a", "make").passed and not runner.done("00-a", "make")


def test_a_repair_runs_its_command_and_checks_the_step(runner: Runner) -> None:
    outcome = runner.repair("00-a", "shell", "docker pull never:1")
    assert outcome.verdict.passed and outcome.error is None and runner.done("00-a", "shell")


def test_a_repair_that_fails_proves_nothing(runner: Runner) -> None:
    outcome = runner.repair("00-a", "make", "false")
    assert outcome.error and not outcome.verdict.passed and not runner.done("00-a", "make")


def test_a_repair_waits_for_nobody_and_can_be_stopped(runner: Runner) -> None:
    cancel = threading.Event()
    cancel.set()
    assert "interrompido" in runner.repair("01-b", "hang", "sleep 60", cancel=cancel).verdict.observed


def test_a_refusal_must_be_the_expected_one(runner: Runner, world: FakeWorld) -> None:
    world.engine.held.append(image("b", "x:v1"))
    world.engine.refuse = "no basic auth credentials"
    assert not runner.run("01-b", "refused").verdict.passed
    world.engine.refuse = "denied: requested access to the resource is denied"
    assert runner.run("01-b", "refused").verdict.passed
    world.engine.refuse = ""
    again = runner.run("01-b", "refused").verdict
    assert not again.passed, "a push that goes through is no refusal"
    assert again.holds and again.observed == (
        "Desta vez o comando foi aceito: o que causava a recusa já mudou. A recusa deste passo foi vista antes."
    ), "who comes back to it after the lesson has nothing to mend"


def test_what_should_have_been_refused_and_never_was_says_so(runner: Runner, world: FakeWorld) -> None:
    world.engine.held.append(image("b", "x:v1"))
    verdict = runner.run("01-b", "refused").verdict
    assert (verdict.holds, verdict.observed) == (False, "O comando deveria ser recusado, e não foi.")


def test_a_step_that_must_not_run_twice_does_not(runner: Runner, world: FakeWorld) -> None:
    assert runner.run("01-b", "once").ran
    again = runner.run("01-b", "once")
    assert again.verdict.passed and not again.ran
    assert len(world.engine.calls) == 1


def test_what_a_lesson_needs_is_found_and_made(runner: Runner) -> None:
    assert runner.pending_needs("01-b") == ["00-a/file", "00-a/make"]
    assert [outcome.step.id for outcome in runner.prepare("01-b")] == ["file", "make"]
    assert runner.pending_needs("01-b") == []
    assert {record.made_for for record in runner.progress.all().values()} == {"01-b"}
    runner.run("00-a", "make")
    assert runner.progress.all()["00-a/make"].made_for == "", "done for its own sake"


def test_what_preparing_undoes_is_made_again(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is made anew leaves the profile with the old one, which was right until then."""
    made: list[str] = []

    def judged(step: Step, _: World) -> Verdict:
        undone = step.id == "make" and "file" in made
        return passed("") if step.id in made or not (undone or step.id == "file") else failed("")

    def run(_: Runner, lesson_id: str, step_id: str, __: object = None) -> SimpleNamespace:
        made.append(step_id)
        lesson = runner.course.lesson(lesson_id)
        return SimpleNamespace(lesson=lesson, step=lesson.step(step_id), verdict=passed(""))

    both = replace(runner.course.lesson("01-b"), needs=("00-a/file", "00-a/make"))
    monkeypatch.setattr(runner, "course", Course((runner.course.lessons[0], both)))
    monkeypatch.setattr("labs.running.runner.judge", judged)
    monkeypatch.setattr(Runner, "run", run)
    assert runner.pending_needs("01-b") == ["00-a/file"]
    runner.prepare("01-b")
    assert made == ["file", "make"]


def test_the_same_step_never_runs_twice_at_once(
    runner: Runner, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, started = threading.Event(), threading.Event()

    def told(*arguments: Any) -> None:
        started.set()  # the step's lock is held by now
        execute(*arguments)

    monkeypatch.setattr(runner_module, "execute", told)
    other = Runner(runner.settings, world, runner.course)
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(runner.run, "01-b", "hang", lambda _: None, cancel)
        assert started.wait(15)
        outcome = other.run("01-b", "hang")
        cancel.set()
        assert "já está rodando" in outcome.verdict.observed and not outcome.ran
        assert "interrompido" in long.result(timeout=15).verdict.observed


def test_a_command_that_fails_over_an_older_result_is_no_proof_and_takes_none(runner: Runner, world: FakeWorld) -> None:
    assert runner.run("00-a", "make").verdict.passed
    world.engine.refuse = "unknown instruction: RUNN"
    verdict = runner.run("00-a", "make").verdict
    assert not verdict.passed and verdict.holds and "unknown instruction: RUNN" in verdict.observed
    assert runner.done("00-a", "make"), "what was proven stays so"
    world.engine.held.clear()
    again = runner.run("00-a", "make").verdict
    assert not again.passed and not again.holds, "nothing is left that could stand"


def test_a_verdict_quotes_the_line_that_tells(runner: Runner, world: FakeWorld) -> None:
    world.engine.refuse = PORT_IN_USE
    outcome = runner.run("00-a", "make")
    assert outcome.verdict.observed.endswith(
        "docker: Error response from daemon: driver failed programming external connectivity on endpoint"
        " homologacao (1f00d5b8a1c2…): Bind for 0.0.0.0:3001 failed: port is already allocated."
    )
    assert "WARNING" not in outcome.verdict.observed and "--help" not in outcome.verdict.observed
    assert outcome.error and outcome.error.observed == PORT_IN_USE, "the card shows all that the tool said"


@pytest.mark.parametrize("only", ["WARNING: IPv4 forwarding is disabled.", "", "See 'docker run --help'."])
def test_where_nothing_else_was_said_a_warning_is_quoted(only: str) -> None:
    assert telling(only) == only


def test_a_given_step_proves_nothing_by_a_look_and_nothing_stands_when_it_fails(world: FakeWorld) -> None:
    step = Step("s", "s", "false", CheckSpec("image_exists", {"ref": "x:1"}), given="só mostra")
    runner = Runner(world.settings, world, Course((Lesson("00-a", "A", 1, "", (), (step,)),)))
    world.engine.held.append(image("a", "x:1"))
    assert runner.look("00-a", "s").passed and not runner.done("00-a", "s")
    assert not runner.run("00-a", "s").verdict.holds
    assert runner.verify("00-a", "s").passed and runner.done("00-a", "s")


def test_an_open_case_of_the_clinic_proves_nothing_of_a_lesson_and_takes_nothing(
    runner: Runner, world: FakeWorld
) -> None:
    runner.run("00-a", "make")
    OpenCase("sem-login", 0, 0, {}, 0).save(world.settings)
    verdict = runner.verify("00-a", "make")
    assert not verdict.passed and verdict.hint == "python3 -m labs.drill 1 --undo"
    assert "continua valendo" in verdict.observed and runner.done("00-a", "make")
    world.engine.held.append(image("b", "file:1"))
    assert not runner.look("00-a", "file").passed and not runner.done("00-a", "file")

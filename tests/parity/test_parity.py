"""Button and terminal proven equal: each literal command, typed in bash, passes the check of its button.

One fresh sandbox; the steps are typed in the order of the course, so each starts from the state that the ones before
left. A step asked for alone first gets those before it typed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from labs.base.settings import CLONE, Settings
from labs.base.verdict import Verdict
from labs.course.catalog import Drill, Lesson, Step, load_course
from labs.running.judge import judge
from labs.running.unattended import approve
from labs.seams import engine_api
from labs.seams.world import World

PATHS = [(lesson, step) for lesson in load_course().lessons for step in (*lesson.steps, lesson.challenge) if step]
OPEN = [(lesson, step) for lesson, step in PATHS if step.open or step is lesson.challenge]
SECONDS = 120


@dataclass(frozen=True)
class Typed:
    """What the terminal showed, and what the checks said before and after."""

    output: str
    code: int
    before: Verdict
    after: Verdict


@dataclass
class Typist:
    """Types the course in a terminal of the lab, each step once."""

    settings: Settings
    engine_before: set[tuple[str, str, str]]
    results: dict[str, Typed] = field(default_factory=dict)

    def result(self, lesson: Lesson, step: Step) -> Typed:
        for earlier, one in PATHS:
            path = f"{earlier.id}/{one.id}"
            if path not in self.results:
                self.results[path] = self._type(one)
            if path == f"{lesson.id}/{step.id}":
                break
        return self.results[f"{lesson.id}/{step.id}"]

    def _type(self, step: Step) -> Typed:
        world = World(Settings.load(self.settings.home))
        before = judge(step, world)
        output, code = self._terminal(step.command, self._answers(step))
        after = judge(step, World(Settings.load(self.settings.home)))
        if step.cleanup:
            self._terminal(step.cleanup, "")
        return Typed(output, code, before, after)

    def _terminal(self, command: str, answers: str) -> tuple[str, int]:
        """A plain terminal that ran `eval "$(python3 -m labs env)"`, in the learner's working copy."""
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
        process = subprocess.Popen(
            ["bash", "-c", f'eval "$(python3 -m labs env)"; cd "$LAB_WORK/widget-server"; {command}'],
            env={**plain, "LABS_HOME": str(self.settings.home), "PYTHONUNBUFFERED": "1"},
            cwd=CLONE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        killer = threading.Timer(SECONDS, process.kill)
        killer.start()
        try:
            assert process.stdin and process.stdout
            process.stdin.write(answers)
            process.stdin.close()
            lines = []
            for line in process.stdout:
                lines.append(line)
                if found := re.search(r"http://\S+/sso/device\S+", line):
                    approve(found[0])
            return "".join(lines), process.wait()
        finally:
            killer.cancel()
            process.stdout.close()

    def _answers(self, step: Step) -> str:
        if step.stdin != "access-key":
            return ""
        key = json.loads((self.settings.secrets / "widget-dev.json").read_text())["AccessKey"]
        return f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\nus-east-2\njson\n"


@pytest.fixture(scope="module")
def typist(new_lab: Settings) -> Iterator[Typist]:
    yield Typist(new_lab, set(engine_api.everything(new_lab.engine_host)))


@pytest.mark.parametrize(("lesson", "step"), PATHS, ids=[f"{lesson.id}/{step.id}" for lesson, step in PATHS])
def test_the_typed_command_passes_the_check_of_its_button(typist: Typist, lesson: Lesson, step: Step) -> None:
    typed = typist.result(lesson, step)
    assert typed.after.passed, f"$ {step.command}\n{typed.output}\n{typed.after}"
    assert "Traceback" not in typed.output
    if step.expect:
        assert step.expect in typed.output
        assert typed.code != 0


@pytest.mark.parametrize(("lesson", "step"), OPEN, ids=[f"{lesson.id}/{step.id}" for lesson, step in OPEN])
def test_a_challenge_or_open_step_fails_unsolved(typist: Typist, lesson: Lesson, step: Step) -> None:
    """Where no command is given, nothing but the solution may pass the check."""
    before = typist.result(lesson, step).before
    assert not before.passed and before.observed


@pytest.mark.parametrize(
    ("lesson", "drill"),
    [(lesson, drill) for lesson, _ in PATHS[-1:] for drill in lesson.drills],
    ids=lambda one: one.id,
)
def test_a_case_of_the_clinic_fails_before_it_is_repaired_in_the_terminal(
    typist: Typist, lesson: Lesson, drill: Drill
) -> None:
    opened, *_, repaired = (typist.result(lesson, lesson.step(name)) for name in drill.steps)
    assert not opened.before.passed and opened.after.passed
    assert not repaired.before.passed and repaired.after.passed


def test_of_what_was_typed_nothing_is_left_after_the_cleanup(typist: Typist) -> None:
    typist.result(*PATHS[-1])
    output, code = typist._terminal("python3 -m labs.cleanup", "")
    assert code == 0, output
    assert set(engine_api.everything(typist.settings.engine_host)) == typist.engine_before
    deleted = {event["reference"] for event in World(typist.settings).admin.events() if "Delete" in event["reference"]}
    assert {"ecr:DeleteRepository", "iam:DeleteUser", "budgets:DeleteBudget", "hub:DeleteRepository"} <= deleted

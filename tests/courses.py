"""The whole course, done once for each way of doing it; several folders of tests look at what it left.

`Typist` types it in a terminal; `Pressed` presses its buttons; `Taught` runs its notebooks. (It is done headless in
`parity/test_whole_course.py` and `live`, and by clicks in `browser`.)
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from labs import sandbox
from labs.base.files import write_atomic
from labs.base.settings import CLONE, Settings
from labs.base.verdict import Verdict
from labs.course import target_words
from labs.course.catalog import Lesson, Step, load_course
from labs.develop.notebooks import NOTEBOOKS, environment
from labs.jupyter import server
from labs.running.journey import steps_of
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.running.unattended import VARIABLE
from labs.sandbox import leftovers, lifecycle
from labs.seams import engine_api
from labs.secrecy.values import known
from tests import terminal

LESSONS = load_course().lessons
PATHS = [(lesson, step) for lesson in LESSONS for step in (*lesson.steps, lesson.challenge) if step]
SANITIZE = CLONE / "tests" / "notebooks" / "sanitize.cfg"
SAVED = ("06-credenciais-aws", "07-push-ecr")
"""Notebooks that are run once more and saved with everything: keys are made and used in these."""


@contextmanager
def unmeasured() -> Iterator[None]:
    """Processes started meanwhile are not measured: coverage would slow what is done many times, or timed, and whose
    lines other tests reach too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


def type_line(settings: Settings, line: str) -> str:
    """Type a line in the learner's working copy, where it must succeed; returns what it printed."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=settings.work / "widget-server",
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=terminal.SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
    return done.stdout


class Desk:
    """The kit as one kernel holds it: what a runner has made (clients of AWS and of the engine) is made once."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """Of the settings as they are now."""
        settings = Settings.load(self._home)
        if self._runner is None or self._runner.settings != settings:
            self._runner = Runner(settings)
        return self._runner


# Typed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What the terminal showed, and what the checks said before and after."""

    output: str
    code: int
    before: Verdict
    after: Verdict


@dataclass
class Typist:
    """Types the course, each step once, in its order; `labs env` is read at the beginning of each lesson.

    Attributes:
        pressed: steps ("lesson/step") whose button is pressed instead, as by a person who does some of each.
    """

    settings: Settings
    engine_before: set[tuple[str, str, str]]
    pressed: frozenset[str] = frozenset()
    results: dict[str, Typed] = field(default_factory=dict)
    _terminals: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._desk = Desk(self.settings)

    def result(self, lesson: Lesson, step: Step) -> Typed:
        """A step's; those before it are typed first."""
        for one, earlier in PATHS:
            path = f"{one.id}/{earlier.id}"
            if path not in self.results:
                self.results[path] = self._type(one, earlier)
            if path == f"{lesson.id}/{step.id}":
                break
        return self.results[f"{lesson.id}/{step.id}"]

    def _type(self, lesson: Lesson, step: Step) -> Typed:
        variables = self._terminals.get(lesson.id) or self._terminals.setdefault(lesson.id, self._opened())
        runner = self._desk.runner()
        before = judge(step, runner.world)
        if f"{lesson.id}/{step.id}" in self.pressed:
            output, code, after = self._pressed(runner, lesson, step)
        else:
            words = target_words.literal(step.command, runner.settings)
            output, code = self._typed(words, terminal.answers_of(step, self.settings), variables)
            after = self._desk.runner().verify(lesson.id, step.id)  # as the button "Verificar"
        if step.cleanup:
            self._typed(step.cleanup, "", variables)
        return Typed(output, code, before, after)

    def _pressed(self, runner: Runner, lesson: Lesson, step: Step) -> tuple[str, int, Verdict]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, "1")
            outcome = runner.run(lesson.id, step.id)
        lines = [*outcome.transcript, outcome.error.observed if outcome.error else ""]
        return "\n".join(lines), int(outcome.error is not None), outcome.verdict

    def _opened(self) -> dict[str, str]:
        return terminal.opened(self.settings)

    def in_a_new_terminal(self, command: str) -> tuple[str, int]:
        """Type a command in the learner's working copy; returns what the terminal showed, and the exit code."""
        return self._typed(command, "", self._opened())

    def _typed(self, command: str, answers: str, variables: dict[str, str]) -> tuple[str, int]:
        return terminal.typed(command, answers, variables, self.settings)


@contextmanager
def typist(homes: Path, pressed: Iterable[str] = ()) -> Iterator[Typist]:
    home = Path(tempfile.mkdtemp(prefix="type-", dir=homes))
    with ExitStack() as stack:
        stack.callback(leftovers.remove_tree, home)
        stack.callback(sandbox.down, Settings(home=home), lambda _: None)
        with unmeasured():
            settings = sandbox.up(Settings(home=home), lambda _: None)
        yield Typist(settings, set(engine_api.everything(settings.engine_host)), frozenset(pressed))


# By button ------------------------------------------------------------------------------------------


@dataclass
class Pressed:
    """The course by button, in its order, in a lab of its own.

    Attributes:
        left_out: steps ("lesson/step") that are never pressed; their checks are asked all the same.
        ways: what is typed in a terminal of the lab instead of pressing a step's button.
        before: what each step's check said immediately before its turn; `after`: immediately after it.
        early: what passed of the lesson's later steps after a step, where `looks_ahead`: "step after step" → observed.
        shortcuts: what is typed before a step's turn by who wants its tick without the work, and what takes it back.
    """

    settings: Settings
    left_out: frozenset[str] = frozenset()
    ways: Mapping[str, str] = field(default_factory=dict)
    before: dict[str, Verdict] = field(default_factory=dict)
    after: dict[str, Verdict] = field(default_factory=dict)
    looks_ahead: bool = False
    early: dict[str, str] = field(default_factory=dict)
    shortcuts: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._desk = Desk(self.settings)

    def press(self, lessons: Iterable[Lesson]) -> None:
        """Press each button of these lessons, as a person does who also approves the SSO page."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, "1")
            for lesson in lessons:
                steps = steps_of(lesson)
                for number, step in enumerate(steps, 1):
                    self._press(lesson, step)
                    if self.looks_ahead:
                        self._look_at(steps[number:], step)

    def _look_at(self, later: Iterable[Step], done: Step) -> None:
        world = self._desk.runner().world
        for step in later:
            verdict = Verdict(False, "") if step.given else judge(step, world)
            if verdict.passed:
                self.early[f"{step.id} after {done.id}"] = verdict.observed

    def _press(self, lesson: Lesson, step: Step) -> None:
        path = f"{lesson.id}/{step.id}"
        runner = self._desk.runner()
        shortcut, back = self.shortcuts.get(path, ("", ""))
        if shortcut:
            type_line(self.settings, shortcut)
        self.before[path] = judge(step, runner.world)
        if back:
            type_line(self.settings, back)
        if path in self.ways:
            type_line(self.settings, self.ways[path])
        elif path not in self.left_out:
            runner.run(lesson.id, step.id)
        self.after[path] = judge(step, runner.world)
        if step.cleanup:
            type_line(self.settings, step.cleanup)


@contextmanager
def pressed(
    homes: Path, left_out: Iterable[str] = (), ways: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Pressed]:
    """A lab on its first day, for the course by button."""
    home = Path(tempfile.mkdtemp(prefix="press-", dir=homes))
    with ExitStack() as stack:
        stack.callback(leftovers.remove_tree, home)
        stack.callback(sandbox.down, Settings(home=home), lambda _: None)
        with unmeasured():
            settings = sandbox.up(Settings(home=home), lambda _: None)
        yield Pressed(settings, frozenset(left_out), ways)


# By its notebooks -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taught:
    """A lab in which every notebook has run and JupyterLab is open."""

    settings: Settings
    address: str
    used: dict[str, str]
    """Every secret that was in the lab's files at any time of the course (value → place); most are gone at its end."""
    compared: subprocess.CompletedProcess[str]
    """nbval's run: the notebooks against their stored outputs."""

    def shell(self, line: str) -> str:
        variables = os.environ | self.settings.environment()
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.settings.work, env=variables, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def taught(homes: Path) -> Iterator[Taught]:
    home = Path(tempfile.mkdtemp(prefix="canary-", dir=homes))
    with ExitStack() as stack:
        stack.callback(leftovers.remove_tree, home)
        stack.callback(sandbox.down, Settings(home=home), lambda _: None)
        lifecycle.prepare_folders(Settings(home=home))
        # A canary as the learner's access token: known beforehand, and made as a real one is.
        write_atomic(home / "secrets" / "hub-token", f"dckr_pat_{secrets.token_urlsafe(20)}")
        with unmeasured():
            settings = sandbox.up(Settings(home=home), lambda _: None)
            port = server._free_port(8890, print)
            process, address = server.launch(settings, port, print), server._address(settings, port)
            stack.callback(server.stop, settings, process.pid)
            with collecting(settings) as used:
                compared = compare(settings)
                run_and_save(settings)
        yield Taught(settings, address, used, compared)


@contextmanager
def collecting(settings: Settings) -> Iterator[dict[str, str]]:
    """Read the lab's secrets again and again, as keys, sessions and passwords come and go."""
    used: dict[str, str] = {}
    over = threading.Event()

    def collect() -> None:
        while not over.wait(0.05):
            used.update(known(settings))

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        yield used
    finally:
        over.set()
        thread.join()


def run(settings: Settings, *lessons: str) -> list[dict[str, Any]]:
    """`python3 -m labs run --json`; fails with its own words where a step did not pass."""
    answer = subprocess.run(
        [sys.executable, "-m", "labs", "run", "--json", *lessons],
        cwd=CLONE,
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    rows: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    assert answer.returncode == 0, [row for row in rows if not row["passed"]] or answer.stderr
    return rows


def compare(settings: Settings) -> subprocess.CompletedProcess[str]:
    """nbval, one run over all, in the order of the course: a lesson's pictures show what the ones before made."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", f"--nbval-sanitize-with={SANITIZE}"]
    command += ["-q", "-p", "no:cacheprovider", "--rootdir", str(CLONE), "--confcutdir", str(NOTEBOOKS)]
    return subprocess.run(
        [*command, *(str(NOTEBOOKS / f"{lesson.id}.ipynb") for lesson in LESSONS)],
        cwd=NOTEBOOKS,
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def run_and_save(settings: Settings) -> None:
    """The learner's own notebooks, every cell run and everything saved in them: outputs and the widgets' state."""
    books = [str(settings.work / "notebooks" / f"{name}.ipynb") for name in SAVED]
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", *books],
        env=os.environ | environment(settings),
        capture_output=True,
        text=True,
        timeout=600,
    )
    (settings.sandbox / "logs" / "course.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]

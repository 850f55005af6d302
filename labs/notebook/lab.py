"""What a notebook calls: `from labs import lesson; lab = lesson("02-build")`, then `lab.step("build-v1")` and so on.

Each call displays one card. With LABS_AUTORUN=1 a step's card presses its own button first, so that a notebook run
without a browser (nbval, `python3 -m labs.notebooks`) does what a learner's clicks do. What a learner can act on is
shown as Portuguese text, never as a traceback. A card's module is imported when one is shown, since
anywidget takes time to load.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from IPython.display import display

from labs import sandbox
from labs.base.errors import LabError
from labs.base.events import Line, Watcher, ignore
from labs.base.settings import FIRST_PORT, Settings
from labs.course import target_words
from labs.course.catalog import Lesson, Step
from labs.course.command_line import CommandLine
from labs.course.tries import Tries
from labs.notebook.gallery import Gallery, shown
from labs.pictures import Picture
from labs.running import journey
from labs.running.commands import Context, execute
from labs.running.runner import Runner
from labs.sandbox import host_ports
from labs.secrecy.redact import Redactor
from labs.widgets.transcript import Status, status_of

if TYPE_CHECKING:
    from labs.widgets.watch import Watch

AUTORUN = "LABS_AUTORUN"


def lesson(lesson_id: str) -> Lab:
    """The lesson's helper; says which lesson it is, and offers to prepare what is missing for it."""
    lab = Lab(lesson_id)
    lab.open()
    return lab


def autorun() -> bool:
    """Whether steps press their own buttons."""
    return os.environ.get(AUTORUN) == "1"


class Kit:
    """The runner of the moment: made anew when the settings change, as after choosing an account name.

    `load`, `make` and `up` are seams for tests: the settings, a runner for them, and the sandbox's start.
    """

    def __init__(
        self,
        load: Callable[[], Settings] = Settings.load,
        make: Callable[[Settings], Runner] = Runner,
        up: Callable[[Settings, Callable[[str], None]], Any] | None = None,
    ) -> None:
        self._load, self._make, self._up = load, make, up
        self._runner: Runner | None = None

    @functools.cached_property
    def watch(self) -> Watch:
        """What tells this kernel's cards that something was typed."""
        from labs.widgets.watch import Watch

        return Watch(self.runner().settings, self._load)

    def runner(self) -> Runner:
        """A runner for the settings as they are now.

        Raises:
            StateError: the settings cannot be read.
        """
        settings = self._load()
        if self._runner is None or self._runner.settings != settings:
            self._runner = self._make(settings)
        return self._runner

    def healthy(self) -> bool:
        """Whether the sandbox is up."""
        return self.runner().world.admin.health()

    def up(self, report: Callable[[str], None]) -> None:
        """Start the sandbox.

        Raises:
            LabError: it does not start.
        """
        if self._up is None:
            self._up = sandbox.up
        self._up(self._load(), report)


class Lab(Gallery):
    """One lesson in a notebook."""

    def __init__(self, lesson_id: str, kit: Kit | None = None) -> None:
        self._id = lesson_id
        self._kit = kit or Kit()

    def __repr__(self) -> str:
        return f"lesson({self._id!r})"

    # Opening -----------------------------------------------------------------------------------

    @shown
    def open(self) -> None:
        """Say which lesson this is; where something is missing for it, offer to prepare it (in autorun, prepare it)."""
        lesson = self._lesson()
        print(f"Aula {lesson.id[:2]} · {lesson.title} · {lesson.minutes} min.")  # its goals the text says
        if (settings := self._kit.runner().settings).live:
            print(f"Alvo: {target_words.title(settings)}")
        missing = self._missing()
        self._say_where_you_were()
        self._say_ports(lesson)
        if not missing:
            return
        from labs.widgets.action import PrepareCard

        card = PrepareCard(self._missing, self._prepare, lambda: Redactor(self._kit.runner().settings))
        if autorun():
            card.press("run", wait=True)
            if card.standing.state == "passed":
                return
        _display(card)
        if not autorun():
            self._kit.watch.add(card)

    def _say_where_you_were(self) -> None:
        """Not in autorun: a stored notebook tells nobody's journey."""
        if autorun():
            return
        runner = self._kit.runner()
        lost = journey.recover(runner.course, runner.world, runner.progress) if self._kit.healthy() else ""
        words = (lost, journey.opening(runner.course, runner.progress.all(), self._lesson()))
        print("\n".join(filter(None, words)), end="\n" if any(words) else "")

    def _say_ports(self, lesson: Lesson) -> None:
        """Before a step needs it: a host port of this lesson that another program holds, or that is not the text's."""
        settings = self._kit.runner().settings
        steps = journey.steps_of(lesson)
        used = sorted({port for step in steps for port in step.line.publishes(settings.environment())})
        if autorun() or not used:
            return
        if settings.first_port != FIRST_PORT:
            was = ", ".join(str(port - settings.first_port + FIRST_PORT) for port in used)
            print(f"Neste computador, onde o texto diz {was}, use {', '.join(map(str, used))}.")
        if taken := host_ports.of_others(settings, used):
            steps_of = [step.title for step in steps if set(step.line.publishes(settings.environment())) & set(taken)]
            print(f"⚠ Outro programa já usa a porta {', '.join(map(str, taken))}: vai faltar em “{steps_of[0]}”.")
            print("Encerre esse programa, ou troque as portas do curso: python3 -m labs ports 3100")

    def _missing(self) -> list[str]:
        """What this lesson starts from and is not there, in words."""
        if not self._kit.healthy():
            return ["o laboratório de pé (engine, registries e AWS)"]
        runner = self._kit.runner()
        found = (runner.course.step(path) for path in runner.pending_needs(self._lesson().id))
        left_open = [f"fechar o caso {name} da clínica" for name in runner.left_open(self._lesson().id)]
        return [*left_open, *(f"aula {lesson.id[:2]}: {step.title}" for lesson, step in found)]

    def _prepare(self, watch: Watcher) -> Any:
        if not self._kit.healthy():
            self._kit.up(lambda text: watch(Line(text)))
        outcomes = self._kit.runner().prepare(self._lesson().id, watch)
        failed = [outcome for outcome in outcomes if not outcome.verdict.passed]
        if failed:
            return status_of(failed[0].verdict)
        from labs.widgets.action import READY

        return Status("passed", READY)

    # Doing -------------------------------------------------------------------------------------

    @shown
    def step(self, step_id: str) -> None:
        """The card of a step."""
        self._show_step(self._lesson().step(step_id))

    @shown
    def challenge(self) -> None:
        """The card of the lesson's challenge: the task, and no command."""
        challenge = self._lesson().challenge
        if challenge is None:
            raise LabError("Esta aula não tem desafio.", self._id)
        self._show_step(challenge)

    def _show_step(self, step: Step) -> None:
        from labs.widgets.action import StepCard

        runner, lesson = self._kit.runner(), self._lesson()
        runner.opened(lesson.id, step.id)
        record = runner.progress.all().get(f"{lesson.id}/{step.id}")
        recorded = record.observed if record and record.passed else None
        card = StepCard(lesson, step, self._kit.runner, recorded)
        if autorun():
            card.press("run", wait=True)
            self._tidy(step)
        _display(card)
        if not autorun():
            card.look()
            self._kit.watch.add(card)

    def _tidy(self, step: Step) -> None:
        """Remove what a challenge's solution left, so that a second run starts as the first (as labs/cli/run.py)."""
        if step.cleanup:
            runner = self._kit.runner()
            folder = runner.settings.work / "widget-server"
            context = Context(runner.settings, runner.world.engine, runner.world.cloud, folder)
            execute(CommandLine.of(step.cleanup), context, ignore)

    @shown
    def quiz(self) -> None:
        """All questions of the lesson."""
        from labs.widgets.quiz import QuizCard

        lesson = self._lesson()
        if autorun():
            _display(QuizCard(lesson.quiz, explained=True))
            return
        tries = Tries(self._kit.runner().settings)
        tried = [tries.of(lesson.id, question) for question in lesson.quiz]
        _display(QuizCard(lesson.quiz, tried, functools.partial(tries.add, lesson.id)))

    @shown
    def diagnose(self, case_id: str) -> None:
        """The diagnosis of one of the clinic's cases, with the tries so far."""
        from labs.widgets.diagnosis import DiagnosisCard

        tries = Tries(self._kit.runner().settings)
        _display(DiagnosisCard(self._lesson().case(case_id), tries, explained=autorun()))

    @shown
    def on_call(self) -> None:
        """A shift of the clinic's cases, by chance."""
        from labs.widgets.on_call import OnCallCard

        _display(OnCallCard(self._lesson(), self._kit.runner))

    # Looking: the methods of Gallery -------------------------------------------------------------

    def _runner(self) -> Runner:
        return self._kit.runner()

    def _show(
        self, draw: Callable[[Mapping[str, str]], Picture], fields: Sequence[Mapping[str, str]], fixed: bool
    ) -> None:
        from labs.widgets.picture import PictureCard

        card = PictureCard(draw, fields, fixed=fixed)
        if not autorun():
            card.follow()
        _display(card)

    def _lesson(self) -> Lesson:
        return self._kit.runner().course.lesson(self._id)


def _display(card: Any) -> None:
    display(card)  # type: ignore[no-untyped-call]

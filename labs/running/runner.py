"""The one loop: lock → act → check → record. Buttons, notebooks, the headless run and the tests all go through it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import msgspec

from labs.base.errors import CloudError, Interrupted, LabError, LiveLocked, StateError, StepBusy
from labs.base.events import Event, Line, Watcher, ignore
from labs.base.files import locked_now
from labs.base.settings import Settings
from labs.base.text import telling
from labs.base.things import IMAGE, Thing
from labs.base.verdict import Verdict
from labs.clinic import cases
from labs.course import target_words
from labs.course.catalog import Course, Lesson, Step, case_number
from labs.course.progress import Progress
from labs.live import guard
from labs.ownership import aws_tags
from labs.ownership.inventory import built, now
from labs.ownership.ledger import Ledger, things_of
from labs.running.commands import Context, execute
from labs.running.hints import hinted
from labs.running.judge import closed_case, judge
from labs.running.unattended import answering, is_unattended
from labs.seams.world import World

TRANSCRIPT_LINES = 40
START = "python3 -m labs up"
"""The one repair that touches no account: it must work before anything is confirmed."""
GOES = "O comando deveria ser recusado, e não foi."
GOES_NOW = "Desta vez o comando foi aceito: o que causava a recusa já mudou. A recusa deste passo foi vista antes."
"""Said where a later step gave what was missing: a login, another key."""


@dataclass(frozen=True)
class Outcome:
    """What a step did.

    Attributes:
        transcript: the command's lines that do not vary from run to run, the last forty.
        error: what the command failed with; also kept where the step was meant to be refused.
        ran: False where the state already proved a step that must not run twice.
    """

    lesson: Lesson
    step: Step
    verdict: Verdict
    seconds: float
    transcript: tuple[str, ...] = ()
    error: LabError | None = None
    ran: bool = True


class Runner:
    """Runs steps of the course in one lab."""

    def __init__(self, settings: Settings, world: World | None = None, course: Course | None = None) -> None:
        self.settings = settings
        self.world = world or World(settings)
        self.course = course or target_words.course(settings)
        self.progress = Progress(settings)
        self.ledger = Ledger(settings)
        self._answers: dict[str, Callable[[], str]] = {"": str, "access-key": self._access_key_answers}

    def run(
        self, lesson_id: str, step_id: str, watch: Watcher = ignore, cancel: threading.Event | None = None
    ) -> Outcome:
        """Run a step's literal command, check the state, record the verdict. Never raises what a learner can act on:
        it stands in the outcome.
        """
        lesson = self.course.lesson(lesson_id)
        step = lesson.step(step_id)
        started = time.monotonic()
        lines: list[str] = []

        def keep(event: Event) -> None:
            if isinstance(event, Line) and not event.detail:
                lines.append(event.text)
            watch(event)

        try:
            with self._lock(lesson, step):
                if step.skip:
                    verdict = Verdict(True, f"Só na sandbox: {step.skip}.")
                    return Outcome(lesson, step, verdict, time.monotonic() - started, ran=False)
                guard.require(self.world, lesson, step)
                self._note(lesson, step)
                if not step.line.opens_case and (closed := closed_case(step, self.world)):
                    return Outcome(lesson, step, closed, time.monotonic() - started, ran=False)
                if step.once and (verdict := judge(step, self.world)).passed:
                    self._tag(self._saw(lesson, step, verdict), watch)
                    return self._done(lesson, step, verdict, started, ran=False)
                before = self._last_event() if step.expect else 0
                error = self._act(step, keep, cancel)
                verdict = hinted(self._judge(lesson, step, error, lines, before), step, self.world, ran=True)
                made = self._saw(lesson, step, verdict)
                if verdict.passed:
                    self._tag(made, watch)
                return self._done(lesson, step, verdict, started, tuple(lines[-TRANSCRIPT_LINES:]), error)
        except (StepBusy, StateError, Interrupted, LiveLocked, CloudError) as error:
            seconds = time.monotonic() - started
            return Outcome(lesson, step, _not_run(error), seconds, tuple(lines[-TRANSCRIPT_LINES:]), error, ran=False)

    def repair(
        self,
        lesson_id: str,
        step_id: str,
        command: str,
        watch: Watcher = ignore,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the usual repair of a failed step (`labs/running/repair.py` says which), then check the step. As `run`,
        it never raises what a learner can act on, and what guards a step guards its repair.
        """
        lesson = self.course.lesson(lesson_id)
        step = lesson.step(step_id)
        fix = msgspec.structs.replace(step, command=command, stdin="")
        started = time.monotonic()
        try:
            with self._lock(lesson, step):
                if command != START:
                    guard.require(self.world, lesson, fix)
                    self._note(lesson, fix)
                error = self._act(fix, watch, cancel)
                verdict = hinted(_not_run(error), step, self.world) if error else self.verify(lesson_id, step_id)
        except (StepBusy, StateError, Interrupted, LiveLocked, CloudError) as stopped:
            error, verdict = stopped, _not_run(stopped)
        return Outcome(lesson, step, verdict, time.monotonic() - started, (), error, ran=error is None)

    def verify(self, lesson_id: str, step_id: str) -> Verdict:
        """Check a step against the state now, whoever did it, and record what was found. A check that got no answer
        takes no proof back.
        """
        lesson = self.course.lesson(lesson_id)
        step = lesson.step(step_id)
        path = f"{lesson.id}/{step.id}"
        verdict = self._in_the_clinic(lesson) or judge(step, self.world)
        if verdict.passed:
            self._prove(lesson, step, verdict)
        elif not self.done(lesson.id, step.id):
            if verdict.answered:
                self.progress.missed(path, verdict.observed)
        elif step.lasting and verdict.answered and not verdict.unseen:
            self.progress.forget(path)
        elif step.case or verdict.unseen or not verdict.answered:
            return replace(verdict, observed=f"{verdict.observed} O que você comprovou antes continua valendo.")
        return verdict

    def look(self, lesson_id: str, step_id: str) -> Verdict:
        """As `verify`, for a lesson that opens: nobody asked, so a state that is given proves nothing, and a check that
        fails takes no proof back (a lesson that opens while the engine is down must not cost any).
        """
        lesson = self.course.lesson(lesson_id)
        step = lesson.step(step_id)
        verdict = self._in_the_clinic(lesson) or judge(step, self.world)
        if verdict.passed and not step.given:
            self._prove(lesson, step, verdict)
        return verdict

    def shows(self, lesson_id: str, step_id: str) -> bool:
        """Whether the state shows now what the step makes; nothing is recorded."""
        return judge(self.course.lesson(lesson_id).step(step_id), self.world).passed

    def _in_the_clinic(self, lesson: Lesson) -> Verdict | None:
        """While a case is open, what is there may be the case's: it proves nothing of another lesson."""
        name = "".join(self.left_open(lesson.id))
        if not name:
            return None
        observed = f"O caso {name} da clínica está aberto, e muda o laboratório: feche-o antes."
        return Verdict(False, observed, f"python3 -m labs.drill {name} --undo", answered=False)

    def _prove(self, lesson: Lesson, step: Step, verdict: Verdict) -> None:
        self._note(lesson, step)
        made = self._saw(lesson, step, verdict)
        if self.done(lesson.id, step.id):
            return
        self._tag(made, ignore)
        self.progress.record(
            f"{lesson.id}/{step.id}",
            passed=True,
            observed=verdict.observed,
            seconds=0.0,
            evidence=verdict.evidence,
        )

    def done(self, lesson_id: str, step_id: str) -> bool:
        """Whether the step is recorded as proven."""
        record = self.progress.all().get(f"{lesson_id}/{step_id}")
        return bool(record and record.passed)

    def pending_needs(self, lesson_id: str) -> list[str]:
        """Steps of earlier lessons ("lesson/step") that this lesson starts from and the state does not show."""
        return list(dict.fromkeys(self._pending(self.course.lesson(lesson_id).needs)))

    def _pending(self, needs: Sequence[str]) -> Iterator[str]:
        for path in needs:
            lesson, step = self.course.step(path)
            if not judge(step, self.world).passed:
                yield from self._pending((*lesson.needs, *step.needs))
                yield path

    def left_open(self, lesson_id: str) -> list[str]:
        """The clinic's case that was left in the middle and would disturb this lesson: its number, or nothing."""
        name = "" if self.course.lesson(lesson_id).cases else cases.current(self.settings)
        return [case_number(name)] if name else []

    def prepare(self, lesson_id: str, watch: Watcher = ignore) -> list[Outcome]:
        """Do what the lesson starts from; stops at the first that fails. A case of the clinic is closed first.

        Raises:
            LabError: the case cannot be undone.
        """
        if self.left_open(lesson_id):
            cases.close_case(self.world, lambda text: watch(Line(text)))
        outcomes: list[Outcome] = []
        ran: set[str] = set()
        # Asked again after each: a new access key is not the one that the profile has.
        while path := next((path for path in self.pending_needs(lesson_id) if path not in ran), ""):
            ran.add(path)
            lesson, step = self.course.step(path)
            outcomes.append(self.run(lesson.id, step.id, watch))
            if not outcomes[-1].verdict.passed:
                break
        made = [f"{one.lesson.id}/{one.step.id}" for one in outcomes if one.verdict.passed]
        if made:
            self.progress.prepared(made, lesson_id)
        return outcomes

    # The ledger --------------------------------------------------------------------------------

    def opened(self, lesson_id: str, step_id: str) -> None:
        """A step's card is shown: its command may be typed in a terminal from now on, so its names are noted."""
        lesson = self.course.lesson(lesson_id)
        with contextlib.suppress(StateError):  # the step itself says it, once it is run
            self._note(lesson, lesson.step(step_id))

    def _note(self, lesson: Lesson, step: Step) -> None:
        self.ledger.note(self._creations(step), f"{lesson.id}/{step.id}")

    def _saw(self, lesson: Lesson, step: Step, verdict: Verdict) -> list[Thing]:
        """What the step made, with the identity that it has now; an image without a name by the check's evidence."""
        found = [now(self.world, thing) for thing in self._creations(step)]
        if step.line.builds:  # a wrong one may lose its name to the next
            found += [Thing(IMAGE, "", one.identity) for one in found if one.kind == IMAGE and one.identity]
        if verdict.passed and step.line.builds and (image_id := verdict.evidence.get("id")):
            found += built(self.world, str(image_id))
        self.ledger.saw(found, f"{lesson.id}/{step.id}")
        return found

    def _tag(self, things: Sequence[Thing], watch: Watcher) -> None:
        """A tag that cannot be put is told and costs no proof; live, nothing is changed before the confirmation."""
        for thing in things:
            if thing.kind not in aws_tags.TAGGABLE or not self.ledger.owns(thing):
                continue
            try:
                if self.settings.live:
                    guard.require_session(self.settings)
                aws_tags.put(self.world, thing)
                watch(Line(f"O kit pôs em {thing.name} a tag {aws_tags.TEXT}: ela marca o que é do curso.", True))
            except (LiveLocked, CloudError) as error:
                watch(Line(f"{thing.name} ficou sem a tag {aws_tags.TEXT}: {error.observed}", True))

    def _creations(self, step: Step) -> list[Thing]:
        return things_of(self.settings, [step.line])

    # One step ----------------------------------------------------------------------------------

    def _act(self, step: Step, watch: Watcher, cancel: threading.Event | None) -> LabError | None:
        try:
            context = Context(
                self.settings,
                self.world.engine,
                self.world.cloud,
                self.settings.work / "widget-server",
                self._answers[step.stdin](),
                cancel or threading.Event(),
            )
            alone = is_unattended() and not self.settings.live  # nobody but a person approves a real login
            execute(step.line, context, answering(watch, self.settings) if alone else watch)
        except (Interrupted, StateError):
            raise
        except KeyboardInterrupt:
            raise Interrupted("Passo interrompido. O que já estava pronto continua como está.", "", "") from None
        except LabError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the last resort: a learner must never see a traceback
            return LabError("O kit encontrou um erro que não esperava.", repr(error), "python3 -m labs doctor")
        return None

    def _judge(self, lesson: Lesson, step: Step, error: LabError | None, lines: list[str], before: int) -> Verdict:
        """The check decides; the command's own result only adds what the state cannot show.

        Args:
            before: the gateway's last event before the command.
        """
        verdict = judge(step, self.world)
        holds = verdict.passed and not step.given and self.done(lesson.id, step.id)
        if step.expect:
            said = "\n".join([*lines, error.observed if error else ""])
            met = next((text for text in step.expect if text in said), "")
            if error is None:
                return Verdict(False, GOES_NOW if holds else GOES, step.hint, holds=holds)
            if met and self.settings.live:
                return Verdict(True, f"Recusado, como esperado: {met}", evidence={"refused": met})
            # The gateway that refused is the witness, in whatever words the client tells it.
            if met or (verdict.passed and int(verdict.evidence.get("event", 0)) > before):
                return verdict
            observed = f"A recusa foi outra: {telling(error.observed)}"
            return Verdict(False, observed, error.next_command or step.hint, holds=holds)
        if error:
            observed = f"{error.what} {telling(error.observed)}".strip()
            return Verdict(False, observed, error.next_command or step.hint, holds=holds)
        return verdict if verdict.passed else replace(verdict, hint=verdict.hint or step.hint)

    def _last_event(self) -> int:
        """Its number; 0 where there is none, or nobody watches."""
        with contextlib.suppress(LabError):
            return max((int(event["seq"]) for event in self.world.admin.events()), default=0)
        return 0

    def _done(
        self,
        lesson: Lesson,
        step: Step,
        verdict: Verdict,
        started: float,
        transcript: tuple[str, ...] = (),
        error: LabError | None = None,
        ran: bool = True,
    ) -> Outcome:
        seconds = time.monotonic() - started
        self.progress.record(
            f"{lesson.id}/{step.id}",
            passed=verdict.passed,
            observed=verdict.observed,
            seconds=seconds,
            evidence=verdict.evidence,
        )
        return Outcome(lesson, step, verdict, seconds, transcript, error, ran)

    def _lock(self, lesson: Lesson, step: Step) -> AbstractContextManager[None]:
        """One run of a step at a time, over all kernels and terminals of this lab."""
        busy = StepBusy("Este passo já está rodando em outro notebook ou terminal.", "", "Espere ele terminar.")
        return locked_now(self.settings.home / "locks" / f"{lesson.id}.{step.id}", busy)

    def _access_key_answers(self) -> str:
        """What `aws configure` asks: key id, secret, region, output; from the file that the step before wrote."""
        path = self.settings.learner_secrets / "widget-dev.json"
        try:
            key = json.loads(path.read_text("utf-8"))["AccessKey"]
            return f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\n{self.settings.region}\njson\n"
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(
                "Ainda não há uma access key guardada para responder ao aws configure.",
                str(error),
                'ls -l "$LAB_SECRETS"',
            ) from error


def _not_run(error: LabError) -> Verdict:
    observed = f"{error.what} {telling(error.observed)}".strip()
    return Verdict(False, observed, error.next_command)

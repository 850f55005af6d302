"""Where the learner stands in the course, the step to go on with, and lost progress read anew from the state."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from labs.base.errors import LabError
from labs.base.text import plural
from labs.course.catalog import Course, Lesson, Step
from labs.course.progress import Progress, Record

if TYPE_CHECKING:  # where the learner stands is told without the SDKs of World and the checks
    from labs.seams.world import World

MISSING = "Falta comprovar:"
"""How a certificate that is not given begins to say why; where to return to is the line after it."""
RECOVERY_SECONDS = 3.0
"""How long opening a lesson waits for lost progress to be read anew."""


@dataclass(frozen=True)
class Standing:
    """One lesson.

    Attributes:
        done: how many steps are proven, of `total` (the challenge counts as a step).
        running: seconds that its commands ran, all tries together.
        span: seconds from the start of the first try to the last proof.
    """

    lesson: Lesson
    done: int
    total: int
    running: float = 0.0
    span: float = 0.0

    @property
    def complete(self) -> bool:
        return self.done == self.total


def steps_of(lesson: Lesson) -> tuple[Step, ...]:
    """The steps and the challenge."""
    return (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))


def standings(course: Course, records: Mapping[str, Record]) -> list[Standing]:
    """How each lesson stands."""
    return [_standing(lesson, records) for lesson in course.lessons]


def _standing(lesson: Lesson, records: Mapping[str, Record]) -> Standing:
    steps = steps_of(lesson)
    tried = [records[path] for step in steps if (path := f"{lesson.id}/{step.id}") in records]
    done = sum(record.passed for record in tried)
    timed = [record for record in tried if record.began]
    span = 0.0
    if timed:
        first = min(datetime.fromisoformat(record.began) for record in timed)
        span = (max(datetime.fromisoformat(record.at) for record in timed) - first).total_seconds()
    return Standing(lesson, done, len(steps), sum(record.spent for record in tried), span)


def go_on(course: Course, records: Mapping[str, Record]) -> tuple[Lesson, Step] | None:
    """The first pending step after the one proven last; before it where none follows; None where all are proven.

    What was skipped on the way does not call the learner back to the beginning; and what was prepared for a lesson
    leads to that lesson.
    """
    path = [
        (lesson, step, records.get(f"{lesson.id}/{step.id}")) for lesson in course.lessons for step in steps_of(lesson)
    ]
    proven = [(record.at, index) for index, (_, _, record) in enumerate(path) if record and record.passed]
    last = max(proven)[1] if proven else -1
    made_for = (record.made_for for _, _, record in path[last : last + 1] if record)
    wanted = next(made_for, "")
    begin = next((index for index, (lesson, _, _) in enumerate(path) if lesson.id == wanted), last + 1)
    for lesson, step, record in (*path[begin:], *path[:begin]):
        if not (record and record.passed):
            return lesson, step
    return None


@dataclass(frozen=True)
class Ahead:
    """What the bar above a lesson says.

    Attributes:
        words: how far the learner is, and what time is left by the course's own estimate; its pieces follow each other,
            and the later ones can be left out where there is no room.
        here: the lesson's first pending step, where it was begun and is not complete; else "".
        goes_on: the lesson in which one stopped; "" where all is proven.
        following: the next lesson in order, None after the last.
    """

    words: tuple[str, ...]
    here: str
    goes_on: str
    following: Lesson | None


def ahead(course: Course, records: Mapping[str, Record], here: Lesson) -> Ahead:
    """What lies before the learner, in this lesson and in the course."""
    standing, rows = _standing(here, records), standings(course, records)
    total = sum(one.lesson.minutes for one in rows)
    words = (
        f"{standing.done} de {standing.total} passos",
        f" · {_left(standing)}",
        f" · curso: {sum(one.done for one in rows)} de {sum(one.total for one in rows)}",
        f", faltam {duration(sum(map(minutes_left, rows)) * 60)} de {duration(total * 60)}",
    )
    pending = next((step.id for step in steps_of(here) if not proven(records, here, step)), "")
    following = go_on(course, records)
    later = course.lessons[course.lessons.index(here) + 1 :]
    return Ahead(
        words if standing.total else (here.title,),
        pending if standing.done else "",
        following[0].id if following else "",
        next(iter(later), None),
    )


def minutes_left(standing: Standing) -> float:
    """Of the lesson's estimated minutes, for the steps that are still to do."""
    return standing.lesson.minutes * (1 - standing.done / standing.total) if standing.total else 0.0


def _left(standing: Standing) -> str:
    return "aula completa" if standing.complete else f"faltam {duration(max(1, minutes_left(standing)) * 60)}"


def proven(records: Mapping[str, Record], lesson: Lesson, step: Step) -> bool:
    """Whether the step is recorded as proven."""
    record = records.get(f"{lesson.id}/{step.id}")
    return bool(record and record.passed)


def prepared_since(records: Mapping[str, Record], lesson: Lesson, step: Step, moment: datetime) -> bool:
    """Whether all that comes before a step of the lesson is proven, and the last of it no earlier than a moment: who
    asked then for it to be done need not wait any more. What only the sandbox has is never recorded, live.
    """
    before = [one for one in lesson.steps[: lesson.steps.index(step)] if not one.skip]
    if not all(proven(records, lesson, one) for one in before):
        return False
    latest = (records[f"{lesson.id}/{one.id}"].at for one in before[-1:])
    return all(datetime.fromisoformat(at) >= moment for at in latest)


def step_words(lesson: Lesson, step: Step) -> str:
    """A step as a learner knows it: its number and title; in the clinic its case, and its number there, since nobody
    counts over all cases.
    """
    if step is lesson.challenge:
        return f"desafio · {step.title}"
    if step.case:
        case = lesson.case(step.case)
        return f"caso {case.number}, passo {case.steps.index(step.id) + 1} de {len(case.steps)} · {step.title}"
    return f"fim · {step.title}" if lesson.cases else f"passo {lesson.steps.index(step) + 1} · {step.title}"


def duration(seconds: float) -> str:
    """A length of time in Portuguese, to the precision that matters."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    if hours < 24:
        return f"{minutes // 60} h {minutes % 60:02} min"
    days = round(hours / 24)
    return f"{days} dia{'s' if days > 1 else ''}"


def time_words(standing: Standing) -> str:
    """How long a lesson took; empty where nothing was timed."""
    if not standing.running:
        return ""
    whole, running = duration(standing.span), duration(standing.running)
    return f"{whole} do primeiro ao último passo, com as pausas; {running} de comandos rodando"


def rebuild(course: Course, world: World, progress: Progress) -> int:
    """Run every lasting check and record what the state proves; returns how many steps that is.

    Raises:
        StateError: the state folder cannot be written.
    """
    from labs.running.judge import judge  # with all checks: what only reads the records waits for none

    proofs = {}
    for lesson in course.lessons:
        for step in steps_of(lesson):
            verdict = judge(step, world) if step.lasting and not step.given else None
            if verdict and verdict.passed:
                proofs[f"{lesson.id}/{step.id}"] = (verdict.observed, verdict.evidence)
    progress.restore(proofs)
    return len(proofs)


def recover(course: Course, world: World, progress: Progress) -> str:
    """Where progress was recorded once and is lost, read it anew from the state, in the background.

    Returns:
        what to tell the learner; empty where nothing was lost.
    """
    lost = progress.lost()
    if not lost:
        return ""
    found: list[str] = []

    def work() -> None:
        try:
            count = rebuild(course, world, progress)
            found.append(f"{lost} O estado de agora comprova {plural(count, 'passo', 'passos')}.")
        except LabError as error:
            found.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(RECOVERY_SECONDS)
    still = f"{lost} Os checks estão sendo refeitos; abra esta aula de novo em instantes."
    return found[0] if found else still


def opening(course: Course, records: Mapping[str, Record], here: Lesson) -> str:
    """What a lesson says of the journey when it opens; empty for one who has not begun."""
    if not any(record.passed for record in records.values()):
        return ""
    standing = _standing(here, records)
    said = f"Nesta aula: {standing.done} de {standing.total} passos comprovados."
    following = go_on(course, records)
    if following is None:
        return f"{said} O curso inteiro está comprovado."
    lesson, step = following
    if lesson == here:
        return f"{said} Continue de onde parou: {step_words(lesson, step)}."
    return f"{said} Você parou na aula {lesson.id[:2]} ({lesson.title}), {step_words(lesson, step)}."


def table(course: Course, records: Mapping[str, Record], lost: str = "") -> dict[str, object]:
    """The whole course for programs: a row per step, in order, and where to go on.

    Args:
        lost: what of the progress can no longer be read, in words.

    Returns:
        `steps` with `lesson`, `step`, `title`, `done`, `when` (ISO 8601 in UTC, null for never), `tries` and `seconds`
        (all tries together); `done` and `total` count them; `continue` names one of them, null where all are proven.
    """
    steps = [_row(lesson, step, records) for lesson in course.lessons for step in steps_of(lesson)]
    following = go_on(course, records)
    return {
        "done": sum(bool(row["done"]) for row in steps),
        "total": len(steps),
        "continue": following and {"lesson": following[0].id, "step": following[1].id},
        "lost": lost,
        "steps": steps,
    }


def _row(lesson: Lesson, step: Step, records: Mapping[str, Record]) -> dict[str, object]:
    record = records.get(f"{lesson.id}/{step.id}")
    done = bool(record and record.passed)
    return {
        "lesson": lesson.id,
        "step": step.id,
        "title": step.title,
        "done": done,
        "when": record.at if record and done else None,
        "tries": record.tries if record else 0,
        "seconds": record.spent if record else 0.0,
    }


def text(course: Course, records: Mapping[str, Record]) -> str:
    """The whole course in lines, and where to go on."""
    lines = []
    for one in standings(course, records):
        mark = "✓" if one.complete else "◐" if one.done else "○"
        timed = time_words(one)
        lines.append(
            f"{mark} {one.lesson.id[:2]} {one.lesson.title}: {one.done} de {one.total}{f' ({timed})' if timed else ''}"
        )
    following = go_on(course, records)
    if following is None:
        return "\n".join([*lines, "Todos os passos estão comprovados. Próximo comando: python3 -m labs.certificate"])
    lesson, step = following
    return "\n".join([*lines, f"Continue na aula {lesson.id[:2]}, {step_words(lesson, step)}."])

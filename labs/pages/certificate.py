"""The certificate: run the checks that it asks for again, and write what is proven now as a signed page to print.

Where one does not pass there is no certificate, and it says where to return to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from labs.base.errors import LabError
from labs.base.events import Report
from labs.base.files import write_atomic
from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.base.version import version
from labs.clinic import cases
from labs.course.catalog import Course, Lesson, Step, case_number
from labs.course.progress import Progress, Record
from labs.course.tries import Tries, first_try
from labs.pages import statement
from labs.pages.statement import Certificate, Proven, Statement
from labs.running import journey
from labs.running.journey import steps_of
from labs.running.judge import demanded
from labs.seams.world import World

Proof = tuple[Lesson, Step, Verdict]
EVIDENCE = {
    "account": "conta",
    "arn": "ARN",
    "engine": "versão do engine",
    "event": "evento",
    "id": "id",
    "user": "usuário",
}
"""Names of evidence as a learner knows them; the others are words of the field."""


def issue(course: Course, world: World, name: str, report: Report, path: Path | None = None) -> bool:
    """Prove all and write the page; where something is missing, say what and where to return to, and write nothing.

    Args:
        path: of the page; the lab's own certificate where none is given.

    Returns:
        whether there is a certificate now.

    Raises:
        StateError: the state folder cannot be written.
    """
    if name_of_case := cases.current(world.settings):
        report(f"O caso {case_number(name_of_case)} da clínica está aberto, e muda o laboratório.")
        report("Próximo comando: python3 -m labs.drill --undo")
        return False
    proofs = list(prove(course, world, report))
    missing = [(lesson, step) for lesson, step, verdict in proofs if not verdict.passed]
    if missing:
        lesson, step = missing[0]
        report(f"{journey.MISSING} {', '.join(f'{lesson.id}/{step.id}' for lesson, step in missing)}")
        words = journey.step_words(lesson, step)
        report(f"Sem certificado ainda. Volte à aula {lesson.id[:2]}, {words}, e peça de novo.")
        return False
    path = path or world.settings.certificate_file
    write(course, world.settings, proofs, name, path)
    report("Curso comprovado.")
    for line in not_asked(course, world.settings):
        report(line)
    report(f"Certificado para imprimir: {path}")
    return True


def not_asked(course: Course, settings: Settings) -> list[str]:
    """What the certificate does not ask for, with how much of it was done all the same; only what there is."""
    records, tries = Progress(settings).all(), Tries(settings)
    cases = [(lesson, step) for lesson in course.lessons if lesson.cases for step in steps_of(lesson)]
    solved = sum(1 for lesson, step in cases if (one := records.get(f"{lesson.id}/{step.id}")) and one.passed)
    questions = [(lesson.id, question) for lesson in course.lessons for question in lesson.quiz]
    right = first_try([one for _, one in questions], [tries.of(*one) for one in questions])
    return [
        *([f"Não pedido: clínica de erros, {solved} de {len(cases)} passos feitos."] if cases else []),
        *([f"Não pedido: quizzes, {right} de {len(questions)} acertos na primeira resposta."] if questions else []),
    ]


def prove(course: Course, world: World, report: Report) -> Iterator[Proof]:
    """Ask for each thing that the certificate wants, and report what was found."""
    told = ""
    for lesson, step, verdict in demanded(world, course):
        if lesson.id != told:
            report(f"{lesson.id}  {lesson.title}")
            told = lesson.id
        report(f"  {'✓' if verdict.passed else '✗'} {step.title or step.id}: {verdict.observed}")
        for name, value in verdict.evidence.items():
            report(f"      {name}: {value}")
        yield lesson, step, verdict


def write(course: Course, settings: Settings, proofs: Sequence[Proof], name: str, path: Path) -> None:
    """Write the page, signed.

    Raises:
        StateError: it cannot be written, or the key is damaged or cannot be read.
    """
    records = Progress(settings).all()
    times = {one.lesson.id: journey.time_words(one) for one in journey.standings(course, records)}
    lessons = [
        Proven(lesson.id, lesson.title, times[lesson.id], told)
        for lesson in course.lessons
        if (told := tuple(_told(*proof, records) for proof in proofs if proof[0].id == lesson.id))
    ]
    named = {lesson.id for lesson in lessons}
    made = Statement(
        version=version(),
        drawn_by=statement.drawn_by(),
        name=name,
        by="",
        account=settings.hub_user,
        issued=_to_the_second(datetime.now()),
        hours=journey.duration(60 * sum(lesson.minutes for lesson in course.lessons if lesson.id in named)),
        not_asked=tuple(not_asked(course, settings)),
        lessons=tuple(lessons),
    )
    write_atomic(path, statement.page(statement.sign(made, settings.certificate_key_file)))


def reissued(course: Course, settings: Settings, name: str) -> str:
    """The page of the certificate that this lab issued before, on this name and with its own time.

    After the course's clean-up nothing could be proven anew.

    Returns:
        "" where there is none, or none that holds: altered, of another lab, or without all that the course asks for.
    """
    try:
        found = Certificate.open(settings.certificate_file)
        found.require_key(statement.own_fingerprint(settings))
        found.require_page()
        if found.statement.lacks(course):
            return ""
        made = msgspec.structs.replace(found.statement, name=name)
        return statement.page(statement.sign(made, settings.certificate_key_file))
    except LabError:
        return ""


def _told(lesson: Lesson, step: Step, verdict: Verdict, records: Mapping[str, Record]) -> statement.Proof:
    record = records.get(f"{lesson.id}/{step.id}")
    return statement.Proof(
        id=step.id,
        title=step.title,
        observed=verdict.observed,
        evidence=tuple((EVIDENCE.get(label, label), value) for label, value in verdict.evidence.items()),
        at=_to_the_second(datetime.fromisoformat(record.at)) if record and record.passed else None,
    )


def _to_the_second(time: datetime) -> datetime:
    """A time in this machine's zone, as precisely as people read it."""
    return time.astimezone().replace(microsecond=0)

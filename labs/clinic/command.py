"""What the clinic answers: its cases, a diagnosis, one case opened or closed."""

from __future__ import annotations

from labs.base.errors import CommandError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.base.text import LETTERS
from labs.clinic import cases
from labs.clinic.cases import LESSON
from labs.course.catalog import Case, load_course
from labs.course.progress import Progress
from labs.course.tries import Tries
from labs.seams.world import World


def run(world: World, say: Report, case: str = "", *, undo: bool = False, letter: str = "") -> None:
    """One command of the clinic: list the cases, or open, close or diagnose one.

    Args:
        case: its number or id.
        letter: the answer to the case's question; `?` asks it.

    Raises:
        CommandError: there is no such case or letter.
        LabError: the sandbox refused.
    """
    lesson = load_course().lesson(LESSON)
    case = next((one.id for one in lesson.cases if case == str(one.number)), case)
    if undo:
        cases.close_case(world, say, case)
    elif letter:
        _diagnose(lesson.case(case), letter, world.settings, say)
    elif case:
        cases.open_case(world, case, say)
    else:
        _list(world.settings, say)


def _list(settings: Settings, say: Report) -> None:
    opened, proven = cases.current(settings), Progress(settings).all()

    def mark(case: Case) -> str:
        records = [proven.get(f"{LESSON}/{step}") for step in case.steps]
        solved = all(record and record.passed for record in records)
        return "→" if case.id == opened else "✓" if solved else " "

    for case in load_course().lesson(LESSON).cases:
        say(f"{mark(case)} {case.number:2}  {case.title}")
    say("→ é o caso aberto; ✓ já resolvido." if opened else "Nenhum caso aberto; ✓ já resolvido.")


def _diagnose(case: Case, letter: str, settings: Settings, say: Report) -> None:
    """The options where no letter is given; else what is right or wrong about that one. Tries are kept."""
    question = case.diagnosis
    shown = dict(zip(LETTERS, question.options, strict=False))
    if letter == "?":
        say(question.question)
        for key, option in shown.items():
            say(f"  {key}) {option.text}")
        say(f"Responda com: python3 -m labs.drill {case.number} --diagnose LETRA")
        return
    chosen = shown.get(letter.lower())
    if chosen is None:
        raise CommandError(
            f"Não há a opção “{letter}”.",
            f"opções: {', '.join(shown)}",
            f"python3 -m labs.drill {case.number} --diagnose",
        )
    tries = Tries(settings).add(case.id, case.diagnosis, LETTERS.index(letter.lower()))
    say(f"{'✓ Certo' if chosen.right else '✗ Ainda não'}: {chosen.text}. {chosen.because}")
    say(f"Tentativas neste caso: {len(tries)}.")

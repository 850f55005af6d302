"""What the clinic answers: its cases, a diagnosis, one case opened or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.base.errors import CommandError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.base.text import LETTERS
from labs.clinic import cases
from labs.course.catalog import Drill, load_course
from labs.course.progress import Progress
from labs.course.tries import Tries

if TYPE_CHECKING:
    from labs.seams.world import World

LESSON = "10-clinica-de-erros"


def run(world: World, say: Report, case: str = "", *, undo: bool = False, letter: str = "") -> None:
    """One command of the clinic: list the cases, or open, close or diagnose one.

    Args:
        letter: the answer to the case's question; `?` asks it.

    Raises:
        CommandError: there is no such case or letter.
        LabError: the sandbox refused.
    """
    if undo:
        cases.close_case(world, say, case)
    elif letter:
        _diagnose(load_course().lesson(LESSON).drill(case), letter, world.settings, say)
    elif case:
        cases.open_case(world, case, say)
    else:
        _list(world.settings, say)


def _list(settings: Settings, say: Report) -> None:
    opened, proven = cases.current(settings), Progress(settings).all()

    def mark(drill: Drill) -> str:
        records = [proven.get(f"{LESSON}/{step}") for step in drill.steps]
        solved = all(record and record.passed for record in records)
        return "→" if drill.id == opened else "✓" if solved else " "

    for drill in load_course().lesson(LESSON).drills:
        say(f"{mark(drill)} {drill.id:26} {drill.title}")
    say("→ é o caso aberto; ✓ já resolvido." if opened else "Nenhum caso aberto; ✓ já resolvido.")


def _diagnose(drill: Drill, letter: str, settings: Settings, say: Report) -> None:
    """The options where no letter is given; else what is right or wrong about that one. Tries are kept."""
    question = drill.diagnosis
    shown = dict(zip(LETTERS, question.options, strict=False))
    if letter == "?":
        say(question.question)
        for key, option in shown.items():
            say(f"  {key}) {option.text}")
        say(f"Responda com: python3 -m labs.drill {drill.id} --diagnose LETRA")
        return
    chosen = shown.get(letter.lower())
    if chosen is None:
        raise CommandError(
            f"Não há a opção “{letter}”.", f"opções: {', '.join(shown)}", f"python3 -m labs.drill {drill.id} --diagnose"
        )
    tries = Tries(settings).add(drill.id, drill.diagnosis, LETTERS.index(letter.lower()))
    say(f"{'✓ Certo' if chosen.right else '✗ Ainda não'}: {chosen.text}. {chosen.because}")
    say(f"Tentativas neste caso: {len(tries)}.")

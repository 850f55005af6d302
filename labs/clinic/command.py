"""`python3 -m labs.drill [CASE] [--undo | --diagnose [LETTER]]`: open, diagnose and close the clinic's cases.

Without a case it lists all of them. A button runs the same code in its own process (see `labs/running/commands.py`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from labs.base.errors import CommandError, LabError
from labs.base.settings import Settings
from labs.clinic import cases
from labs.course.catalog import Drill, load_course
from labs.course.progress import Progress
from labs.course.tries import Tries

if TYPE_CHECKING:
    from labs.seams.world import World

LESSON = "10-clinica-de-erros"
LETTERS = "abcdefgh"
USAGE = """\
python3 -m labs.drill                     lista os casos
python3 -m labs.drill CASO                abre o caso; o que estiver aberto é desfeito antes
python3 -m labs.drill CASO --diagnose     mostra as opções de diagnóstico (com a letra: responde)
python3 -m labs.drill --undo              desfaz o caso aberto"""
Say = Callable[[str], None]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError("Não entendi o comando da clínica.", message, "python3 -m labs.drill")


def run(words: Sequence[str], world: World, say: Say) -> None:
    """One command of the clinic.

    Raises:
        CommandError: it is no command, or there is no such case.
        LabError: the sandbox refused.
    """
    parser = _Parser(add_help=False)
    parser.add_argument("case", nargs="?", default="")
    parser.add_argument("--undo", action="store_true")
    parser.add_argument("--diagnose", nargs="?", const="?", default="")
    options = parser.parse_args(list(words))
    if options.undo:
        cases.close_case(world, say, options.case)
    elif options.diagnose:
        _diagnose(load_course().lesson(LESSON).drill(options.case), options.diagnose, world.settings, say)
    elif options.case:
        cases.open_case(world, options.case, say)
    else:
        _list(world.settings, say)


def _list(settings: Settings, say: Say) -> None:
    opened, proven = cases.current(settings), Progress(settings).all()

    def mark(drill: Drill) -> str:
        records = [proven.get(f"{LESSON}/{step}") for step in drill.steps]
        solved = all(record and record.passed for record in records)
        return "→" if drill.id == opened else "✓" if solved else " "

    for drill in load_course().lesson(LESSON).drills:
        say(f"{mark(drill)} {drill.id:26} {drill.title}")
    say("→ é o caso aberto; ✓ já resolvido." if opened else "Nenhum caso aberto; ✓ já resolvido.")


def _diagnose(drill: Drill, letter: str, settings: Settings, say: Say) -> None:
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    from labs.seams.world import World

    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    try:
        run(given, World(Settings.load()), lambda text: print(text, flush=True))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0

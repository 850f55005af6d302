"""`python3 -m labs.drill`: open, diagnose and close the clinic's cases.

A step's button does the same in its own process (`labs/running/commands.py`).
"""

from __future__ import annotations

import argparse

from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.cli.terminal import say, show

EXAMPLES = """\
python3 -m labs.drill                     lista os casos
python3 -m labs.drill CASO                abre o caso; o que estiver aberto é desfeito antes
python3 -m labs.drill CASO --diagnose     mostra as opções de diagnóstico (com a letra: responde)
python3 -m labs.drill --undo              desfaz o caso aberto
python3 -m labs.drill --on-call           um plantão: três casos por sorteio (com o número: quantos)
python3 -m labs.drill --solved            confere o chamado do plantão e traz o próximo"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", nargs="?", default="", metavar="CASO", help="o número dele (padrão: lista)")
    parser.add_argument("--undo", action="store_true", help="desfaz o caso aberto")
    parser.add_argument(
        "--diagnose",
        nargs="?",
        const="?",
        default="",
        metavar="LETRA",
        help="pergunta pela causa; com a letra, responde",
    )
    parser.add_argument(
        "--on-call",
        nargs="?",
        const=0,
        type=int,
        metavar="N",
        help="começa um plantão de N casos por sorteio (padrão: três)",
    )
    parser.add_argument("--solved", action="store_true", help="confere o chamado do plantão e traz o próximo")


def run(chosen: argparse.Namespace) -> int:
    """One command of the clinic; exit code 1 where a call is not solved.

    Raises:
        CommandError: there is no such case or letter.
        LabError: the sandbox refused.
    """
    from labs.clinic import command
    from labs.clinic.cases import LESSON
    from labs.course import target_words
    from labs.running import on_call
    from labs.seams.world import World

    world = World(Settings.load())
    lesson = target_words.course(world.settings).lesson(LESSON)
    if chosen.on_call is not None:
        on_call.begin(world, lesson, say, chosen.on_call or on_call.CALLS)
    elif chosen.solved:
        return _solved(on_call.solved(world, lesson, say))
    else:
        command.run(world, show, chosen.case, undo=chosen.undo, letter=chosen.diagnose)
    return 0


def _solved(verdict: Verdict) -> int:
    say(verdict.observed if verdict.passed else f"✗ Ainda não: {verdict.observed}")
    if verdict.hint and not verdict.passed:
        say(f"  {verdict.hint}")
    return 0 if verdict.passed else 1

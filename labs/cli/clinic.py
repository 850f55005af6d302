"""`python3 -m labs.drill`: open, diagnose and close the clinic's cases.

A step's button does the same in its own process (`labs/running/commands.py`).
"""

from __future__ import annotations

import argparse

from labs.base.settings import Settings
from labs.cli.terminal import show

EXAMPLES = """\
python3 -m labs.drill                     lista os casos
python3 -m labs.drill CASO                abre o caso; o que estiver aberto é desfeito antes
python3 -m labs.drill CASO --diagnose     mostra as opções de diagnóstico (com a letra: responde)
python3 -m labs.drill --undo              desfaz o caso aberto"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", nargs="?", default="", metavar="CASO", help="por exemplo sem-login (padrão: lista)")
    parser.add_argument("--undo", action="store_true", help="desfaz o caso aberto")
    parser.add_argument(
        "--diagnose",
        nargs="?",
        const="?",
        default="",
        metavar="LETRA",
        help="pergunta pela causa; com a letra, responde",
    )


def run(chosen: argparse.Namespace) -> int:
    """One command of the clinic.

    Raises:
        CommandError: there is no such case or letter.
        LabError: the sandbox refused.
    """
    from labs.clinic import command
    from labs.seams.world import World

    command.run(World(Settings.load()), show, chosen.case, undo=chosen.undo, letter=chosen.diagnose)
    return 0

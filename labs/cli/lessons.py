"""`python3 -m labs prepare` and `recover`: what one lesson needs before it is begun, and its notebook back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from labs.base.marks import APP
from labs.base.settings import CLONE, Settings
from labs.cli.terminal import say

if TYPE_CHECKING:  # a bare machine has no catalogue
    from labs.course.catalog import Course, Lesson

PREPARE_EXAMPLES = """\
exemplos:
  python3 -m labs prepare 07           tudo o que a aula 07 usa das anteriores
  python3 -m labs prepare 07/push-ecr  o mesmo, e os passos da aula que vêm antes desse
  python3 -m labs prepare 07/6         o passo também pode ser dado pelo número"""


def prepare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="AULA[/PASSO]", help="onde você quer começar")


def prepare(chosen: argparse.Namespace, settings: Settings) -> int:
    """Do what comes before a lesson, or before one of its steps; exit code 0 only if all of it passed.

    Args:
        settings: of a lab that is up.

    Raises:
        CatalogError: there is no such lesson or step.
        LiveLocked: the target is live, and nothing was confirmed.
    """
    from labs.cli import run as headless
    from labs.course import target_words

    return headless.prepare(*place(target_words.course(settings), chosen.place), settings)


def place(course: Course, text: str) -> tuple[Lesson, int]:
    """The lesson and how many of its steps come before the place.

    Raises:
        CatalogError: there is no such lesson or step.
    """
    name, _, step = text.partition("/")
    lesson = course.lesson(name)
    if step.isdecimal() and 1 <= int(step) <= len(lesson.steps):
        return lesson, int(step) - 1
    return lesson, lesson.steps.index(lesson.step(step)) if step else 0


def recover_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="AULA|ARQUIVO", help="por exemplo 02-build, ou 02, ou exemplos/Dockerfile.v2")


def recover(chosen: argparse.Namespace) -> int:
    """A lesson's notebook, or a file of `widget-server`, as the kit has it; what was there stays beside it.

    Raises:
        CatalogError: there is no such lesson.
        StateError: it cannot be written.
    """
    from labs.course.catalog import load_course
    from labs.sandbox import workspace

    settings = Settings.load()
    file = (CLONE / APP / chosen.what).resolve()
    if file.is_file() and file.is_relative_to(CLONE / APP):
        kept = workspace.recover(settings, f"{APP}/{chosen.what}")
        say(f"O arquivo {chosen.what} está como o curso o entrega.")
        return _told(kept)
    lesson = load_course().lesson(chosen.what)
    kept = workspace.recover(settings, f"notebooks/{lesson.id}.ipynb")
    say(f"A aula {lesson.id[:2]} está como o curso a entrega; o seu progresso não muda.")
    say("Se ela está aberta no JupyterLab, feche a aba sem salvar e abra de novo.")
    return _told(kept)


def _told(kept: Path | None) -> int:
    if kept:
        say(f"O que havia ficou guardado em {kept}.")
    return 0

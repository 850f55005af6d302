"""Where the learner stands (`labs.journey`), the proof of the whole course (`labs.certificate`), and the notebooks'
stored outputs (`labs.notebooks`, for contributors).
"""

from __future__ import annotations

import argparse
import json
import sys

from labs.base.settings import Settings
from labs.cli.terminal import show

REBUILD = "python3 -m labs.journey --rebuild"


def journey_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rebuild", action="store_true", help="refaz os checks e grava o que o estado comprova")
    parser.add_argument("--json", action="store_true", help="o progresso em JSON: cada passo, se está feito e quando")


def journey(chosen: argparse.Namespace) -> int:
    """Print the course, lesson by lesson, and where to go on; with `--json` its steps, and nothing else.

    Raises:
        StateError: the state folder cannot be read or written.
    """
    from labs.course import target_words
    from labs.course.progress import Progress
    from labs.running import journey

    settings = Settings.load()
    course, progress = target_words.course(settings), Progress(settings)
    if chosen.rebuild:
        from labs.seams.world import World

        count = journey.rebuild(course, World(settings), progress)
        print(f"Passos que o estado de agora comprova: {count}.", file=sys.stderr if chosen.json else sys.stdout)
    if chosen.json:
        told = journey.table(course, progress.all(), progress.lost())
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    print(journey.text(course, progress.all()))
    if not chosen.rebuild:
        print(f"Fez passos só no terminal? Para conferir o estado e marcá-los: {REBUILD}")
    if lost := progress.lost():
        print(f"{lost}\nPróximo comando: {REBUILD}")
    return 0


def certificate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nome", "--name", dest="name", default="", metavar="NOME", help="o nome que vai no certificado"
    )


def certificate(chosen: argparse.Namespace) -> int:
    """Issue the certificate; exit code 0 only if all is proven.

    Raises:
        LabError: the state cannot be read, or the page not be written.
    """
    from labs.course import target_words
    from labs.pages import certificate
    from labs.seams.world import World

    settings = Settings.load()
    name = " ".join(chosen.name.split())[:120]
    return 0 if certificate.issue(target_words.course(settings), World(settings), name, show) else 1


def notebooks_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lessons", nargs="*", metavar="AULA", help="por exemplo 02-build (padrão: todas)")


def notebooks(chosen: argparse.Namespace) -> int:
    """Run the notebooks and store their outputs.

    Raises:
        CatalogError: there is no such lesson.
    """
    from labs.develop import notebooks

    notebooks.refresh_all(chosen.lessons, Settings.load(), show)
    return 0

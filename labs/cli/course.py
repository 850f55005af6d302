"""Where the learner stands (`labs.journey`), the proof of the whole course (`labs.certificate`), and the notebooks'
stored outputs (`labs.notebooks`, for contributors).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from labs.base.errors import LabError
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


OWN = ""
"""The value of `--key` where none is given: this lab's."""
OF_A_LAB = (
    "Isto prova que o arquivo não mudou desde que o laboratório desta impressão digital o emitiu.",
    "Não prova quem o usou: quem tem o computador do laboratório tem a chave.",
)
OF_A_CLASS = (
    "Isto prova que o arquivo não mudou desde que a turma desta impressão digital o assinou.",
    "Não prova quem digitou: a turma assinou o que o laboratório desta pessoa mostrou ao hub naquela hora.",
)
"""What a signature tells, and what not."""


def certificate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nome", "--name", dest="name", metavar="NOME", help="o nome que vai no certificado")
    parser.add_argument(
        "--output", type=Path, metavar="PÁGINA", help="onde gravar a página (padrão: a pasta do laboratório)"
    )
    parser.add_argument(
        "--verify",
        type=Path,
        metavar="ARQUIVO",
        help="confere a assinatura de um certificado, deste ou de outro laboratório, e mostra o que foi assinado",
    )
    parser.add_argument(
        "--key",
        nargs="?",
        const=OWN,
        metavar="IMPRESSÃO",
        help="sozinho, mostra a impressão digital da chave deste laboratório; ao conferir um certificado, diz a que se"
        " espera (padrão: a deste laboratório)",
    )
    parser.set_defaults(refuse=parser.error)


def certificate(chosen: argparse.Namespace) -> int:
    """Issue the certificate, exit code 0 only if all is proven; or verify one, 0 only if all of it holds; or tell this
    lab's fingerprint.

    Raises:
        LabError: the state cannot be read, or the page not be written; what does not hold of a certificate.
        SystemExit: 2, where an option of issuing stands beside one of verifying, which would leave it out.
    """
    _refuse_what_would_be_left_out(chosen)
    if chosen.verify:
        return _verify(chosen.verify, chosen.key)
    if chosen.key is not None:
        return _tell_key(chosen.key)
    from labs.course import target_words
    from labs.pages import certificate
    from labs.seams.world import World

    settings = Settings.load()
    name = " ".join((chosen.name or "").split())[:120]
    return 0 if certificate.issue(target_words.course(settings), World(settings), name, show, chosen.output) else 1


def _refuse_what_would_be_left_out(chosen: argparse.Namespace) -> None:
    """As argparse's own groups do, which cannot say that two of one side go together."""
    issuing = [option for option, value in (("--nome", chosen.name), ("--output", chosen.output)) if value is not None]
    asking = [option for option, value in (("--verify", chosen.verify), ("--key", chosen.key)) if value is not None]
    if issuing and asking:
        chosen.refuse(f"{issuing[0]} não combina com {asking[0]}")


def _verify(path: Path, key: str | None) -> int:
    from labs.pages.statement import Certificate

    wanted = None if key is None else _fingerprint(key)
    found = Certificate.open(path)
    print("\n".join(found.told()), flush=True)
    if wanted is not None:
        found.require_key(wanted)
    found.require_page()
    print("A assinatura confere, e a página é a que foi assinada.")
    print(*(OF_A_CLASS if found.statement.by else OF_A_LAB), sep="\n")
    if wanted is None:
        print("De quem é a chave? Compare a impressão digital com a anotada em aula: --key IMPRESSÃO")
    else:
        print("A impressão digital é a esperada.")
    return 0


def _tell_key(key: str) -> int:
    if key != OWN:
        raise LabError(
            "Falta o certificado com que comparar esta impressão digital.",
            next_command=f"python3 -m labs certificate --verify ARQUIVO --key {_fingerprint(key)}",
        )
    print(_fingerprint(OWN))
    return 0


def _fingerprint(key: str) -> str:
    from labs.pages import statement

    return statement.own_fingerprint(Settings.load()) if key == OWN else statement.fingerprint_of(key)


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

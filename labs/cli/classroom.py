"""`python3 -m labs class`: a class on this machine, a lab for each learner behind one address."""

from __future__ import annotations

import argparse
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labs.base import apt
from labs.base.errors import LabError
from labs.cli.terminal import EXIT_INTERRUPTED, confirmed, listed, say
from labs.cli.verb import port

if TYPE_CHECKING:
    from labs.classroom.room import Room

EXAMPLES = """\
python3 -m labs class up --learners 30     um laboratório para cada uma de 30 pessoas
python3 -m labs class up --names turma.txt os nomes da sua lista, um por linha
python3 -m labs class codes                os códigos outra vez, e a impressão digital dos certificados
python3 -m labs class codes --learners 30  só faz os códigos, para uma turma num cluster
python3 -m labs class down                 para tudo; o trabalho das pessoas, só com a sua confirmação, também sai"""
FILES = "arquivos da turma, com a chave dos certificados, que saem só com o trabalho das pessoas:"
USUAL = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="action", required=True, metavar="AÇÃO")
    up = verbs.add_parser("up", help="constrói as imagens, inicia o hub e mostra endereço e códigos")
    _who(up, f"quantas pessoas (padrão: as que já têm código, ou {USUAL})")
    up.add_argument("--port", type=port, metavar="PORTA", help="porta do endereço (padrão: a da última vez, ou 8000)")
    up.add_argument(
        "--listen",
        metavar="IP",
        help="em que endereço desta máquina (padrão: o da última vez, ou 0.0.0.0, todos, para a rede da sala; 127.0.0.1"
        " só para esta máquina)",
    )
    up.add_argument(
        "--trust-learners",
        action="store_true",
        help="aceita um Docker que não separa os usuários: quem escapar do próprio laboratório será root desta máquina",
    )
    codes = verbs.add_parser("codes", help="mostra endereço, códigos e impressão digital; com nomes, só faz os códigos")
    _who(codes, "faz códigos para tantas pessoas, sem iniciar nada")
    for verb in (up, codes):
        verb.add_argument(
            "--address",
            metavar="URL",
            help="o endereço como as pessoas o escrevem (padrão: o que você disse da última vez, ou o desta máquina)",
        )
    up.add_argument(
        "--subdomains",
        action=argparse.BooleanOptionalAction,
        help="um nome na rede para cada pessoa, abaixo do de --address: o navegador separa então as páginas de uma das"
        " de outra (docs/professor.md)",
    )
    verbs.add_parser("images", help="só constrói as imagens, para uma turma num cluster")
    down = verbs.add_parser(
        "down", help="para o hub e os laboratórios, e pergunta se o trabalho das pessoas também sai"
    )
    down.add_argument("--yes", action="store_true", help="não pergunta: apaga também o trabalho das pessoas")
    down.add_argument("--keep", action="store_true", help="não pergunta: guarda o trabalho das pessoas")


def _who(verb: argparse.ArgumentParser, learners: str) -> None:
    who = verb.add_mutually_exclusive_group()
    who.add_argument("--learners", type=_count, metavar="N", help=learners)
    who.add_argument("--names", type=Path, metavar="ARQUIVO", help="nomes de login, um por linha")


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0 where it was done.

    Raises:
        LabError: Docker is not there or refuses, or nobody can be asked.
    """
    return {"up": _up, "codes": _codes, "images": _images, "down": _down}[chosen.action](chosen)


def _count(text: str) -> int:
    from labs.classroom.accounts import MOST

    count = int(text)
    if not 1 <= count <= MOST:
        raise argparse.ArgumentTypeError(f"uma turma tem de 1 a {MOST} pessoas")
    return count


def _up(chosen: argparse.Namespace) -> int:
    from labs.classroom import accounts, room

    here = _room(chosen)
    names = _names(chosen)
    if not names and not here.codes_file.exists():
        say(f"Sem --learners e sem --names: os nomes são de {USUAL} pessoas, aluno01 a aluno{USUAL}.")
        names = accounts.numbered(USUAL)
    room.up(here, names, say, trusted=chosen.trust_learners)
    print(room.told(here))
    return 0


def _room(chosen: argparse.Namespace) -> Room:
    """As it was chosen now or the last time; an address that nobody said is looked for anew: networks change.

    Raises:
        StateError: what is kept of the last time is damaged.
    """
    from labs.classroom.room import Room, default_folder

    kept = Room.kept(default_folder())
    listen, number = chosen.listen or kept.listen, chosen.port or kept.port
    said = _said(chosen.address) if chosen.address is not None else kept.address if kept.given else ""
    address = said or f"http://{_reached_at(listen)}:{number}/"
    subdomains = kept.subdomains if chosen.subdomains is None else chosen.subdomains
    return Room(kept.folder, listen, number, address, bool(said), subdomains)


def _said(address: str) -> str:
    """An address as browsers take it; "" stays.

    Raises:
        LabError: it has no scheme or no host.
    """
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.hostname):
        example = "python3 -m labs class up --address http://turma.escola.example:8000/"
        raise LabError("O endereço da turma começa com http:// ou https:// e tem um nome.", address, example)
    return f"{address.rstrip('/')}/" if address else ""


def _codes(chosen: argparse.Namespace) -> int:
    from labs.classroom import room

    folder = room.default_folder()
    if names := _names(chosen):
        here = room.Room.kept(folder)
        room.enlist(replace(here, address=_said(chosen.address), given=True) if chosen.address else here, names)
        print(f"Códigos, para o hub: {here.codes_file}")
    print(room.told(room.Room.load(folder)))
    return 0


def _names(chosen: argparse.Namespace) -> list[str]:
    from labs.classroom import accounts

    if chosen.names:
        return accounts.named(_list(chosen.names))
    return accounts.numbered(chosen.learners) if chosen.learners else []


def _images(_: argparse.Namespace) -> int:
    from labs.classroom import images, room

    room.build(room.Room(room.default_folder()), say)
    print(f"Imagens: {images.CLASS}, das pessoas, e {images.HUB}, do hub.")
    return 0


def _down(chosen: argparse.Namespace) -> int:
    from labs.classroom import images, room

    here, found = room.Room(room.default_folder()), room.Things.found()
    if not found.told() and not here.files:
        print("Não há turma nesta máquina.")
        return 0
    for title, names in found.told():
        print(listed(title, names))
    if here.files and not chosen.keep:
        print(listed(FILES, [str(path) for path in here.files]))
    work_too = bool(chosen.yes)
    if (found.work or found.hub or here.files) and not (chosen.yes or chosen.keep):
        if not apt.is_terminal():
            raise LabError(
                "Sem terminal não há como perguntar se o trabalho das pessoas também sai.",
                ", ".join(found.work or found.hub or [str(path) for path in here.files]),
                "python3 -m labs class down --keep",
            )
        print("Apagar também os volumes, com o trabalho das pessoas, e os arquivos da turma? Enter guarda.")
        try:
            work_too = confirmed()
        except (KeyboardInterrupt, EOFError):
            say("\nNada foi parado nem apagado.")
            return EXIT_INTERRUPTED
    room.down(here, say, work_too=work_too)
    print("A turma foi encerrada." if work_too else "A turma parou; o trabalho das pessoas está guardado.")
    print(f"As imagens ficam para a próxima turma. Para apagá-las: docker image rm {' '.join(images.ALL)}")
    return 0


def _list(path: Path) -> str:
    """The text of a list, which Windows' Notepad begins with a mark of its own.

    Raises:
        LabError: it cannot be read, or is not UTF-8. UTF-16 without a mark would be, with a NUL beside each letter.
    """
    try:
        text = path.read_text("utf-8-sig")
        if "\0" in text:
            raise ValueError("há bytes zero no texto, como em UTF-16")
        return text
    except OSError as error:
        raise LabError("A lista de nomes não pode ser lida.", str(error), f"ls -l '{path}'") from error
    except ValueError as error:
        raise LabError(
            "A lista de nomes não está em UTF-8.",
            f"{path}: {error}",
            "no editor, salve a lista de novo com a codificação UTF-8, e repita o comando",
        ) from error


def _reached_at(listen: str) -> str:
    """The address of this machine in the room's network; loopback where it has none.

    A datagram socket that is connected sends nothing: it only asks which address would be used.
    """
    from labs.classroom.room import EVERYWHERE

    if listen != EVERYWHERE:
        return listen
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # RFC 5737: an address of nobody
            return str(asked.getsockname()[0])
        except OSError:
            return "127.0.0.1"

"""`python3 -m labs ports [PRIMEIRA]`: the host ports of the course's containers on this machine, and who holds them."""

from __future__ import annotations

import argparse

from labs.base.errors import CommandError
from labs.base.settings import FIRST_PORT, PORTS, Settings

LOWEST, HIGHEST = 1024, 65535 - PORTS + 1
EXAMPLES = """\
python3 -m labs ports          mostra as portas e quem as usa
python3 -m labs ports 3100     o curso passa a usar 3100 a 3105 nesta máquina
python3 -m labs ports 3000     volta às portas dos textos"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", nargs="?", metavar="PRIMEIRA", help="a primeira das seis portas, por exemplo 3100")


def run(chosen: argparse.Namespace) -> int:
    """Show the ports, or choose others; the exit code is 1 where one of them is another program's.

    Raises:
        CommandError: the number is no port, or containers of the course still hold the ones before.
    """
    settings = Settings.load()
    if chosen.first is not None:
        settings = choose(settings, chosen.first)
    from labs.sandbox import host_ports

    taken = host_ports.of_others(settings, host_ports.of(settings))
    for port in host_ports.of(settings):
        print(f"{port}  {'em uso por outro programa' if port in taken else 'livre, ou de um container do curso'}")
    if settings.first_port != FIRST_PORT:
        print(f"Nos textos do curso, estas portas são {FIRST_PORT} a {FIRST_PORT + PORTS - 1}.")
    if not taken:
        return 0
    print(f"Para ver quem usa a primeira delas: ss -ltnp 'sport = :{taken[0]}'")
    print("Para o curso usar outras: python3 -m labs ports 3100")
    return 1


def choose(settings: Settings, text: str) -> Settings:
    """Use six ports from this one on.

    Raises:
        CommandError: as `run`.
        StateError: the state folder cannot be written.
    """
    if not text.isdecimal() or not LOWEST <= int(text) <= HIGHEST:
        what = f"A primeira porta vai de {LOWEST} a {HIGHEST}."
        raise CommandError(what, text, "python3 -m labs ports 3100")
    from labs.sandbox import host_ports

    if int(text) != settings.first_port and (held := host_ports.held_by_the_course(settings)):
        raise CommandError(
            "Containers do curso ainda usam as portas de agora.",
            ", ".join(held),
            f"docker rm -f {' '.join(held)} && python3 -m labs ports {text}",
        )
    return settings.with_changes(first_port=int(text)).save()

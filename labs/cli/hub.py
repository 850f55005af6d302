"""The learner's Docker Hub account: its name in this lab (`labs.account`), a private repository (`labs.hub private`).

In the sandbox the account is created with a random access token; the token stands only in files of the state folder
that nobody else can read. For the Hub's API it is exchanged for one that lives for minutes, and stands on no command
line.
"""

from __future__ import annotations

import argparse
import secrets

from labs.base.errors import CommandError
from labs.base.files import write_atomic
from labs.base.settings import HUB_USER_RULE, Settings

OF_OTHERS = ("acme", "library", "docker")
"""Accounts that stand for somebody else's in the lessons, and Docker's own."""


def account_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NOME", help="de 4 a 30 letras minúsculas e números")


def account(chosen: argparse.Namespace) -> int:
    """Choose the account, and say where its token is.

    Raises:
        LabError: as `choose`.
    """
    settings = choose(Settings.load(), chosen.name)
    print(f"Conta do Docker Hub neste laboratório: {settings.hub_user}")
    print(f"Access token guardado em: {settings.hub_token_file}")
    return 0


def hub_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="AÇÃO")
    private = acts.add_parser(
        "private", help="torna um repositório privado", description="Torna um repositório privado."
    )
    private.add_argument("name", metavar="NOME", help="o repositório, por exemplo widget-server")


def hub(chosen: argparse.Namespace) -> int:
    """Make a repository of the account private, over Docker Hub's API.

    Raises:
        RegistryError: the Hub refused, or there is no such repository.
    """
    from labs.seams.world import World

    world = World(Settings.load())
    world.hub_owner.hub_private(world.settings.hub_user, chosen.name)
    print(f"{world.settings.hub_user}/{chosen.name} é privado.")
    return 0


def choose(settings: Settings, name: str) -> Settings:
    """Make sure that the account exists and is the lab's; its token is kept where it already has one.

    Raises:
        CommandError: the name is not a valid Docker ID.
        SandboxError: the sandbox is not up.
    """
    from labs.seams.gateway_admin import GatewayAdmin

    if settings.live:
        return _check_live(settings, name)
    if not HUB_USER_RULE.fullmatch(name):
        raise CommandError(
            f"“{name}” não serve como nome de conta no Docker Hub: use de 4 a 30 letras minúsculas e números.",
            name,
            "python3 -m labs.account maria2026",
        )
    if name in OF_OTHERS:
        raise CommandError(
            f"A conta {name} é de outra pessoa: escolha outro nome.", name, "python3 -m labs.account maria2026"
        )
    token = _token(settings) if name == settings.hub_user else ""
    token = token or secrets.token_urlsafe(24)
    GatewayAdmin(settings).hub_account(name, token, asked=True)
    write_atomic(settings.hub_token_file, token + "\n")
    write_atomic(settings.secrets / "hub-netrc", f"machine 127.0.0.1 login {name} password {token}\n")
    return settings.with_changes(hub_user=name).save()


def _check_live(settings: Settings, name: str) -> Settings:
    """Live, the account is the learner's own: it is only asked whether the kept access token is accepted."""
    from labs.seams.world import World

    if name != settings.hub_user:
        raise CommandError(
            "Ao vivo, a conta do Docker Hub é a que você escolheu com labs.target.",
            f"escolhida: {settings.hub_user}; pedida: {name}",
            "python3 -m labs.target live --help",
        )
    if not World(settings).hub_owner.hub_account_works(name):
        raise CommandError(
            "O Docker Hub não aceitou a conta e o access token.", name, "python3 -m labs.target live --help"
        )
    return settings


def _token(settings: Settings) -> str:
    try:
        return settings.hub_token_file.read_text("utf-8").strip()
    except OSError:
        return ""

"""`python3 -m labs.target`: where the course's steps go: the sandbox, or the real Docker Hub and AWS.

python3 -m labs.target                    which target is chosen
python3 -m labs.target sandbox            back to the sandbox; the live accounts stay noted, locked
python3 -m labs.target live --hub-user maria --aws-account 123456789012 --region us-east-2 --email maria@example.com
                                          choose the live accounts; asks for the Hub's access token (or reads it
                                          from --token-file, `-` for standard input)
python3 -m labs.target confirm            show account, region and estimate, ask, and unlock for this session
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from labs.base.errors import CommandError
from labs.base.settings import DEFAULT_REGION, Live, Settings
from labs.cli.terminal import show

NEXT = """Escolhido, e ainda trancado. Agora, num terminal com eval "$(python3 -m labs env)":
  python3 -m labs.sso --profile console    o seu acesso de administrador, pelo portal (ou, sem portal,
                                           aws configure --profile console); nunca o usuário root
  python3 -m labs.target confirm           confere, mostra a estimativa e destranca"""


def arguments(parser: argparse.ArgumentParser) -> None:
    targets = parser.add_subparsers(dest="target", metavar="ALVO")
    targets.add_parser("sandbox", help="volta para a sandbox (padrão)", description="Volta para a sandbox.")
    text = "as suas contas de verdade no Docker Hub e na AWS"
    chosen = targets.add_parser("live", help=text, description=f"O alvo passa a ser {text}.")
    chosen.add_argument("--hub-user", default="", metavar="NOME", help="nome da sua conta no Docker Hub")
    chosen.add_argument(
        "--token-file", default="", metavar="ARQUIVO", help="arquivo com o access token do Docker Hub; - lê da entrada"
    )
    chosen.add_argument("--aws-account", default="", metavar="CONTA", help="número da sua conta na AWS, 12 dígitos")
    chosen.add_argument(
        "--region", default=DEFAULT_REGION, metavar="REGIÃO", help=f"região da AWS (padrão: {DEFAULT_REGION})"
    )
    chosen.add_argument("--email", default="", metavar="E-MAIL", help="quem recebe os alertas do budget")
    chosen.add_argument(
        "--sso-start-url", default="", metavar="URL", help="endereço do seu portal de acesso da AWS, se houver"
    )
    text = "confere as contas, mostra a estimativa e destranca esta sessão"
    confirming = targets.add_parser("confirm", help=text, description=f"{text.capitalize()}.")
    confirming.add_argument("--account", default="", metavar="CONTA", help="responde à pergunta da conta")
    confirming.add_argument("--region", default="", metavar="REGIÃO", help="responde à pergunta da região")
    confirming.add_argument("--accept-usd", default="", metavar="VALOR", help="responde à pergunta da estimativa")


def run(chosen: argparse.Namespace) -> int:
    """Choose, or confirm; then say which target it is.

    Raises:
        CommandError: a name cannot be one, or the token cannot be read.
        LiveLocked: not confirmed.
        LabError: an account refuses, or the choice cannot be written.
    """
    from labs.course import target_words
    from labs.live import accounts
    from labs.sandbox import leftovers, lifecycle

    settings = Settings.load()
    if chosen.target == "sandbox":
        settings = accounts.choose_sandbox(settings)
    elif chosen.target == "live":
        settings = _choose_live(settings, chosen)
        show(NEXT)
    elif chosen.target == "confirm":
        accounts.confirm(settings, _answers(chosen), show)
        print("Confirmado: os passos ao vivo estão destrancados por 4 horas.")
    if chosen.target in ("sandbox", "live") and settings.has_private_engine and leftovers.supervisor_alive(settings):
        settings = lifecycle.up(settings)
    print(f"Alvo: {target_words.title(settings)}")
    return 0


def _choose_live(settings: Settings, chosen: argparse.Namespace) -> Settings:
    """The accounts of the command line, or those noted the last time where it names none."""
    from labs.live import accounts

    if not chosen.hub_user and not chosen.aws_account:
        return accounts.choose_live(settings, accounts.noted(settings), "")
    aim = Live(chosen.hub_user, chosen.aws_account, chosen.region, chosen.email, chosen.sso_start_url)
    return accounts.choose_live(settings, aim, _token(chosen.token_file))


def _token(source: str) -> str:
    """The access token, never from the command line, where a process list would show it."""
    try:
        if source == "-" or (not source and not sys.stdin.isatty()):
            found = sys.stdin.readline().strip()
        elif source:
            found = Path(source).read_text("utf-8").strip()
        else:
            import getpass

            found = getpass.getpass("Access token do Docker Hub (não aparece na tela): ").strip()
    except OSError as error:
        raise CommandError(
            "O arquivo com o access token não pôde ser lido.", str(error), f"ls -l '{source}'"
        ) from error
    if not found:
        raise CommandError("Falta o access token do Docker Hub.", "vazio", "https://app.docker.com/settings")
    return found


def _answers(chosen: argparse.Namespace) -> Callable[[str], str]:
    """Answers from the command line, else from the person at the terminal; without a terminal there is no answer."""
    prepared = iter((chosen.account, chosen.region, chosen.accept_usd))

    def ask(question: str) -> str:
        if answer := next(prepared, ""):
            return str(answer)
        if not sys.stdin.isatty():
            return ""
        return input(f"{question}: ")

    return ask

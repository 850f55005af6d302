"""`python3 -m labs.sso --profile sso`: log in by browser, as `aws configure sso` does (`labs/seams/sso_login.py`)."""

from __future__ import annotations

import argparse

from labs.base.settings import Settings


def _show(address: str, code: str) -> None:
    print("Abra este endereço no navegador e confira se o código é o mesmo:", flush=True)
    print(f"  {address}", flush=True)
    print(f"Código: {code}", flush=True)
    print("Esperando você aprovar …", flush=True)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", default="sso", metavar="PERFIL", help="perfil que recebe as credenciais (padrão: sso)"
    )

    parser.add_argument(
        "--role", default="", metavar="PAPEL", help="papel a usar (padrão: o primeiro que o portal oferece)"
    )


def run(chosen: argparse.Namespace) -> int:
    """Log in, and say what came of it.

    Raises:
        LabError: the flow failed, or the file cannot be written.
    """
    from labs.seams.sso_login import login

    session = login(Settings.load(), chosen.profile, _show, chosen.role)
    print(f"Pronto: perfil {chosen.profile}, conta {session.account}, papel {session.role}.")
    if others := [role for role in session.offered if role != session.role]:
        print(f"O portal oferece também: {', '.join(others)}. Para usar outro, repita com --role PAPEL.")
    print(f"As credenciais vencem em {session.expires:%d/%m/%Y %H:%M}.")
    print(f"Teste: aws sts get-caller-identity --profile {chosen.profile}")
    return 0

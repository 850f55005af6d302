"""An origin for each learner and for the board: names below the class's own, where a network has such names.

A browser lets a page do what its origin may (RFC 6454), and the page that a learner serves runs as who opens it. With
one name for all, that page could enter what else is open in that browser. JupyterHub calls it `subdomain_host`.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from labs.base.errors import LabError

BOARD = "painel--service"
"""What JupyterHub puts before the class's name for its service (jupyterhub/utils.py, `subdomain_hook_idna`)."""
LOCAL = ".localhost"
"""Names that each browser resolves by itself (RFC 6761, 6.3)."""


def below(address: str, label: str) -> str:
    """Host, and port where there is one, of `label` below the class's address."""
    return f"{label}.{urlsplit(address).netloc}"


def require(address: str) -> None:
    """Names below this address lead somewhere, as far as this machine knows.

    Raises:
        LabError: it has none, or nobody knows them.
    """
    host = urlsplit(address).hostname or ""
    if not host or _is_number(host):
        raise LabError(
            "Para um nome por pessoa, a turma precisa de um nome na rede, e não de um número.",
            address,
            "python3 -m labs class up --subdomains --address http://turma.escola.example:8000/",
        )
    if host.endswith(LOCAL):
        return
    name = f"{BOARD}.{host}"
    try:
        socket.getaddrinfo(name, None)
    except OSError as error:
        raise LabError(
            f"O DNS desta rede não conhece os nomes abaixo de {host}: falta nele um curinga, *.{host}.",
            f"{name}: {error}",
            f"getent hosts {name}",
        ) from error


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

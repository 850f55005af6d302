"""Addresses of this machine's loopback, as the course's texts say them, and the way to each below JupyterLab's own.

A browser on another machine has a loopback of its own: `http://127.0.0.1:3000` would lead it to itself. The browser's
half asks here for each such link (`lab_extension/static/addresses.js`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from labs.base.foreign import LOOPBACK
from labs.base.settings import FIRST_PORT, PORTS, Settings

SSO = "sso/device"
"""The page on which a person approves an SSO login, of the gateway's AWS port."""
CONTAINERS = {
    "widget-server": ("Widget-server", 3000, "a aula 02"),
    "homologacao": ("Homologação", 3001, "a aula 08"),
    "producao": ("Produção", 3002, "a aula 08"),
}
"""Pages that the lessons put on the learner's machine: path, title, port as the course says it, where it is made."""
OTHERS = {
    f"porta/{port}": (f"Porta {port}", port, "um desafio")
    for port in range(FIRST_PORT, FIRST_PORT + PORTS)
    if port not in {known for _, known, _ in CONTAINERS.values()}
}
"""The other ports that the course gives to containers; they stand in no launcher."""
PAGES = CONTAINERS | OTHERS


def below(address: str, settings: Settings) -> str:
    """The path below JupyterLab's base URL that shows the same page; "" where there is none.

    Args:
        address: whole, as a link has it.
    """
    if not is_loopback(address):
        return ""
    parts = urlsplit(address)
    port = parts.port or 80
    query = f"?{parts.query}" if parts.query else ""
    if port == settings.ports.aws and parts.path == f"/{SSO}":
        return f"{SSO}{query}"
    for name, (_, said, _) in PAGES.items():
        if port == settings.course_port(said):
            return f"{name}/{parts.path.lstrip('/')}{query}"
    return ""


def is_loopback(address: str) -> bool:
    """Whether it is a page of this machine's loopback, in clear, as all of the lab's are."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port != 0 and not parts.username
    except ValueError:
        return False

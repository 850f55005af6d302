"""Where the lab listens for people, and where their browser reaches it: one answer on a person's own machine, another
in a container, whose loopback is nobody's but its own.

Who puts the lab into a container says both (`deploy/image/Dockerfile`, `compose.yaml`). What only the lab's own parts
talk to (registries, AWS, the engine) is on loopback everywhere.
"""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from labs.base.errors import LabError

LISTEN = "LABS_LISTEN"
"""Environment variable: the IPv4 address on which JupyterLab listens, and the lab's own engine publishes ports."""
ADDRESS = "LABS_ADDRESS"
"""Environment variable: where a browser reaches JupyterLab, as `http://127.0.0.1:9888/`, if not where it listens."""
LOOPBACK = "127.0.0.1"


def address() -> str:
    """Where to listen; loopback unless somebody chose.

    Raises:
        LabError: what was chosen is no IPv4 address.
    """
    chosen = os.environ.get(LISTEN, "").strip()
    try:
        return str(ipaddress.IPv4Address(chosen)) if chosen else LOOPBACK
    except ValueError as error:
        raise LabError(
            f"{LISTEN} diz onde o laboratório escuta, e isto não é um endereço desta máquina.",
            f"{LISTEN}={chosen}",
            f"unset {LISTEN}   (assim ele escuta em {LOOPBACK})",
        ) from error


def reached_at(port: int = 0) -> str:
    """Where a browser reaches JupyterLab, with a slash at its end.

    Args:
        port: on which it listens; 0 where nobody knows: then the answer is empty unless somebody chose.

    Raises:
        LabError: what was chosen is no address of a page.
    """
    chosen = os.environ.get(ADDRESS, "").strip()
    if not chosen:
        return f"http://{LOOPBACK}:{port}/" if port else ""
    if urlsplit(chosen).scheme not in ("http", "https") or not urlsplit(chosen).netloc:
        raise LabError(
            f"{ADDRESS} diz por onde o navegador chega ao JupyterLab, e isto não é um endereço http.",
            f"{ADDRESS}={chosen}",
            f"unset {ADDRESS}",
        )
    return f"{chosen.rstrip('/')}/"

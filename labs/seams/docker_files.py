"""The Docker client's own configuration in this lab, with its logins: the one place that reads and writes it.

Standard library only. A login is kept as `docker login` does: base64 of `user:password` below the registry's address
(docs.docker.com/reference/cli/docker/login, "Credential stores").
"""

from __future__ import annotations

import base64
import json
from typing import Any

from labs.base.errors import EngineError
from labs.base.files import write_atomic
from labs.base.reference import DOCKER_HUB
from labs.base.settings import Settings

HUB_KEY = "https://index.docker.io/v1/"
"""Under this address the docker CLI keeps and sends Docker Hub's login (docker/cli, `registry.IndexServer`)."""


def key(registry: str) -> str:
    """The address under which a registry's login is kept and sent."""
    return HUB_KEY if registry == DOCKER_HUB else registry


def logins(settings: Settings) -> dict[str, str]:
    """What is kept for each address (`auth`); empty where nobody has logged in yet.

    Raises:
        EngineError: the file cannot be read.
    """
    entries = _config(settings).get("auths") or {}
    kept = {address: entry.get("auth") for address, entry in entries.items() if isinstance(entry, dict)}
    return {address: auth for address, auth in kept.items() if isinstance(auth, str)}


def login(settings: Settings, registry: str) -> str | None:
    """What is kept for a registry, or None.

    Raises:
        EngineError: the file cannot be read.
    """
    return logins(settings).get(key(registry))


def set_login(settings: Settings, registry: str, auth: str) -> None:
    """Keep a login; others stay, and so does all else in the file.

    Raises:
        EngineError: the file cannot be read.
        StateError: it cannot be written.
    """
    config = _config(settings)
    config["auths"] = {**(config.get("auths") or {}), key(registry): {"auth": auth}}
    _write(settings, config)


def forget_login(settings: Settings, registry: str) -> None:
    """What `docker logout` does, without asking whether there was a login.

    Raises:
        EngineError: the file cannot be read.
        StateError: it cannot be written.
    """
    config = _config(settings)
    if (config.get("auths") or {}).pop(key(registry), None) is not None:
        _write(settings, config)


def packed(user: str, password: str) -> str:
    """User and password as they are kept."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def unpacked(auth: str) -> tuple[str, str] | None:
    """User and password of what is kept, or None where it is neither."""
    try:
        user, _, password = base64.b64decode(auth).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if user else None


def _config(settings: Settings) -> dict[str, Any]:
    path = settings.docker_config / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        if not isinstance(config, dict) or not isinstance(config.get("auths") or {}, dict):
            raise ValueError("não é um objeto JSON com logins")
        return config
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EngineError(
            "A configuração do Docker deste laboratório está danificada.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && docker login",
        ) from error


def _write(settings: Settings, config: dict[str, Any]) -> None:
    write_atomic(settings.docker_config / "config.json", json.dumps(config, indent=2) + "\n")

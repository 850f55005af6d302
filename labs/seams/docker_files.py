"""The Docker client's own files in this lab."""

from __future__ import annotations

import json
from typing import Any

from labs.base.errors import EngineError
from labs.base.settings import Settings


def docker_config(settings: Settings) -> dict[str, Any]:
    """The Docker client's configuration in this lab; empty where nobody has logged in yet.

    Raises:
        EngineError: the file cannot be read.
    """
    path = settings.docker_config / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return config
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EngineError(
            "A configuração do Docker deste laboratório está danificada.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && docker login",
        ) from error

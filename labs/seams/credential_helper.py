"""A program that keeps Docker's logins: the published protocol of `docker-credential-NAME`.

One word says what is wanted (`get`, `store`, `erase`), the address or a JSON object comes on its standard input, and a
refusal stands on its standard output (docker/docker-credential-helpers, "Development"). Standard library only.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from labs.base.errors import EngineError
from labs.base.foreign import without_foreign
from labs.base.settings import Settings

ANSWER_SECONDS = 20.0
"""A keychain may ask the person at the screen first."""
NOT_FOUND = "credentials not found"
"""How every helper begins to say that it has none (`credentials/error.go` there, `errCredentialsNotFoundMessage`)."""


def get(settings: Settings, name: str, address: str) -> tuple[str, str] | None:
    """User and secret that the helper keeps for an address, or None.

    Raises:
        EngineError: there is no such helper, or it does not answer.
    """
    answer = _ask(settings, name, "get", address)
    if answer.returncode and answer.stdout.strip().startswith(NOT_FOUND):
        return None
    try:
        kept: Any = json.loads(_done(settings, name, answer).stdout)
        return (str(kept["Username"]), str(kept["Secret"])) if kept["Username"] else None
    except (ValueError, KeyError, TypeError) as error:
        raise _failed(settings, name, f"docker-credential-{name} get: {error}") from error


def store(settings: Settings, name: str, address: str, user: str, secret: str) -> None:
    """Let the helper keep a login.

    Raises:
        EngineError: there is no such helper, or it refused.
    """
    content = json.dumps({"ServerURL": address, "Username": user, "Secret": secret})
    _done(settings, name, _ask(settings, name, "store", content))


def erase(settings: Settings, name: str, address: str) -> None:
    """Let the helper forget a login; one that it does not have is no error.

    Raises:
        EngineError: there is no such helper, or it refused.
    """
    answer = _ask(settings, name, "erase", address)
    if not answer.stdout.strip().startswith(NOT_FOUND):
        _done(settings, name, answer)


def _ask(settings: Settings, name: str, word: str, content: str) -> subprocess.CompletedProcess[str]:
    environment = without_foreign(os.environ) | settings.environment()  # where the lab's own docker looks for it
    try:
        return subprocess.run(
            [f"docker-credential-{name}", word],
            env=environment,
            input=content,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _failed(settings, name, str(error)) from error


def _done(settings: Settings, name: str, answer: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if answer.returncode:
        raise _failed(settings, name, (answer.stdout or answer.stderr).strip()[:300])
    return answer


def _failed(settings: Settings, name: str, observed: str) -> EngineError:
    path = settings.docker_config / "config.json"
    return EngineError(
        f"O Docker deste laboratório guarda logins com docker-credential-{name}, que não respondeu.",
        observed,
        f"mv '{path}' '{path}.antigo' && python3 -m labs up   (depois entre de novo com docker login)",
    )

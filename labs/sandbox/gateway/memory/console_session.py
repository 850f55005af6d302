"""The `console` session: an administrator's credentials like those of AWS CloudShell, kept in a 0600 file.

Standard library only: `up` imports it.
"""

from __future__ import annotations

import json
import secrets
import string

from labs.base.files import write_atomic
from labs.base.settings import Settings
from labs.seams.aws_files import write_profile

CONSOLE_ROLE, CONSOLE_SESSION = "Administrador", "console"
_UPPER = string.ascii_uppercase + "234567"
_SECRET = string.ascii_letters + string.digits + "/+"


def temporary_credentials() -> dict[str, str]:
    """A random key, secret and session token in AWS's shape (ASIA: temporary; IAM user guide, "Unique identifiers")."""
    return {
        "aws_access_key_id": "ASIA" + "".join(secrets.choice(_UPPER) for _ in range(16)),
        "aws_secret_access_key": "".join(secrets.choice(_SECRET) for _ in range(40)),
        "aws_session_token": secrets.token_urlsafe(96),
    }


def console_credentials(settings: Settings) -> dict[str, str]:
    """Read the session's credentials, making them at first use.

    Returns:
        `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`.

    Raises:
        StateError: the state folder cannot be written.
    """
    path = settings.sandbox / "gateway" / "console.json"
    try:
        stored: dict[str, str] = json.loads(path.read_text("utf-8"))
        if all(stored.get(name) for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")):
            return stored
    except (FileNotFoundError, ValueError, AttributeError):
        pass
    made = temporary_credentials()
    write_atomic(path, json.dumps(made))
    return made


def write_console_profile(settings: Settings) -> None:
    """Make sure of the profile `console` in the lab's credentials and config files; other profiles stay as they are.

    Raises:
        StateError: a file cannot be read or written.
    """
    write_profile(settings, "console", console_credentials(settings), {"region": settings.region, "output": "json"})

"""Takes secrets out of whatever leaves the kernel: logs, transcripts, verdicts.

The course's commands do not print secrets; this holds even where a learner's edit or a tool's message would.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labs.settings import Settings

HIDDEN = "••••••"
SHORTEST = 8
"""Shorter values are not taken for secrets: they would match ordinary words."""
LARGEST = 64 * 1024  # bytes; files with secrets are small
_FIELD = re.compile(
    r'("?(?:SecretAccessKey|SessionToken|secretAccessKey|sessionToken|authorizationToken|aws_secret_access_key'
    r'|aws_session_token|IdentityToken|accessToken|refreshToken)"?\s*[:=]\s*"?)([^\s",]+)'
)


class Redactor:
    """Replaces the lab's own secrets, as the files hold them now, and values that name themselves secret."""

    def __init__(self, settings: Settings) -> None:
        found = sorted({value for value in _secrets(settings) if len(value) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        text = _FIELD.sub(rf"\1{HIDDEN}", text)
        return self._known.sub(HIDDEN, text) if self._known else text


def _secrets(settings: Settings) -> Iterator[str]:
    for path in (*sorted(settings.secrets.glob("*")), *sorted(settings.learner_secrets.glob("*"))):
        text = _read(path)
        yield from _of_secret_file(text)
    credentials = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error):
        credentials.read_string(_read(settings.aws_credentials_file))
    for section in credentials.sections():
        for name in ("aws_secret_access_key", "aws_session_token"):
            yield credentials.get(section, name, fallback="")
    with contextlib.suppress(ValueError, AttributeError):
        for entry in json.loads(_read(settings.docker_config / "config.json")).get("auths", {}).values():
            yield entry.get("auth", "")
            yield base64.b64decode(entry.get("auth", "")).decode("utf-8", "replace").partition(":")[2]


def _of_secret_file(text: str) -> Iterator[str]:
    """A file's whole content, a netrc's password, or the secret values of a JSON answer."""
    if "\n" not in text.strip() and " " not in text.strip():
        yield text.strip()
    yield from re.findall(r"\bpassword\s+(\S+)", text)
    with contextlib.suppress(ValueError):
        yield from _of_json(json.loads(text))


def _of_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and re.search(r"secret|token|password", name, re.IGNORECASE):
                yield inner
            yield from _of_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _of_json(inner)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.stat().st_size <= LARGEST else ""
    except (OSError, UnicodeDecodeError):
        return ""

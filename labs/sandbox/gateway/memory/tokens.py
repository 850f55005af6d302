"""Signed tokens: Docker Hub's Bearer tokens and ECR's passwords, valid across a restart of the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from labs.base.files import kept_key
from labs.base.settings import Settings

HUB_SECONDS = 300  # Docker Hub's own `expires_in`


class Signer:
    """Signs small JSON objects for one purpose each; the key stands in a 0600 file."""

    def __init__(self, key_file: Path) -> None:
        self._key = kept_key(key_file)

    @classmethod
    def of(cls, settings: Settings) -> Signer:
        return cls(settings.sandbox / "gateway" / "key")

    def sign(self, purpose: str, content: dict[str, Any]) -> str:
        return str(URLSafeSerializer(self._key, salt=purpose).dumps(content))

    def read(self, purpose: str, token: str) -> dict[str, Any] | None:
        """The content, or None where the signature is not ours."""
        try:
            content = URLSafeSerializer(self._key, salt=purpose).loads(token)
        except (BadData, UnicodeError):
            return None
        return content if isinstance(content, dict) else None

    def hub(self, user: str, access: dict[str, list[str]], wanted: Iterable[str] = ()) -> str:
        """A Bearer token; `wanted`: repositories that the client means to push to, whether or not it may."""
        content = {"user": user, "access": access, "wanted": list(wanted), "until": int(time.time()) + HUB_SECONDS}
        return self.sign("hub", content)

    def read_hub(self, token: str) -> dict[str, Any] | None:
        content = self.read("hub", token)
        return content if content and content.get("until", 0) > time.time() else None

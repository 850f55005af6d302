"""Takes secrets out of whatever leaves the kernel: logs, transcripts, verdicts.

The course's commands do not print secrets; this holds even where a learner's edit or a tool's message would.
"""

from __future__ import annotations

import re

from labs.base.settings import Settings
from labs.secrecy.values import SHAPES, known

HIDDEN = "••••••"
_FIELD = re.compile(
    r'("?(?:SecretAccessKey|SessionToken|secretAccessKey|sessionToken|authorizationToken|aws_secret_access_key'
    r'|aws_session_token|IdentityToken|accessToken|refreshToken)"?\s*[:=]\s*"?)([^\s",]+)'
)


_SHAPES = [re.compile(shape.pattern.decode()) for shape in SHAPES.values()]


class Redactor:
    """Replaces the lab's own secrets, as the files hold them now, and values that name themselves secret."""

    def __init__(self, settings: Settings) -> None:
        found = sorted(known(settings), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        text = _FIELD.sub(rf"\1{HIDDEN}", text)
        for shape in _SHAPES:
            text = shape.sub(lambda found: found[0].replace(found[1], HIDDEN), text)
        return self._known.sub(HIDDEN, text) if self._known else text

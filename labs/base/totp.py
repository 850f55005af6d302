"""The codes of a second factor, as an authenticator app on a phone computes them (RFC 6238: HMAC-SHA1, six digits)."""

from __future__ import annotations

import base64
import hashlib
import hmac

SEED_FILE = "widget-dev-mfa.txt"
"""Where the course keeps the seed, in the learner's secrets: in base32, as AWS gives it."""
SECONDS = 30
"""How long a code is shown."""


def window(moment: float) -> int:
    """The number of the stretch of time that a moment (seconds since 1970) lies in; each has its own code."""
    return int(moment) // SECONDS


def code(seed: str, number: int) -> str:
    """The code of one stretch of time.

    Raises:
        ValueError: the seed is no base32.
    """
    text = seed.strip().upper()
    key = base64.b32decode(text + "=" * (-len(text) % 8))
    digest = hmac.digest(key, number.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"

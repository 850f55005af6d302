"""When an ECR token was issued, read from the token that Docker keeps. Nothing else of it ever leaves this module."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta

LIFE = timedelta(hours=12)
"""ECR API reference, GetAuthorizationToken: "valid for 12 hours"."""


def issued(password: str) -> datetime | None:
    """The moment of issue, or None where the password is no token that can be read.

    ECR's password is base64 of JSON with `expiration` in seconds since 1970, and the lab's has the same form. (What it
    holds is undocumented: awslabs/amazon-ecr-credential-helper reads the expiry from the API instead.)
    """
    with contextlib.suppress(UnicodeError, TypeError, ValueError, KeyError, OverflowError, OSError, RecursionError):
        return datetime.fromtimestamp(int(json.loads(base64.b64decode(password))["expiration"]), UTC) - LIFE
    return None

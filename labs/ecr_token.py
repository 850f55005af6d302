"""When an ECR token was issued, read from the token that Docker keeps. Nothing else of it ever leaves this module."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

LIFE = timedelta(hours=12)
"""ECR API reference, GetAuthorizationToken: "valid for 12 hours"."""


def issued(password: str) -> datetime | None:
    """The moment of issue, or None where the password is no token that can be read.

    The lab's tokens are signed JSON with `issued`; ECR's own are base64 of JSON with `expiration` (seconds since 1970;
    awslabs/amazon-ecr-credential-helper reads the expiry from the API instead, as the content is undocumented).
    """
    with contextlib.suppress(BadData, UnicodeError, TypeError, ValueError, OverflowError, OSError):
        _, content = URLSafeSerializer("").loads_unsafe(password)
        if isinstance(content, dict):
            return datetime.fromtimestamp(int(content["issued"]), UTC)
    with contextlib.suppress(UnicodeError, TypeError, ValueError, KeyError, OverflowError, OSError):
        return datetime.fromtimestamp(int(json.loads(base64.b64decode(password))["expiration"]), UTC) - LIFE
    return None

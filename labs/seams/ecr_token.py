"""ECR's tokens: the owner's own, asked for and kept a moment; and when the one that Docker keeps was issued."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labs.seams.cloud import Cloud

LIFE = timedelta(hours=12)
"""ECR API reference, GetAuthorizationToken: "valid for 12 hours"."""


KEPT_SECONDS = 10.0
"""How long the owner's token serves: a check asks a registry several times."""


class OwnerToken:
    """The password of the account's owner (profile `console`), whatever Docker keeps and the learner may do."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: tuple[float, tuple[str, str]] | None = None

    def kept(self) -> tuple[str, str]:
        """User and password, at most ten seconds old.

        Raises:
            CloudError: AWS gives none.
        """
        if self._kept is None or time.monotonic() - self._kept[0] > KEPT_SECONDS:
            return self.asked()
        return self._kept[1]

    def asked(self) -> tuple[str, str]:
        """A new one: the kept one may have been refused because the lab's clock was moved.

        Raises:
            CloudError: AWS gives none.
        """
        answer = self._cloud.read("ecr", "get_authorization_token")
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        self._kept = time.monotonic(), (user, password)
        return user, password


def issued(password: str) -> datetime | None:
    """The moment of issue, or None where the password is no token that can be read.

    ECR's password is base64 of JSON with `expiration` in seconds since 1970, and the lab's has the same form. (What it
    holds is undocumented: awslabs/amazon-ecr-credential-helper reads the expiry from the API instead.)
    """
    with contextlib.suppress(UnicodeError, TypeError, ValueError, KeyError, OverflowError, OSError, RecursionError):
        return datetime.fromtimestamp(int(json.loads(base64.b64decode(password))["expiration"]), UTC) - LIFE
    return None

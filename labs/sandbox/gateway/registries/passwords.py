"""What `get-login-password` gives: ECR's and ECR Public's passwords, signed, good for twelve hours.

ECR user guide, "Private registry authentication"; ECR Public user guide, "Registry authentication".
"""

from __future__ import annotations

import base64
import json
import secrets

from labs.sandbox.gateway.errors import DenialError, RefusedError
from labs.sandbox.gateway.identity import Identities, Principal
from labs.sandbox.gateway.memory.state import State

PASSWORD_SECONDS = 12 * 3600
"""ECR and ECR Public API references, GetAuthorizationToken: "valid for 12 hours"."""
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."


class Passwords:
    """The passwords of one of both services, for the region that it is asked in."""

    def __init__(self, state: State, identities: Identities, service: str, region: str) -> None:
        self._state = state
        self._identities = identities
        self._service = service
        self._region = region

    def issue(self, key: str, region: str) -> str:
        """A password for one account, region and access key; different each time.

        In the form of ECR's own: base64 of JSON, with the time at which it expires readable in it.
        """
        issued = int(self._state.clock.now())
        content = {"account": self._state.settings.account, "region": region, "key": key, "nonce": secrets.token_hex(8)}
        payload = self._state.signer.sign(self._service, {**content, "issued": issued})
        outer = {"payload": payload, "version": "2", "type": "DATA_KEY", "expiration": issued + PASSWORD_SECONDS}
        return base64.b64encode(json.dumps(outer, separators=(",", ":")).encode()).decode()

    def principal(self, user: str, password: str) -> Principal:
        """Who logged in with a password.

        Raises:
            DenialError: it is not one of ours, of another account or region, too old, or its access key is gone.
        """
        if user != "AWS":
            raise DenialError(401, "UNAUTHORIZED", "authentication required")
        content = self._state.signer.read(self._service, _payload(password)) or {}
        if (content.get("account"), content.get("region")) != (self._state.settings.account, self._region):
            # What ECR answers to a token that is damaged or of another region: aws/aws-cli#5950, aws/eks-anywhere#3919.
            raise DenialError(400, "BAD_REQUEST", "Bad Request")
        if self._state.clock.now() - content.get("issued", 0) > PASSWORD_SECONDS:
            raise DenialError(403, "DENIED", EXPIRED)
        try:
            principal = self._identities.find(str(content.get("key")))
            self._identities.check_fresh(principal, principal.token)
        except RefusedError as refused:
            raise DenialError(403, "DENIED", refused.message) from None
        return principal


def _payload(password: str) -> str:
    """What is signed in a password; empty where it has another form."""
    try:
        outer = json.loads(base64.b64decode(password, validate=True))
        return str(outer["payload"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""

"""Who signed a request: an IAM user, the console session, or an SSO session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labs.base import iam_policy
from labs.sandbox.gateway.errors import RefusedError
from labs.sandbox.gateway.memory import sso_sessions
from labs.sandbox.gateway.memory.console_session import CONSOLE_ROLE, CONSOLE_SESSION, console_credentials
from labs.sandbox.gateway.memory.state import State

ADMIN = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Principal:
    """An identity with its secrets and policies. `until` is 0 where it does not expire."""

    arn: str
    user_id: str
    key: str
    secret: str
    token: str = ""
    until: float = 0.0
    user: str = ""
    """Name of the IAM user; empty for sessions."""

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


class Identities:
    """Looks up access keys."""

    def __init__(self, state: State) -> None:
        self._state = state
        made = console_credentials(state.settings)
        self._console = Principal(
            f"arn:aws:sts::{state.settings.account}:assumed-role/{CONSOLE_ROLE}/{CONSOLE_SESSION}",
            f"AROAADMINISTRADORLAB1:{CONSOLE_SESSION}",
            made["aws_access_key_id"],
            made["aws_secret_access_key"],
            made["aws_session_token"],
        )

    def find(self, key: str) -> Principal:
        """The active identity behind an access key.

        Raises:
            RefusedError: no such key, or it was deactivated (IAM user guide, "Manage access keys": at once).
        """
        if key == self._console.key:
            return self._console
        if session := self._state.sessions.credentials.get(key):
            arn = f"arn:aws:sts::{self._state.settings.account}:assumed-role/{sso_sessions.SSO_ROLE}/aluno"
            return Principal(arn, "AROAECRPOWERUSERLAB01:aluno", key, session.secret, session.token, session.until)
        users_key = self._state.cloud.access_key(key)
        if users_key is None or users_key.status != "Active":
            raise RefusedError("invalid")
        user = self._state.cloud.user(users_key.user_name)
        return Principal(user.arn, user.id, key, users_key.secret_access_key, user=user.name)

    def check_fresh(self, principal: Principal, token: str) -> None:
        """The session token belongs to the key and has not expired by the lab's clock.

        Raises:
            RefusedError: `invalid` or `expired`.
        """
        if principal.token != token:
            raise RefusedError("invalid")
        if principal.until and self._state.clock.now() > principal.until:
            raise RefusedError("expired")

    def authorize(self, principal: Principal, action: str, resource: str) -> None:
        """Evaluate the identity's policies.

        Raises:
            RefusedError: `denied`, with AWS's sentence.
        """
        if action == "sts:GetCallerIdentity":  # "No permissions are required" (STS API reference)
            return
        context = {"aws:username": principal.user, "aws:securetransport": "false", "aws:principalarn": principal.arn}
        if resource.count(":") >= 5 and resource.split(":")[3]:
            context["aws:requestedregion"] = resource.split(":")[3]
        verdict = iam_policy.evaluate(self.policies(principal), action, resource, context)
        if verdict != iam_policy.ALLOWED:
            raise RefusedError("denied", iam_policy.denial(principal.arn, action, resource, verdict))

    def policies(self, principal: Principal) -> list[Mapping[str, Any]]:
        if principal.user:
            return list(self._state.cloud.user_policies(principal.user))
        return [ADMIN] if principal.key == self._console.key else [sso_sessions.SSO_POLICY]

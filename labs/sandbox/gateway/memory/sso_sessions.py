"""IAM Identity Center's side of the device flow: clients, devices, access tokens, role credentials.

OAuth 2.0 Device Authorization Grant (RFC 8628) as AWS offers it (IAM Identity Center OIDC API reference).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from labs.sandbox.gateway.memory import entries

DEVICE_SECONDS = 600
SSO_TOKEN_SECONDS = 8 * 3600
CREDENTIALS_SECONDS = 3600
CLIENT_SECONDS = 90 * 86400
POLL_SECONDS = 1
MOST_KEPT = 1000
"""Clients and devices that are kept: anybody may register one, so the oldest make room."""
PERMISSION_SET = "ECRPowerUser"
SSO_ROLE = "AWSReservedSSO_ECRPowerUser_5a1f3c7e9b2d4680"
SSO_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecr:*", "sts:GetCallerIdentity"], "Resource": "*"}],
}


@dataclass
class Device:
    code: str
    user_code: str
    client: str
    until: float
    approved: bool = False
    used: bool = False
    polled: float = 0.0
    """Machine's monotonic time of the last poll; not kept over a restart."""


@dataclass(frozen=True)
class Credentials:
    """A role's temporary credentials, and until when they are good."""

    key: str
    secret: str
    token: str
    until: float


@dataclass
class Sessions:
    """Everything that was handed out: clients by id, devices by code, tokens and credentials by themselves."""

    clients: dict[str, entries.SsoClient] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    """Until when each is good."""
    credentials: dict[str, Credentials] = field(default_factory=dict)

    def clear(self) -> None:
        for kept in (self.clients, self.devices, self.tokens, self.credentials):
            kept.clear()

    def by_user_code(self, user_code: str) -> Device | None:
        wanted = user_code.strip().upper()
        return next((one for one in self.devices.values() if one.user_code == wanted), None)

    def apply(self, moment: float, step: entries.SsoStep) -> None:
        """What a step of a device login changes."""
        match step:
            case entries.SsoClient():
                self.clients[step.id] = step
            case entries.SsoDevice():
                until = moment + DEVICE_SECONDS
                self.devices[step.code] = Device(step.code, step.user_code, step.client, until)
            case entries.SsoApproval():
                if device := self.devices.get(step.code):
                    device.approved = True
            case entries.SsoToken():
                if device := self.devices.get(step.code):
                    device.used = True
                self.tokens[step.token] = moment + SSO_TOKEN_SECONDS
            case entries.SsoCredentials():
                key, until = step.aws_access_key_id, moment + CREDENTIALS_SECONDS
                self.credentials[key] = Credentials(key, step.aws_secret_access_key, step.aws_session_token, until)
            case _:
                assert_never(step)
        self._forget(moment)

    def _forget(self, moment: float) -> None:
        """Drop what expired more than a day ago, so that memory stays small."""
        for code in [code for code, device in self.devices.items() if device.until < moment - 86400]:
            del self.devices[code]
        for registered in (self.clients, self.devices):
            while len(registered) > MOST_KEPT:
                registered.pop(next(iter(registered)))  # dictionaries keep the order of insertion
        for token in [token for token, until in self.tokens.items() if until < moment - 86400]:
            del self.tokens[token]
        for key in [key for key, known in self.credentials.items() if known.until < moment - 30 * 86400]:
            del self.credentials[key]

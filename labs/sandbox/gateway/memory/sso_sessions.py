"""IAM Identity Center's side of the device flow: clients, devices, access tokens, role credentials.

OAuth 2.0 Device Authorization Grant (RFC 8628) as AWS offers it (IAM Identity Center OIDC API reference).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEVICE_SECONDS = 600
TOKEN_SECONDS = 8 * 3600
CREDENTIALS_SECONDS = 3600
CLIENT_SECONDS = 90 * 86400
INTERVAL = 1
MOST = 1000
"""Clients and devices that are kept: anybody may register one, so the oldest make room."""
PERMISSION_SET = "ECRPowerUser"
ROLE = "AWSReservedSSO_ECRPowerUser_5a1f3c7e9b2d4680"
POLICY = {
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


@dataclass
class Sessions:
    """Everything that was handed out, by its secret."""

    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)

    def clear(self) -> None:
        for held in (self.clients, self.devices, self.tokens, self.credentials):
            held.clear()

    def by_user_code(self, user_code: str) -> Device | None:
        wanted = user_code.strip().upper()
        return next((one for one in self.devices.values() if one.user_code == wanted), None)

    def apply(self, entry: dict[str, Any]) -> None:
        """What a journal entry of kind `sso` does."""
        moment, content = entry["time"], entry["content"]
        match entry["what"]:
            case "client":
                self.clients[content["id"]] = content
            case "device":
                until = moment + DEVICE_SECONDS
                self.devices[content["code"]] = Device(content["code"], content["user_code"], content["client"], until)
            case "approved":
                if device := self.devices.get(content["code"]):
                    device.approved = True
            case "token":
                if device := self.devices.get(content["code"]):
                    device.used = True
                self.tokens[content["token"]] = moment + TOKEN_SECONDS
            case "credentials":
                self.credentials[content["aws_access_key_id"]] = {**content, "until": moment + CREDENTIALS_SECONDS}
        self._forget(moment)

    def _forget(self, moment: float) -> None:
        """Drop what expired more than a day ago, so that memory stays small."""
        for code in [code for code, one in self.devices.items() if one.until < moment - 86400]:
            del self.devices[code]
        for held in (self.clients, self.devices):
            while len(held) > MOST:
                held.pop(next(iter(held)))  # dictionaries keep the order of insertion
        for token in [token for token, until in self.tokens.items() if until < moment - 86400]:
            del self.tokens[token]
        for key in [key for key, one in self.credentials.items() if one["until"] < moment - 30 * 86400]:
            del self.credentials[key]

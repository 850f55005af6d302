"""What the journal holds: each change as a type, and how it stands on the disk.

One JSON object per line: `kind` (the table `KINDS`), `time` (seconds since 1970 in lab time), and the fields of that
kind's class under their own names; sums of money are texts. Only the steps of a device login differ, as they always
did: their kind is `sso`, which step it is stands in `what`, and its fields in `content`:

    {"kind":"clock","time":1767225600.0,"offset":3600}
    {"kind":"sso","time":1767225600.0,"what":"approved","content":{"code":"…"}}

A line of an unknown kind, or whose fields are missing or of another type, is no entry: the journal keeps it aside.
Fields that a class does not know are passed over. Whoever renames a kind or a field loses the labs that exist.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from labs.sandbox.gateway.memory.calls import Call

_SSO = "sso"
Registry = Literal["hub", "ecr", "ecr-public"]


@dataclass(frozen=True)
class AwsCall:
    """A call that moto accepted. The seed makes moto invent the same identifiers and secrets again."""

    seed: int
    service: str
    region: str
    action: str
    parameters: dict[str, Any]
    key: str

    @classmethod
    def of(cls, call: Call) -> AwsCall:
        return cls(secrets.randbits(64), call.service, call.region, call.action, call.parameters, call.key)

    @property
    def call(self) -> Call:
        return Call(self.service, self.region, self.action, self.parameters, self.key)


@dataclass(frozen=True)
class KeyUsed:
    """An access key signed a request (`get-access-key-last-used`)."""

    key: str
    service: str
    region: str


@dataclass(frozen=True)
class ImagePut:
    """A registry took a manifest, under a tag or (`tag` empty) by its digest alone."""

    registry: Registry
    repository: str
    tag: str
    digest: str
    type: str
    manifest: str


@dataclass(frozen=True)
class ImageGone:
    """Manifests went with all their tags; other tags left their image."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class HubAccount:
    """A Hub account got an access token, of which only the hash is kept."""

    name: str
    hash: str


@dataclass(frozen=True)
class HubRepository:
    """A Hub repository was made before its first push."""

    repository: str
    private: bool


@dataclass(frozen=True)
class HubPrivacy:
    """A Hub repository became private or public."""

    repository: str
    private: bool


@dataclass(frozen=True)
class HubRepositoryGone:
    """A Hub repository was deleted with its images."""

    repository: str


@dataclass(frozen=True)
class PublicRepository:
    """A repository of ECR Public was made; its name with the registry's alias before it."""

    repository: str


@dataclass(frozen=True)
class PublicRepositoryGone:
    """A repository of ECR Public was deleted with its images."""

    repository: str


@dataclass(frozen=True)
class HubLimit:
    """The Hub's pull limit changed; None for no limit."""

    pulls: int | None


@dataclass(frozen=True)
class Spend:
    """The month's spend so far, in USD."""

    amount: Decimal


@dataclass(frozen=True)
class ClockMoved:
    """The lab's clock got another offset against the machine's, in seconds."""

    offset: int


@dataclass(frozen=True)
class SsoClient:
    """A client registered itself with Identity Center."""

    id: str
    secret: str


@dataclass(frozen=True)
class SsoDevice:
    """A client began a device login."""

    code: str
    user_code: str
    client: str


@dataclass(frozen=True)
class SsoApproval:
    """A person approved a device."""

    code: str


@dataclass(frozen=True)
class SsoToken:
    """An approved device fetched its access token."""

    code: str
    token: str


@dataclass(frozen=True)
class SsoCredentials:
    """Temporary credentials of a role were handed out."""

    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


SsoStep = SsoClient | SsoDevice | SsoApproval | SsoToken | SsoCredentials
Entry = (
    AwsCall
    | KeyUsed
    | ImagePut
    | ImageGone
    | HubAccount
    | HubRepository
    | HubPrivacy
    | HubRepositoryGone
    | PublicRepository
    | PublicRepositoryGone
    | HubLimit
    | Spend
    | ClockMoved
    | SsoStep
)
KINDS: Mapping[str, type[Entry]] = {
    "aws": AwsCall,
    "used": KeyUsed,
    "image": ImagePut,
    "image-gone": ImageGone,
    "hub-account": HubAccount,
    "hub-repository": HubRepository,
    "hub-privacy": HubPrivacy,
    "hub-repository-gone": HubRepositoryGone,
    "public-repository": PublicRepository,
    "public-repository-gone": PublicRepositoryGone,
    "hub-limit": HubLimit,
    "spend": Spend,
    "clock": ClockMoved,
    "sso client": SsoClient,
    "sso device": SsoDevice,
    "sso approved": SsoApproval,
    "sso token": SsoToken,
    "sso credentials": SsoCredentials,
}
"""Kind on the disk → class; a step of a device login with its `what`."""
_KIND_OF = {kind: name for name, kind in KINDS.items()}


class Recorded(NamedTuple):
    """An entry, and the moment in lab time at which it happened."""

    time: float
    entry: Entry


def to_line(recorded: Recorded) -> bytes:
    """The journal's line of an entry, with its end."""
    kind, _, what = _KIND_OF[type(recorded.entry)].partition(" ")
    fields = msgspec.to_builtins(recorded.entry)
    content = {"what": what, "content": fields} if kind == _SSO else fields
    return json.dumps({"kind": kind, "time": recorded.time, **content}, separators=(",", ":")).encode() + b"\n"


def of_line(line: bytes) -> Recorded:
    """The entry of a line.

    Raises:
        ValueError: the line is none.
    """
    # Not msgspec's own decoder: JSON may carry a lone surrogate in what a client once named, which it does not read.
    try:
        content = json.loads(line)
        kind, fields = content["kind"], content
        if kind == _SSO:
            kind, fields = f"{_SSO} {content['what']}", content["content"]
        return Recorded(msgspec.convert(content["time"], float), msgspec.convert(fields, KINDS[kind]))
    except (LookupError, TypeError, RecursionError, msgspec.ValidationError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error

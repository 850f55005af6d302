"""AWS Signature Version 4, checked with botocore's own signing code (IAM user guide, "AWS Signature Version 4")."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from labs.sandbox.gateway.errors import RefusedError

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[\w-]*)/(?P<service>[\w.-]+)/aws4_request"
    r", ?SignedHeaders=(?P<headers>[\w;.-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_SCOPE = re.compile(r"/(?P<region>[^/,\s]*)/(?P<service>[\w.-]+)/aws4_request\b")
SKEW_SECONDS = 15 * 60
"""AWS accepts a request's own time within 15 minutes ("Signature expired")."""


@dataclass(frozen=True)
class Signature:
    """What the `Authorization` header says."""

    key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Message:
    """The request as it arrived; header names lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def scope(authorization: str) -> tuple[str, str]:
    """Service and region for which a request is signed, also where the header cannot be read otherwise; else empty."""
    found = _SCOPE.search(authorization)
    return (found["service"], found["region"]) if found else ("", "")


def parse(authorization: str) -> Signature:
    """The header's parts.

    Raises:
        RefusedError: there is none, or it is no signature of this kind; the texts are AWS's ("Troubleshoot Signature
            Version 4 signing for AWS API requests"), but that no key id, which may be a secret in the wrong place, is
            shown whole.
    """
    text = authorization.strip()
    if not text:
        raise RefusedError("missing")
    found = _HEADER.fullmatch(text)
    if not found:
        raise RefusedError("incomplete", _flaw(text))
    parts = found.groupdict()
    return Signature(
        parts["key"],
        parts["day"],
        parts["region"],
        parts["service"],
        tuple(parts["headers"].split(";")),
        parts["signature"],
    )


def _flaw(text: str) -> str:
    credential = re.search(r"Credential=([^,]*)", text)
    if not credential:
        return "Authorization header requires 'Credential' parameter."
    first, *others = credential[1].split("/")
    masked = "/".join([f"{first[:4]}…", *others[-4:]])
    if re.search(r"\s", credential[1]):
        return f"'{masked}' not a valid key=value pair (missing equal-sign) in Authorization header."
    if len(others) != 4:
        return (
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
            f"'{masked}'"
        )
    return "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."


def verify(message: Message, signature: Signature, secret: str, token: str = "") -> None:
    """Compute the signature again.

    Raises:
        RefusedError: it differs, the body is not the signed one, or it is too old.
    """
    date = message.headers.get("x-amz-date", "")
    if "host" not in signature.headers or not date.startswith(signature.day):
        raise RefusedError("signature")
    _check_age(date)
    declared = message.headers.get("x-amz-content-sha256", "")
    if declared and declared != "UNSIGNED-PAYLOAD" and declared != hashlib.sha256(message.body).hexdigest():
        raise RefusedError("signature")
    if not all(message.headers.get(name, "").isascii() for name in signature.headers):
        raise RefusedError("signature")  # botocore's signer knows no other headers (RFC 9110, "Field Values")
    if not hmac.compare_digest(_compute(message, signature, secret, token, date), signature.signature):
        raise RefusedError("signature")


def _compute(message: Message, signature: Signature, secret: str, token: str, date: str) -> str:
    parts = urlsplit(message.target)
    request = AWSRequest(
        method=message.method,
        url=f"http://{message.headers.get('host', '')}{parts.path}{'?' + parts.query if parts.query else ''}",
        data=message.body,
        headers={name: message.headers[name] for name in signature.headers if name in message.headers},
    )
    request.context["timestamp"] = date
    auth = SigV4Auth(Credentials(signature.key, secret, token or None), signature.service, signature.region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return str(auth.signature(text, request))


def _check_age(date: str) -> None:
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise RefusedError("signature") from None
    now = time.time()  # the caller's machine signs with the machine's time, not with the lab's
    if abs(now - signed) > SKEW_SECONDS:
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        word = "expired" if signed < now else "not yet current"
        raise RefusedError("signature", f"Signature {word}: {date} (now {stamp}, 15 min.)")

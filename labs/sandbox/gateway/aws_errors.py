"""AWS's errors, in the two protocols that the course's services speak.

`query` (IAM, STS): XML; `json` (ECR, Budgets): `{"__type": …}`. Texts as AWS writes them (IAM API reference "Common
errors"; ECR API reference "Common errors").
"""

from __future__ import annotations

import json
import secrets
from xml.sax.saxutils import escape

from labs.sandbox.gateway.memory.moto_door import JSON, Reply

INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
MISSING = "Request is missing Authentication Token"
NAMES = {  # the same refusal in both protocols
    "invalid": ("InvalidClientTokenId", "UnrecognizedClientException", INVALID_TOKEN),
    "expired": ("ExpiredToken", "ExpiredTokenException", EXPIRED_TOKEN),
    "signature": ("SignatureDoesNotMatch", "InvalidSignatureException", WRONG_SIGNATURE),
    "missing": ("MissingAuthenticationToken", "MissingAuthenticationTokenException", MISSING),
    "denied": ("AccessDenied", "AccessDeniedException", ""),
    "unreadable": ("MalformedQueryString", "SerializationException", "The request cannot be read."),
    "storage": ("ServiceFailure", "ServerException", "The lab cannot write to its disk."),
    "busy": ("ServiceUnavailable", "ServerException", "A part of the lab does not answer yet."),
}


class RefusedError(Exception):
    """A request that AWS would refuse. `name` is one of `NAMES`."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message or NAMES[name][2])
        self.name = name
        self.message = message or NAMES[name][2]


def of(protocol: str, refused: RefusedError) -> Reply:
    """IAM and STS answer 403 where the JSON services answer 400; a lab that cannot work answers 500 or 503."""
    query, other, _ = NAMES[refused.name]
    status = {"storage": 500, "busy": 503}.get(refused.name, 403 if protocol == "query" else 400)
    return reply(protocol, status, query if protocol == "query" else other, refused.message)


def reply(protocol: str, status: int, code: str, message: str) -> Reply:
    if protocol == "json":
        return Reply(status, json.dumps({"__type": code, "message": message, "Message": message}).encode(), JSON, code)
    side = "Sender" if status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{side}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id()}</RequestId></ErrorResponse>"
    )
    return Reply(status, body.encode(), "text/xml", code)


def request_id() -> str:
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

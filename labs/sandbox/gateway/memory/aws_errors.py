"""AWS's errors, in the two protocols that the course's services speak.

`query` (IAM, STS): XML; `json` (ECR, Budgets): `{"__type": …}`. Texts as AWS writes them (IAM API reference "Common
errors"; ECR API reference "Common errors").
"""

from __future__ import annotations

import json
import secrets
from xml.sax.saxutils import escape

from labs.sandbox.gateway.errors import REFUSALS, RefusedError
from labs.sandbox.gateway.memory.calls import JSON, Reply


def of(protocol: str, refused: RefusedError) -> Reply:
    """IAM and STS answer 403 where the JSON services answer 400; a lab that cannot work answers 500 or 503. A signature
    that cannot be read is 400 to both.
    """
    query, other, _ = REFUSALS[refused.name]
    status = {"incomplete": 400, "storage": 500, "busy": 503}.get(refused.name, 403 if protocol == "query" else 400)
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

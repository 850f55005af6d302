"""Lists of the JSON services (ECR, Budgets) in pages: what answers behind it, moto above all, answers each list whole.

Which calls have pages, and the names of their parameters, is botocore's own description (`paginators-1.json`); how
many entries a page may have is the service's. Texts: as ECR writes them (google/go-containerregistry#681,
CodesWhat/drydock#927).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session

from labs.sandbox.gateway.aws.shapes import operations
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.tokens import Signer

USUAL = 100
"""Entries of a page where nobody says how many (API references of both services, `maxResults`)."""
UNDESCRIBED = {
    ("ecr", "ListImageReferrers"): {
        "input_token": "nextToken",
        "output_token": "nextToken",
        "limit_key": "maxResults",
        "result_key": "referrers",
    }
}
"""Calls that have pages by their API reference alone."""
NAMED = {"DescribeImages": "imageIds", "DescribeRepositories": "repositoryNames"}
"""Whoever names what to describe gets no pages: "This option cannot be used when you specify …" (API reference)."""
WRONG_TOKEN = {
    "ecr": ("InvalidParameterException", "Invalid parameter at '{}' failed to satisfy constraint: '{}'"),
    "budgets": ("InvalidNextTokenException", "{}: {}"),
}


def paged(call: Call, reply: Reply, signer: Signer) -> Reply:
    """The part of a reply that the call asks for, with the token of the next one; other replies as they are."""
    told = _described(call.service).get(call.action)
    if told is None or reply.status >= 300:
        return reply
    code, message = WRONG_TOKEN[call.service]
    token, limit = call.parameters.get(told["input_token"]), call.parameters.get(told["limit_key"])
    named = NAMED.get(call.action)
    if named and call.parameters.get(named) and (token is not None or limit is not None):
        wrong = told["limit_key"] if token is None else told["input_token"]
        return _refused("InvalidParameterException", message.format(wrong, f"cannot be used when you specify {named}"))
    purpose = _purpose(call, told)
    start = 0
    if token is not None:
        kept = signer.read(purpose, token)
        if kept is None:
            return _refused(code, message.format(told["input_token"], "Invalid next token provided"))
        start = int(kept["from"])
    content = json.loads(reply.body)
    entries = content.get(told["result_key"]) or []
    end = start + (limit if limit is not None else min(USUAL, _most(call, told)))
    content[told["result_key"]] = entries[start:end]
    content.pop(told["output_token"], None)
    if end < len(entries):
        content[told["output_token"]] = signer.sign(purpose, {"from": end})
    return Reply.json(content)


@cache
def _described(service: str) -> dict[str, Mapping[str, Any]]:
    loader = botocore.session.get_session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    lists = {action: told for action, told in found.items() if isinstance(told["result_key"], str)}
    return lists | {action: told for (of, action), told in UNDESCRIBED.items() if of == service}


def _most(call: Call, told: Mapping[str, Any]) -> int:
    shape = operations(call.service).operation_model(call.action).input_shape.members[told["limit_key"]]
    return int(shape.metadata.get("max", USUAL))


def _purpose(call: Call, told: Mapping[str, Any]) -> str:
    """A token goes on with the list that it came with, and with no other."""
    beside = (told["input_token"], told["limit_key"])
    asked = {name: value for name, value in call.parameters.items() if name not in beside}
    text = json.dumps([call.service, call.region, call.action, asked], sort_keys=True)
    return f"page {hashlib.sha256(text.encode()).hexdigest()}"


def _refused(code: str, message: str) -> Reply:
    return aws_errors.reply("json", 400, code, message)

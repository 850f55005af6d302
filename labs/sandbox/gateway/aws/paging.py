"""Lists in pages: what answers behind this, moto above all, answers each list whole.

Which calls have pages, and the names of their parameters, is botocore's own description (`paginators-1.json`); how
many entries a page may have is the service's. Texts: as ECR writes them (google/go-containerregistry#681,
CodesWhat/drydock#927), and the others after their API references.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from xml.etree import ElementTree

import botocore.session

from labs.sandbox.gateway.aws.shapes import constraint, operations
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.tokens import Signer

USUAL = 100
"""Entries of a page where nobody says how many (API references, `maxResults` and `MaxItems`)."""
ALL = "1000000"
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
    "ecr": "InvalidParameterException",
    "ecr-public": "InvalidParameterException",
    "budgets": "InvalidNextTokenException",
    "iam": "ValidationError",
}
XML = "{https://iam.amazonaws.com/doc/2010-05-08/}"


class Page:
    """The part of one call's list that it asks for.

    Raises:
        LookupError: the token is none of this list's.
    """

    def __init__(self, call: Call, told: Mapping[str, Any], signer: Signer) -> None:
        self._signer = signer
        self._purpose = _purpose(call, told)
        token, limit = call.parameters.get(told["input_token"]), call.parameters.get(told["limit_key"])
        kept = {"from": 0} if token is None else signer.read(self._purpose, token)
        if kept is None:
            raise LookupError("Invalid next token provided")
        self.start = int(kept["from"])
        self.end = self.start + (min(USUAL, most(call, told)) if limit is None else int(limit))

    def following(self, length: int) -> str:
        """The token of the next page of a list of this length; empty where this is the last one."""
        return self._signer.sign(self._purpose, {"from": self.end}) if self.end < length else ""


def paged(call: Call, reply: Reply, signer: Signer) -> Reply:
    """The part of a JSON service's reply that the call asks for, with the token of the next one; others as they are."""
    told = described(call.service).get(call.action)
    if told is None or reply.status >= 300:
        return reply
    given = [name for name in (told["input_token"], told["limit_key"]) if call.parameters.get(name) is not None]
    if given and call.parameters.get(named := NAMED.get(call.action, "")):
        message = constraint(call.service, given[0], f"cannot be used when you specify {named}")
        return aws_errors.reply("json", 400, "InvalidParameterException", message)
    try:
        page = Page(call, told, signer)
    except LookupError as error:
        message = constraint(call.service, told["input_token"], str(error))
        return aws_errors.reply("json", 400, WRONG_TOKEN[call.service], message)
    content = json.loads(reply.body)
    entries = content.get(told["result_key"]) or []
    content[told["result_key"]] = entries[page.start : page.end]
    content.pop(told["output_token"], None)
    if token := page.following(len(entries)):
        content[told["output_token"]] = token
    return Reply.json(content)


def whole(call: Call) -> Call:
    """A call of IAM as moto should answer it: it cuts some lists itself, by another's tokens."""
    told = described(call.service).get(call.action)
    if told is None:
        return call
    beside = (told["input_token"], told["limit_key"])
    asked = {name: value for name, value in call.parameters.items() if name not in beside}
    return replace(call, parameters={**asked, told["limit_key"]: ALL})


def xml_paged(call: Call, reply: Reply, signer: Signer) -> Reply:
    """As `paged`, of IAM's replies."""
    told = described(call.service).get(call.action)
    if told is None or reply.status >= 300:
        return reply
    limit = call.parameters.get(told["limit_key"])
    if limit is not None and not (limit.isascii() and limit.isdecimal() and 1 <= int(limit) <= most(call, told)):
        reason = f"Member must have value between 1 and {most(call, told)}"
        return aws_errors.reply("query", 400, "ValidationError", constraint(call.service, "maxItems", reason))
    try:
        page = Page(call, told, signer)
    except LookupError as error:
        message = constraint(call.service, "marker", str(error))
        return aws_errors.reply("query", 400, WRONG_TOKEN[call.service], message)
    root = ElementTree.fromstring(reply.body)
    result = root.find(f"{XML}{call.action}Result")
    entries = None if result is None else result.find(f"{XML}{told['result_key']}")
    if result is None or entries is None:
        return reply
    members = list(entries)
    for member in (*members[: page.start], *members[page.end :]):
        entries.remove(member)
    for name in (told["more_results"], told["output_token"]):
        for old in result.findall(f"{XML}{name}"):
            result.remove(old)
    token = page.following(len(members))
    ElementTree.SubElement(result, f"{XML}{told['more_results']}").text = "true" if token else "false"
    if token:
        ElementTree.SubElement(result, f"{XML}{told['output_token']}").text = token
    return replace(reply, body=ElementTree.tostring(root, default_namespace=XML[1:-1]))


@cache
def described(service: str) -> dict[str, Mapping[str, Any]]:
    """What botocore knows of a service's lists, by action; of answers with several lists none."""
    loader = botocore.session.get_session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    lists = {action: told for action, told in found.items() if isinstance(told["result_key"], str)}
    return lists | {action: told for (of, action), told in UNDESCRIBED.items() if of == service}


def most(call: Call, told: Mapping[str, Any]) -> int:
    """How many entries a page may have."""
    shape = operations(call.service).operation_model(call.action).input_shape.members[told["limit_key"]]
    return int(shape.metadata.get("max", USUAL))


def _purpose(call: Call, told: Mapping[str, Any]) -> str:
    """A token goes on with the list that it came with, and with no other."""
    beside = (told["input_token"], told["limit_key"])
    asked = {name: value for name, value in call.parameters.items() if name not in beside}
    text = json.dumps([call.service, call.region, call.action, asked], sort_keys=True)
    return f"page {hashlib.sha256(text.encode()).hexdigest()}"

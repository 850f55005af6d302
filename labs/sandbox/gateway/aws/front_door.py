"""The AWS API's front door: parse, verify the signature, evaluate policies, answer or pass on to moto."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web

from labs.base.marks import KIT_MARK
from labs.base.settings import Settings
from labs.sandbox.gateway.aws import actions, mfa, paging, shapes, sigv4
from labs.sandbox.gateway.aws.budgets import BudgetsApi
from labs.sandbox.gateway.aws.ecr_api import EcrApi
from labs.sandbox.gateway.aws.ecr_public_api import EcrPublicApi
from labs.sandbox.gateway.errors import RefusedError, StorageError
from labs.sandbox.gateway.http import API_BYTES, body
from labs.sandbox.gateway.identity import Identities, Principal
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.entries import KeyUsed
from labs.sandbox.gateway.memory.state import State

SERVICES = ("sts", "iam", "ecr", "ecr-public", "budgets")
XML_SERVICES = ("s3", "s3express", "s3-outposts", "cloudfront", "route53")
"""Services that answer in XML without an `Action`: REST (their API references)."""
INVALID_USER = (
    "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must satisfy regular "
    "expression pattern: [\\w+=,.@-]{1,64}"
)
ECR_ADDRESS = re.compile(rb"\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\b")
ACTION = re.compile(rb"(?:^|&)Action=(\w{1,80})")
DATED = re.compile(r"/\d{4}-\d\d-\d\d/")
"""REST services that speak JSON put their API's version first, as `/2015-03-31/functions/` (Lambda)."""
REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-(?!gov|iso)[a-z]+-\d")


class Aws:
    """Handler of the AWS port, but for `/sso` (see `sso.py`)."""

    def __init__(self, state: State, identities: Identities, ecr: EcrApi, ecr_public: EcrPublicApi) -> None:
        self._state = state
        self._identities = identities
        self._json: dict[str, EcrApi | EcrPublicApi | BudgetsApi] = {
            "ecr": ecr,
            "ecr-public": ecr_public,
            "budgets": BudgetsApi(state),
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        data = await body(request, API_BYTES)
        authorization = request.headers.get("Authorization", "")
        service, region = sigv4.scope(authorization)
        protocol = _protocol(request, data, service)
        call = Call(service, region, _action(request, data))
        user = key = ""
        kit = KIT_MARK in request.headers.get("User-Agent", "")
        kits_read = kit and not call.changes
        try:
            signature = sigv4.parse(authorization)
            key = signature.key
            principal = self._verified(request, data, signature)
            if not kits_read:
                await self._mark_used(principal, signature)
            user = principal.name
            call = _parsed(call, request, data, signature.key)
            reply = await self._answer(call, principal, protocol)
        except RefusedError as refused:
            reply = aws_errors.of(protocol, refused)
        except StorageError:
            reply = aws_errors.of(protocol, RefusedError("storage"))
        if not kits_read:
            self._tell(call, reply, user, key, kit)
        return _response(reply, self._state.settings)

    def _verified(self, request: web.BaseRequest, data: bytes, signature: sigv4.Signature) -> Principal:
        principal = self._identities.find(signature.key)
        headers = {name.lower(): value for name, value in request.headers.items()}
        message = sigv4.Message(request.method, request.raw_path, headers, data)
        sigv4.verify(message, signature, principal.secret, headers.get("x-amz-security-token", ""))
        self._identities.check_fresh(principal, headers.get("x-amz-security-token", ""))
        return principal

    async def _mark_used(self, principal: Principal, signature: sigv4.Signature) -> None:
        moment, service, region = self._state.clock.now(), signature.service, signature.region
        if principal.user and self._state.cloud.needs_mark(signature.key, service, region, moment):
            await self._state.record(KeyUsed(signature.key, service, region))

    async def _answer(self, call: Call, principal: Principal, protocol: str) -> Reply:
        if call.service not in SERVICES:
            message = f"The lab does not offer the service {call.service}."
            return aws_errors.reply(protocol, 400, "UnknownOperationException", message)
        if not REGION.fullmatch(call.region):
            raise RefusedError("signature", f"Credential should be scoped to a valid region, not '{call.region}'. ")
        if call.is_json:
            code, message = shapes.problem(call)
            if code:
                return aws_errors.reply("json", 400, code, message)
        account = self._state.settings.account
        resource = actions.resource(call, account, principal.user)
        self._identities.authorize(principal, actions.action(call), resource)
        if call.service == "sts":
            return self._sts(call, principal)
        if call.is_json:
            return paging.paged(call, await self._json[call.service].answer(call), self._state.signer)
        return await self._iam(call, principal)

    async def _iam(self, call: Call, principal: Principal) -> Reply:
        name = call.parameters.get("UserName")
        if name is not None and not (len(name) <= 64 and re.fullmatch(r"[\w+=,.@-]+", name, re.ASCII)):
            return aws_errors.reply("query", 400, "ValidationError", INVALID_USER)
        own = actions.defaults(call, principal.user)
        if own:
            call = replace(call, parameters={**call.parameters, **own})
        elif actions.needs_user(call) and call.action != "ListMFADevices":
            message = "Must specify userName when calling with non-User credentials"
            return aws_errors.reply("query", 400, "ValidationError", message)
        if refused := mfa.refusal(call, self._state.cloud.mfa_seed):
            return refused
        return paging.xml_paged(call, await self._state.call(paging.whole(call)), self._state.signer)

    def _sts(self, call: Call, principal: Principal) -> Reply:
        if call.action != "GetCallerIdentity":
            return aws_errors.reply("query", 400, "InvalidAction", f"The lab does not offer sts:{call.action}.")
        body = (
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{escape(principal.arn)}</Arn><UserId>{escape(principal.user_id)}</UserId>"
            f"<Account>{self._state.settings.account}</Account></GetCallerIdentityResult><ResponseMetadata>"
            f"<RequestId>{aws_errors.request_id()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        )
        return Reply(200, body.encode(), "text/xml")

    def _tell(self, call: Call, reply: Reply, user: str, key: str, kit: bool) -> None:
        refused = reply.status >= 400
        budget = call.parameters.get("Budget")  # whatever the client sent
        names = [call.parameters.get(name) for name in ("repositoryName", "BudgetName", "UserName")]
        names.append(budget.get("BudgetName") if isinstance(budget, dict) else "")
        name = next(filter(None, names), "")
        self._state.events.add(
            "aws",
            "refused" if refused else "api",
            repository=str(name),
            reference=f"{call.service}:{call.action}",
            user=user,
            status=reply.status,
            code=reply.code,
            message=_message(reply) if refused else str(call.parameters.get("Status") or ""),
            key=key,
            subject=str(call.parameters.get("AccessKeyId") or ""),
            kit=kit,
        )


def _protocol(request: web.BaseRequest, data: bytes, service: str) -> str:
    """How the caller speaks, as its request shows whatever is wrong with it: `json` names its operation in a header,
    `query` in a form (or the address) as `Action`. The others are REST: by their path, unless the service is known.
    """
    if "X-Amz-Target" in request.headers:
        return "json"
    if ACTION.search(data) or "Action" in request.query or service in XML_SERVICES:
        return "query"
    rest_xml = not service and request.method == "GET" and not DATED.match(request.path)
    return "query" if rest_xml else "json"


def _action(request: web.BaseRequest, data: bytes) -> str:
    if target := request.headers.get("X-Amz-Target", ""):
        named = re.match(r"\w{1,80}", target.rpartition(".")[2], re.ASCII)
        return named[0] if named else ""
    found = ACTION.search(data)
    return found[1].decode() if found else ""


def _parsed(call: Call, request: web.BaseRequest, data: bytes, key: str) -> Call:
    """The parameters of a verified request.

    Raises:
        RefusedError: they cannot be read.
    """
    try:
        if not call.is_json:
            return Call.of_form(call.service, call.region, data, key)
        parameters: Any = json.loads(data or b"{}")
        if not isinstance(parameters, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise RefusedError("unreadable") from None
    return replace(call, parameters=parameters, key=key)


def _message(reply: Reply) -> str:
    if reply.type.startswith("text/xml"):
        found = re.search(r"<Message>(.*?)</Message>", reply.body.decode(errors="replace"), re.DOTALL)
        text = found[1] if found else ""
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    try:
        content = json.loads(reply.body or b"{}")
        return str(content.get("message") or content.get("Message") or "")
    except (ValueError, AttributeError):
        return ""


def _response(reply: Reply, settings: Settings) -> web.Response:
    """The reply; where the lab's names are addresses, with the lab's registry wherever moto writes ECR's own."""
    data = reply.body
    if not settings.has_real_names:
        data = re.sub(ECR_ADDRESS, settings.ecr_registry.encode(), data)
    headers = {"x-amzn-RequestId": aws_errors.request_id(), "Content-Type": reply.type}
    if reply.code:
        headers["x-amzn-ErrorType"] = reply.code
    return web.Response(body=data, status=reply.status, headers=headers)

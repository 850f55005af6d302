"""IAM Identity Center: the OIDC service, the portal, and the page on which a person approves a device.

IAM Identity Center OIDC API reference (RegisterClient, StartDeviceAuthorization, CreateToken) and Portal API reference
(ListAccounts, ListAccountRoles, GetRoleCredentials). All are unsigned REST-JSON.
"""

from __future__ import annotations

import html
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from labs.sandbox.gateway.aws.sso_page import page
from labs.sandbox.gateway.errors import FlowError, NotAnObjectError
from labs.sandbox.gateway.http import FORM_BYTES, answer, body, json_object
from labs.sandbox.gateway.memory import sso_sessions
from labs.sandbox.gateway.memory.console_session import temporary_credentials
from labs.sandbox.gateway.memory.entries import SsoApproval, SsoClient, SsoCredentials, SsoDevice, SsoToken
from labs.sandbox.gateway.memory.state import State

PATHS = (
    *("/client/register", "/device_authorization", "/token"),
    *("/assignment/accounts", "/assignment/roles", "/federation/credentials", "/sso/device"),
)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, section 6.1: no vowels, so that no words appear
MACHINE = "aluno"
AGAIN = "python3 -m labs.sso --profile sso"


class Sso:
    """Handler of Identity Center's paths on the AWS port."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sessions = state.sessions
        self._routes = {
            ("POST", "/client/register"): self._register,
            ("POST", "/device_authorization"): self._authorize,
            ("POST", "/token"): self._token,
            ("GET", "/assignment/accounts"): self._accounts,
            ("GET", "/assignment/roles"): self._roles,
            ("GET", "/federation/credentials"): self._credentials,
            ("GET", "/sso/device"): self._show,
            ("POST", "/sso/device"): self._approve,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        serve = self._routes.get((request.method, request.path))
        if serve is None:
            return answer({"message": "not found"}, 404)
        try:
            return await serve(request)
        except NotAnObjectError:
            return self._refuse(request, FlowError("invalid_request", "InvalidRequestException", "Invalid request"))
        except FlowError as problem:
            return self._refuse(request, problem)

    def _refuse(self, request: web.BaseRequest, problem: FlowError) -> web.Response:
        pending = problem.error in ("authorization_pending", "slow_down")
        if not pending:
            told: dict[str, Any] = {"status": problem.status, "code": problem.name, "message": problem.description}
            self._state.events.add("sso", "refused", reference=request.path, **told)
        content = {"error": problem.error, "error_description": problem.description, "message": problem.description}
        return answer(content, problem.status, {"x-amzn-ErrorType": problem.name})

    # OIDC --------------------------------------------------------------------------------------

    async def _register(self, request: web.BaseRequest) -> web.Response:
        content = await json_object(request)
        if not content.get("clientName") or content.get("clientType") != "public":
            raise FlowError("invalid_client_metadata", "InvalidClientMetadataException", "clientType must be public")
        client = SsoClient(secrets.token_urlsafe(16), secrets.token_urlsafe(32))
        await self._state.record(client)
        now = int(self._state.clock.now())
        until = now + sso_sessions.CLIENT_SECONDS
        shown = {"clientId": client.id, "clientSecret": client.secret, "clientIdIssuedAt": now}
        return answer({**shown, "clientSecretExpiresAt": until})

    async def _authorize(self, request: web.BaseRequest) -> web.Response:
        client = self._client(await json_object(request))
        letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
        device = SsoDevice(secrets.token_urlsafe(32), f"{letters[:4]}-{letters[4:]}", client.id)
        await self._state.record(device)
        uri = f"http://{request.host}/sso/device"
        shown = {"deviceCode": device.code, "userCode": device.user_code, "verificationUri": uri}
        complete = f"{uri}?user_code={device.user_code}"
        return answer(
            {
                **shown,
                "verificationUriComplete": complete,
                "expiresIn": sso_sessions.DEVICE_SECONDS,
                "interval": sso_sessions.INTERVAL,
            }
        )

    def _client(self, content: dict[str, Any]) -> SsoClient:
        known = self._sessions.clients.get(str(content.get("clientId")))
        given = str(content.get("clientSecret", "")).encode("utf-8", "surrogatepass")
        if known is None or not secrets.compare_digest(known.secret.encode(), given):
            raise FlowError("invalid_client", "InvalidClientException", "Invalid client provided", 401)
        return known

    async def _token(self, request: web.BaseRequest) -> web.Response:
        content = await json_object(request)
        client = self._client(content)
        if content.get("grantType") != DEVICE_GRANT:
            raise FlowError("unsupported_grant_type", "UnsupportedGrantTypeException", "Only the device code grant")
        device = self._sessions.devices.get(str(content.get("deviceCode")))
        if device is None or device.used or device.client != client.id:
            raise FlowError("invalid_grant", "InvalidGrantException", "Invalid device code provided")
        if self._state.clock.now() > device.until:
            raise FlowError("expired_token", "ExpiredTokenException", "Device code has expired")
        if not device.approved:
            self._count_poll(device)
        token = secrets.token_urlsafe(48)
        await self._state.record(SsoToken(device.code, token))
        self._state.events.add("sso", "login", user=MACHINE)
        return answer({"accessToken": token, "tokenType": "Bearer", "expiresIn": sso_sessions.TOKEN_SECONDS})

    @staticmethod
    def _count_poll(device: sso_sessions.Device) -> None:
        now = time.monotonic()
        early = device.polled and now - device.polled < sso_sessions.INTERVAL * 0.8
        device.polled = now
        if early:
            raise FlowError("slow_down", "SlowDownException", "Polling too frequently")
        raise FlowError("authorization_pending", "AuthorizationPendingException", "Authorization is pending")

    # Portal ------------------------------------------------------------------------------------

    def _bearer(self, request: web.BaseRequest) -> None:
        until = self._sessions.tokens.get(request.headers.get("x-amz-sso_bearer_token", ""), 0.0)
        if self._state.clock.now() > until:
            raise FlowError("unauthorized", "UnauthorizedException", "Session token not found or invalid", 401)

    async def _accounts(self, request: web.BaseRequest) -> web.Response:
        self._bearer(request)
        account = {
            "accountId": self._state.settings.account,
            "accountName": "laboratorio",
            "emailAddress": "aluno@example.com",
        }
        return answer({"accountList": [account]})

    async def _roles(self, request: web.BaseRequest) -> web.Response:
        self._bearer(request)
        mine = request.query.get("account_id") == self._state.settings.account
        roles = [{"roleName": sso_sessions.PERMISSION_SET, "accountId": self._state.settings.account}]
        return answer({"roleList": roles if mine else []})

    async def _credentials(self, request: web.BaseRequest) -> web.Response:
        self._bearer(request)
        wanted = (request.query.get("account_id"), request.query.get("role_name"))
        if wanted != (self._state.settings.account, sso_sessions.PERMISSION_SET):
            raise FlowError("forbidden", "ForbiddenException", "No access", 403)
        made = temporary_credentials()
        await self._state.record(SsoCredentials(**made))
        self._state.events.add("sso", "api", reference="sso:GetRoleCredentials", user=MACHINE)
        until = int((self._state.clock.now() + sso_sessions.CREDENTIALS_SECONDS) * 1000)
        shown = {"accessKeyId": made["aws_access_key_id"], "secretAccessKey": made["aws_secret_access_key"]}
        return answer({"roleCredentials": {**shown, "sessionToken": made["aws_session_token"], "expiration": until}})

    # Page --------------------------------------------------------------------------------------

    async def _show(self, request: web.BaseRequest) -> web.Response:
        code = request.query.get("user_code", "")
        if not code:
            return _html(page("Digite o código", "<p>Digite o código que apareceu no seu terminal.</p>", form=""))
        self._open_device(code)
        text = "<p>O código abaixo é <strong>igual ao do seu terminal</strong>? Só então aprove.</p>"
        return _html(page("Autorizar este dispositivo?", text, form=code.strip().upper()))

    async def _approve(self, request: web.BaseRequest) -> web.Response:
        fields = parse_qs((await body(request, FORM_BYTES)).decode(errors="replace"))
        device = self._open_device(fields.get("user_code", [""])[0])
        if not device.approved:
            await self._state.record(SsoApproval(device.code))
            self._state.events.add("sso", "api", reference="sso:ApproveDevice", user=MACHINE)
        return _html(page("Acesso autorizado", "<p>Pronto: volte ao terminal. Você pode fechar esta página.</p>"))

    def _open_device(self, code: str) -> sso_sessions.Device:
        device = self._sessions.by_user_code(code)
        if device is None or device.used or self._state.clock.now() > device.until:
            shown = html.escape(code[:20])
            text = f"<p>O código “{shown}” não existe, já foi usado ou venceu.</p>\n<p>Rode: <code>{AGAIN}</code></p>"
            raise web.HTTPNotFound(text=page("Código não encontrado", text, form=""), content_type="text/html")
        return device


def _html(text: str) -> web.Response:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}
    return web.Response(text=text, content_type="text/html", headers={**headers, "Cache-Control": "no-store"})

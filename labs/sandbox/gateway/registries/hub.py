"""Docker Hub's rules in front of the Hub registry.

Token flow: distribution documentation, "Token Authentication Specification" and "OAuth2 Token Authentication". Texts
and shapes: what the real Docker clients print against Docker Hub.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from labs.sandbox.gateway.errors import DenialError, UnavailableError
from labs.sandbox.gateway.http import FORM_BYTES, MANIFEST_BYTES, answer, asked_at, body
from labs.sandbox.gateway.memory.access_log import QUIET
from labs.sandbox.gateway.memory.clock import iso
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.memory.tokens import HUB_SECONDS
from labs.sandbox.gateway.registries import listing
from labs.sandbox.gateway.registries.store import Store, unavailable
from labs.sandbox.gateway.registries.upstream import VERSION, Route, error, route

SERVICE, TOKEN_HOST = "registry.docker.io", "auth.docker.io"
DENIED = "requested access to the resource is denied"
WRONG_PASSWORD = "incorrect username or password"
LIMIT_PAGE = "https://www.docker.com/increase-rate-limit"
CATALOG = "/v2/_catalog"
WINDOW = timedelta(hours=6)
"""Docker Hub counts pulls per six hours (Docker documentation, "Docker Hub usage and limits")."""
ANONYMOUS_PULLS = 100
"""In that time; twice as many with a personal account (the same page)."""


class Hub:
    """Handler of /v2/ and /token on the Hub's port."""

    def __init__(self, state: State, store: Store) -> None:
        self._state = state
        self._store = store

    # Tokens ------------------------------------------------------------------------------------

    async def token(self, request: web.BaseRequest) -> web.StreamResponse:
        """`GET /token` with Basic credentials or none; `POST /token` with an OAuth2 form."""
        if request.method == "POST":
            form = parse_qsl((await body(request, FORM_BYTES)).decode(errors="replace"))
            fields = dict(form)
            credentials: tuple[str, str] | None = (fields.get("username", ""), fields.get("password", ""))
            if fields.get("grant_type") == "refresh_token":
                credentials = self._refreshed(fields.get("refresh_token", ""))
            scopes = " ".join(value for name, value in form if name == "scope")
        else:
            credentials = basic(request)
            scopes = " ".join(request.query.getall("scope", []))
        user = await self._login(credentials, not scopes)
        if user is None:
            return answer({"details": WRONG_PASSWORD}, 401)
        return self._issue(user, scopes, request)

    def _refreshed(self, token: str) -> tuple[str, str]:
        content = self._state.signer.read("hub-refresh", token) or {}
        return (content["user"], content["token"]) if {"user", "token"} <= set(content) else ("", "")

    async def _login(self, credentials: tuple[str, str] | None, is_login: bool) -> str | None:
        """The account's name, empty for anonymous; None for wrong credentials."""
        if credentials is None:
            return ""
        user, password = credentials
        good = await self._state.run(self._state.accounts.accepts, user, password)
        if not good:
            self._state.events.add("hub", "refused", user=user, status=401, code="UNAUTHORIZED", message=WRONG_PASSWORD)
            return None
        if is_login:
            self._state.events.add("hub", "login", user=user)
        return user

    def _issue(self, user: str, scopes: str, request: web.BaseRequest) -> web.Response:
        access: dict[str, list[str]] = {}
        pushes = []
        for scope in scopes.split():
            kind, _, rest = scope.partition(":")
            name, _, wanted = rest.rpartition(":")
            if kind == "repository" and name:
                access[name] = sorted({*access.get(name, ()), *self._granted(user, name, wanted.split(","))})
                pushes += [name] if "push" in wanted.split(",") else []
        token = self._state.signer.hub(user, access, pushes)
        content: dict[str, Any] = {"token": token, "access_token": token, "expires_in": HUB_SECONDS}
        content["issued_at"] = iso(self._state.clock.now())
        if request.method == "POST":
            content["scope"] = scopes
        return answer(content)

    def _granted(self, user: str, name: str, wanted: list[str]) -> set[str]:
        """Which of the wanted actions the account has on a repository. Docker Hub has two levels alone, and denies a
        third as it denies another's account (docker/hub-feedback#1404).
        """
        namespace, _, rest = name.partition("/")
        owner = bool(user) and namespace == user and bool(rest) and "/" not in rest
        exists = name in self._state.images["hub"].repositories
        public = exists and name not in self._state.accounts.private
        rights = {"pull", "push", "delete", "*"} if owner else {"pull"} if public else set()
        return rights & set(wanted)

    # /v2/ --------------------------------------------------------------------------------------

    async def v2(self, request: web.BaseRequest) -> web.StreamResponse:
        """Everything below /v2/."""
        at = route(request.path)
        bearer = request.headers.get("Authorization", "")
        content = self._state.signer.read_hub(bearer[7:]) if bearer[:7].lower() == "bearer " else None
        if request.path in ("/v2/", "/v2"):
            return answer({}, headers=VERSION) if content else _challenge(request, None)
        if request.path == CATALOG:  # Docker Hub asks for a scope that it gives nobody
            return _challenge(request, None, problem='error="insufficient_scope"' if content else "", catalog=True)
        if at is None:
            return _challenge(request, None) if content is None else error(404, "NOT_FOUND", "404 page not found")
        needed = needed_action(request, at)
        if content is None:
            return _challenge(request, at, needed)
        if needed not in content["access"].get(at.name, ()):
            return self._denied(request, at, needed, content)
        try:
            return await self._allowed(request, at, content)
        except DenialError as denial:
            return error(denial.status, denial.code, denial.message)
        except UnavailableError as failure:
            return unavailable(failure)

    def _denied(self, request: web.BaseRequest, at: Route, needed: str, content: dict[str, Any]) -> web.Response:
        """Docker Hub says neither whether a repository exists nor whether it is private: always `denied`. A push is
        known by the token that was asked for, since some clients read before they write.
        """
        self._state.events.add(
            "hub",
            "refused",
            repository=at.name,
            reference=at.reference if at.kind == "manifests" else "",
            user=content["user"],
            status=401,
            code="DENIED",
            message=DENIED,
            subject="push" if at.name in content.get("wanted", ()) else needed,
        )
        return _challenge(request, at, needed, 'error="insufficient_scope"')

    async def _allowed(self, request: web.BaseRequest, at: Route, content: dict[str, Any]) -> web.StreamResponse:
        if at.kind == "manifests":
            return await self._manifest(request, at, content["user"])
        held = self._state.images["hub"].get(at.name)
        if at.kind == "referrers":  # never 404: a client would take it that there is no such API ("Listing Referrers")
            return listing.referrers(request, held, at.reference)
        if at.kind == "tags":
            if held is None:
                return error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": at.name})
            return listing.tags(request, at.name, held, listing.Pages())
        target = request.raw_path
        sources = request.query.getall("from", []) if at.kind == "uploads" else []
        if any("pull" not in content["access"].get(source, ()) for source in sources):
            target = request.path  # a mount reads its source: without the right to, it becomes a plain upload
        if at.kind == "blobs" and request.method not in ("GET", "HEAD"):
            return error(405, "UNSUPPORTED", "The operation is unsupported.")
        return await self._store.upstream.forward(request, target)

    async def _manifest(self, request: web.BaseRequest, at: Route, user: str) -> web.StreamResponse:
        if request.method == "PUT":
            data = await body(request, MANIFEST_BYTES)
            async with self._state.lock:
                return await self._store.accept(request, at, user, data)
        if request.method == "DELETE":
            return error(405, "UNSUPPORTED", "The operation is unsupported.")
        limit, used = self._quota(user)
        if request.method == "GET" and self._state.accounts.pull_limit is not None and used >= limit:
            return self._limited(request, at, user, limit)

        def told(status: int) -> Mapping[str, str]:
            counts = request.method == "GET" and status == 200 and not QUIET.get()
            return _rate(request, user, limit, used + counts)

        response = await self._store.upstream.forward(request, request.raw_path, told)
        self._tell_read(request, at, user, response.status)
        return response

    def _tell_read(self, request: web.BaseRequest, at: Route, user: str, status: int) -> None:
        told: dict[str, Any] = {"repository": at.name, "reference": at.reference, "user": user, "status": status}
        if status == 404 and request.method == "GET":
            self._state.events.add("hub", "refused", code="MANIFEST_UNKNOWN", message="manifest unknown", **told)
        elif status == 200:  # Docker Hub counts as a pull what gets a manifest, and not a look by HEAD
            self._state.events.add("hub", "pull" if request.method == "GET" else "pull-head", **told)

    def _quota(self, user: str) -> tuple[int, int]:
        """How many pulls the window has for an account (empty: for all who are anonymous), and how many there were.

        A pull is a GET of a manifest; checks for a new version with HEAD are free (Docker Hub usage and limits). The
        lab counts as Docker Hub does, and refuses only where a case of the clinic set a limit.
        """
        pulls = self._state.accounts.pull_limit
        anonymous = ANONYMOUS_PULLS if pulls is None else pulls
        since = iso(max(self._state.accounts.limit_since, self._state.clock.now() - WINDOW.total_seconds()))
        used = sum(
            event["service"] == "hub" and event["kind"] == "pull" and event["user"] == user and event["time"] >= since
            for event in self._state.events.since()
        )
        return anonymous * 2 if user else anonymous, used

    def _limited(self, request: web.BaseRequest, at: Route, user: str, limit: int) -> web.Response:
        message = f"You have reached your unauthenticated pull rate limit. {LIMIT_PAGE}"
        if user:  # with the id of the token that asked
            token = hashlib.sha1(request.headers["Authorization"].encode(), usedforsecurity=False).digest()
            named = f"'{user}': dckr_jti_{base64.urlsafe_b64encode(token).decode()}"
            message = f"You have reached your pull rate limit as {named}. You may increase the limit by upgrading. "
            message += LIMIT_PAGE
        told: dict[str, Any] = {"repository": at.name, "reference": at.reference, "user": user, "status": 429}
        self._state.events.add("hub", "refused", code="TOOMANYREQUESTS", message=message, **told)
        return error(429, "TOOMANYREQUESTS", message, headers=_rate(request, user, limit, limit))


def _rate(request: web.BaseRequest, user: str, limit: int, used: int) -> dict[str, str]:
    """Docker Hub's headers of GET and HEAD of manifests; the source is the account's id, or who is anonymous' address
    (Docker Hub usage and limits, "View pull rate and limit").
    """
    window = f"w={int(WINDOW.total_seconds())}"
    return {
        "ratelimit-limit": f"{limit};{window}",
        "ratelimit-remaining": f"{max(0, limit - used)};{window}",
        "docker-ratelimit-source": str(uuid.uuid5(uuid.NAMESPACE_DNS, user)) if user else request.remote or "",
    }


def needed_action(request: web.BaseRequest, at: Route) -> str:
    """`pull` to read; `push` to write and for everything about uploads."""
    if at.kind == "uploads" or request.method in ("PUT", "POST", "PATCH"):
        return "push"
    return "delete" if request.method == "DELETE" else "pull"


def basic(request: web.BaseRequest) -> tuple[str, str] | None:
    """Basic credentials of a request; `("", "")` where they cannot be read (RFC 7617)."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # binascii.Error and UnicodeDecodeError are such
        return ("", "")
    return user, password


def _challenge(
    request: web.BaseRequest, at: Route | None, needed: str = "", problem: str = "", catalog: bool = False
) -> web.Response:
    issuer = f"https://{TOKEN_HOST}" if request.scheme == "https" else asked_at(request)
    parts = [f'Bearer realm="{issuer}/token"', f'service="{SERVICE}"']
    detail = None
    if at is not None:
        actions = "pull,push" if needed == "push" else needed
        parts.append(f'scope="repository:{at.name}:{actions}"')
        detail = [{"Type": "repository", "Class": "", "Name": at.name, "Action": one} for one in actions.split(",")]
    if catalog:
        parts.append('scope="registry:catalog:*"')
        detail = [{"Type": "registry", "Class": "", "Name": "catalog", "Action": "*"}]
    if problem:
        parts.append(problem)
    return error(401, "UNAUTHORIZED", "authentication required", detail, {"WWW-Authenticate": ",".join(parts)})

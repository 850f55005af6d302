"""Docker Hub's own API (`hub.docker.com/v2/…`) as far as the course uses it, below /api on the Hub's port.

Shapes: Docker Hub API reference; errors are `{"message": …, "errinfo": {}}` or `{"detail": …}` as the Hub writes them.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from labs.sandbox.gateway.errors import NotAnObjectError, UnavailableError
from labs.sandbox.gateway.http import answer, asked_at, json_object
from labs.sandbox.gateway.memory.clock import iso
from labs.sandbox.gateway.memory.entries import HubPrivacy, HubRepository, HubRepositoryGone
from labs.sandbox.gateway.memory.images import Repository
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.hub import basic
from labs.sandbox.gateway.registries.store import Store, unavailable
from labs.sandbox.gateway.registries.upstream import Upstream

_PATH = re.compile(
    r"/api/v2/repositories/(?P<namespace>[a-z0-9]{2,40})/(?:(?P<name>[a-z0-9._-]+)/(?P<rest>tags/|privacy/)?)?"
)
_NAMESPACE = re.compile(r"/api/v2/namespaces/(?P<namespace>[a-z0-9]{2,40})/repositories/")
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
LOGINS = {
    "/api/v2/auth/token/": ("identifier", "secret", "access_token"),
    "/api/v2/users/login/": ("username", "password", "token"),
}
"""Path → the fields that it reads, and the one that it answers."""
PAGE, MOST = 10, 100
"""Entries of a page where nobody says how many, and at most."""
NOT_FOUND = {"message": "object not found", "errinfo": {}}
FORBIDDEN = {"detail": "You do not have permission to perform this action.", "message": "access denied", "errinfo": {}}
WRONG_LOGIN = {"detail": "Incorrect authentication credentials", "message": "Incorrect authentication credentials"}


class HubApi:
    """Handler of /api on the Hub's port."""

    def __init__(self, state: State, store: Store) -> None:
        self._state = state
        self._store = store

    @property
    def _upstream(self) -> Upstream:
        return self._store.upstream

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path if request.path.endswith("/") else request.path + "/"
        if path in LOGINS and request.method == "POST":
            return await self._login(request, *LOGINS[path])
        if (created := _NAMESPACE.fullmatch(path)) and request.method == "POST":
            return await self._create(request, created["namespace"])
        parts = _PATH.fullmatch(path)
        if not parts:
            return answer(NOT_FOUND, 404)
        user = await self._user(request)
        if user is None:
            self._refuse(request, "", 401, "UNAUTHORIZED", WRONG_LOGIN["message"])
            return answer(WRONG_LOGIN, 401)
        namespace, name, rest = parts["namespace"], parts["name"], parts["rest"]
        if not name:
            return self._list(request, namespace, user) if request.method == "GET" else answer(NOT_FOUND, 405)
        return await self._one(request, f"{namespace}/{name}", rest or "", user)

    async def _login(self, request: web.BaseRequest, name: str, secret: str, answered: str) -> web.Response:
        """`POST /v2/auth/token`, or the older `/v2/users/login`: a token for `Authorization: Bearer …` or `JWT …`."""
        content = await _content(request)
        user, password = str(content.get(name, "")), str(content.get(secret, ""))
        if not await self._state.run(self._state.accounts.accepts, user, password):
            self._refuse(request, "", 401, "UNAUTHORIZED", "Incorrect authentication credentials")
            return answer(WRONG_LOGIN, 401)
        return answer({answered: self._state.signer.hub(user, {})})

    async def _create(self, request: web.BaseRequest, namespace: str) -> web.Response:
        """`POST /v2/namespaces/{namespace}/repositories` (Docker Hub API reference, CreateRepository)."""
        content, user = await _content(request), await self._user(request)
        name = f"{namespace}/{content.get('name', '')}"
        if user != namespace:
            return answer(FORBIDDEN, 403 if user else 401)
        if not _NAME.fullmatch(str(content.get("name", ""))):
            return answer({"name": ["This value does not match the required pattern."]}, 400)
        if self._state.images["hub"].get(name):
            return answer({"message": "repository already exists", "errinfo": {}}, 400)
        await self._state.record(HubRepository(name, content.get("is_private") is True))
        self._tell("hub:CreateRepository", name, user)
        return answer(self._describe(name), 201)

    async def _user(self, request: web.BaseRequest) -> str | None:
        """The account's name, empty for anonymous; None for wrong credentials."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() in ("jwt", "bearer"):
            content = self._state.signer.read_hub(token)
            return content["user"] if content else None
        credentials = basic(request)
        if credentials is None:
            return ""
        return credentials[0] if await self._state.run(self._state.accounts.accepts, *credentials) else None

    def _list(self, request: web.BaseRequest, namespace: str, user: str) -> web.Response:
        mine = sorted(name for name in self._state.images["hub"].repositories if name.startswith(f"{namespace}/"))
        shown = [self._describe(name) for name in mine if self._visible(name, user)]
        if not mine and not self._state.accounts.exists(namespace):
            return answer(NOT_FOUND, 404)
        return _page(request, shown)

    def _visible(self, name: str, user: str) -> bool:
        return name not in self._state.accounts.private or name.partition("/")[0] == user

    def _describe(self, name: str) -> dict[str, Any]:
        namespace, _, short = name.partition("/")
        repository = self._state.images["hub"].repositories[name]
        pulls = sum(event["kind"] == "pull" and event["repository"] == name for event in self._state.events.since())
        return {
            "user": namespace,
            "name": short,
            "namespace": namespace,
            "repository_type": "image",
            "status": 1,
            "status_description": "active",
            "description": "",
            "is_private": name in self._state.accounts.private,
            "star_count": 0,
            "pull_count": pulls,
            "last_updated": iso(repository.updated_at),
            "date_registered": iso(repository.created_at),
            "storage_size": sum(image.size for image in repository.all()),
        }

    async def _one(self, request: web.BaseRequest, name: str, rest: str, user: str) -> web.StreamResponse:
        repository, owner = self._state.images["hub"].get(name), name.partition("/")[0] == user
        if repository is None or not self._visible(name, user):
            self._refuse(request, name, 404, "NOT_FOUND", NOT_FOUND["message"], user)
            return answer(NOT_FOUND, 404)
        if request.method == "GET" and rest != "privacy/":
            return self._tags(request, repository) if rest else answer(self._describe(name))
        if not owner:
            status = 403 if user else 401
            self._refuse(request, name, status, "FORBIDDEN", FORBIDDEN["detail"], user)
            return answer(FORBIDDEN, status)
        if request.method == "POST" and rest == "privacy/":
            return await self._privacy(request, name, user)
        if request.method == "DELETE" and not rest:
            return await self._delete(name, user)
        return answer({"detail": f'Method "{request.method}" not allowed.'}, 405)

    def _tags(self, request: web.BaseRequest, repository: Repository) -> web.Response:
        results = [
            {
                "name": tag,
                "digest": image.digest,
                "media_type": image.media_type,
                "full_size": image.size,
                "last_updated": iso(image.pushed_at),
                "tag_status": "active",
                "images": [{"digest": image.digest, "size": image.size, "status": "active"}],
            }
            for image in repository.all()
            for tag in image.tags
        ]
        results.sort(key=lambda one: str(one["last_updated"]), reverse=True)
        return _page(request, results)

    async def _privacy(self, request: web.BaseRequest, name: str, user: str) -> web.Response:
        private = (await _content(request)).get("is_private")
        if not isinstance(private, bool):
            return answer({"is_private": ["This field is required."]}, 400)
        await self._state.record(HubPrivacy(name, private))
        self._tell("hub:SetPrivacy", name, user)
        return answer({})

    async def _delete(self, name: str, user: str) -> web.Response:
        async with self._state.lock:
            repository = self._state.images["hub"].get(name)
            images = repository.all() if repository else []
            if not await self._upstream.alive():
                return unavailable(UnavailableError("hub"))
            await self._state.record(HubRepositoryGone(name))
            await self._store.empty(name, images)
        self._tell("hub:DeleteRepository", name, user)
        return answer({}, 202)

    def _tell(self, action: str, name: str, user: str) -> None:
        self._state.events.add("hub", "api", repository=name, reference=action, user=user)

    def _refuse(
        self, request: web.BaseRequest, name: str, status: int, code: str, message: object, user: str = ""
    ) -> None:
        told: dict[str, Any] = {"repository": name, "reference": request.path[:200], "user": user, "status": status}
        self._state.events.add("hub", "refused", code=code, message=str(message), **told)


def _page(request: web.BaseRequest, results: list[dict[str, Any]]) -> web.Response:
    """The page of a list that was asked for (Docker Hub API reference, `page` and `page_size`)."""
    asked = {name: request.query.get(name, usual) for name, usual in (("page", "1"), ("page_size", str(PAGE)))}
    if not all(re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII) for text in asked.values()):
        return answer(NOT_FOUND, 404)
    number, size = int(asked["page"]), min(int(asked["page_size"]), MOST)
    start = (number - 1) * size
    if start and start >= len(results):
        return answer(NOT_FOUND, 404)

    def address(page: int) -> str:
        return f"{asked_at(request)}{request.path}?{urlencode({'page': page, 'page_size': size})}"

    following = address(number + 1) if start + size < len(results) else None
    previous = address(number - 1) if number > 1 else None
    shown = results[start : start + size]
    return answer({"count": len(results), "next": following, "previous": previous, "results": shown})


async def _content(request: web.BaseRequest) -> dict[str, Any]:
    """The Hub judges fields, not bodies: one that is no object has none."""
    try:
        return await json_object(request)
    except NotAnObjectError:
        return {}

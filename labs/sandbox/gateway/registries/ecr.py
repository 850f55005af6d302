"""ECR's rules in front of the ECR registry.

ECR user guide ("Private registry authentication", "Troubleshooting errors with Docker commands when using Amazon ECR",
"Image tag mutability") and API reference. Texts: as the Docker clients print them against ECR.
"""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from labs.sandbox.gateway.errors import DenialError, RefusedError, UnavailableError
from labs.sandbox.gateway.http import MANIFEST_BYTES, answer, asked_at, body
from labs.sandbox.gateway.identity import Identities, Principal
from labs.sandbox.gateway.memory.images import Image
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries import listing
from labs.sandbox.gateway.registries.hub import basic
from labs.sandbox.gateway.registries.passwords import Passwords
from labs.sandbox.gateway.registries.store import Store, unavailable
from labs.sandbox.gateway.registries.upstream import DIGEST, VERSION, Route, error, route

NO_CREDENTIALS = "no basic auth credentials"
CATALOG = "/v2/_catalog"
PAGE, MOST = 100, 1000
"""Names of a list where nobody says how many, and at most: those of `ListImages` and `DescribeRepositories`, which
stand behind it (genuinetools/reg#206, google/go-containerregistry#681)."""
ENGINE = re.compile(r"docker/\d|containerd/|buildkit/")
"""User agents of engines. They read ECR's challenge and stop by themselves where they have no login."""


class Ecr:
    """Handler of /v2/ on ECR's port."""

    def __init__(self, state: State, store: Store, identities: Identities) -> None:
        self._state = state
        self._store = store
        self._identities = identities
        self.passwords = Passwords(state, identities, "ecr", state.settings.region)

    async def v2(self, request: web.BaseRequest) -> web.StreamResponse:
        """Everything below /v2/."""
        at = route(request.path)
        name = at.name if at else ""
        credentials = basic(request)
        if credentials is None:
            return self._challenge(request, name)
        client = request.headers.get("User-Agent", "")
        self._state.events.came_back(client)
        user = ""
        try:
            principal = self.passwords.principal(*credentials)
            user = principal.name
            if request.path in ("/v2/", "/v2"):
                self._state.events.add("ecr", "login", user=user)
                return web.json_response({}, headers=VERSION)
            if request.path == CATALOG:
                return self._catalog(request, principal)
            if at is None:
                raise DenialError(404, "NOT_FOUND", "404 page not found")
            return await self._allowed(request, at, principal)
        except DenialError as denial:
            return self._refuse(request, at, user, denial)
        except UnavailableError as failure:
            return unavailable(failure)

    # Who ---------------------------------------------------------------------------------------

    def _challenge(self, request: web.BaseRequest, name: str) -> web.Response:
        if ENGINE.match(request.headers.get("User-Agent", "")) or request.method in ("POST", "PUT", "PATCH"):
            client = request.headers.get("User-Agent", "")
            told = {"repository": name, "status": 401, "code": "NO_BASIC_AUTH", "message": NO_CREDENTIALS}
            self._state.events.add_provisional(client, "ecr", **told)
        headers = {**VERSION, "WWW-Authenticate": f'Basic realm="https://{request.host}/",service="ecr.amazonaws.com"'}
        return web.Response(status=401, text="Not Authorized\n", headers=headers)

    def _permit(self, principal: Principal, name: str, *actions: str) -> None:
        """The user's policies count for the data plane too (ECR user guide, "IAM policies")."""
        settings = self._state.settings
        for action in actions:
            try:
                resource = f"arn:aws:ecr:{settings.region}:{settings.account}:repository/{name}"
                self._identities.authorize(principal, f"ecr:{action}", resource)
            except RefusedError as refused:
                raise DenialError(403, "DENIED", refused.message) from None

    # What --------------------------------------------------------------------------------------

    async def _allowed(self, request: web.BaseRequest, at: Route, principal: Principal) -> web.StreamResponse:
        self._permit(principal, at.name, *_actions(request.method, at))
        repository = self._state.cloud.repository(at.name)
        if repository is None:
            raise DenialError(404, "NAME_UNKNOWN", missing(at.name, self._state.settings.account))
        held = self._state.images["ecr"].get(at.name)
        if at.kind == "tags":
            return listing.tags(request, at.name, held, _pages(request))
        if at.kind == "referrers":
            return listing.referrers(request, held, at.reference)
        if at.kind == "manifests":
            return await self._manifest(request, at, principal)
        if at.kind == "blobs" and request.method == "DELETE":
            raise DenialError(405, "UNSUPPORTED", "The operation is unsupported.")
        target = request.raw_path
        if at.kind == "uploads" and "from" in request.query:
            # ECR mounts no blobs from other repositories unless told to ("Blob mounting" is off by default).
            target = request.path
        return await self._store.upstream.forward(request, target)

    async def _manifest(self, request: web.BaseRequest, at: Route, principal: Principal) -> web.StreamResponse:
        if request.method == "PUT":
            data = await body(request, MANIFEST_BYTES)
            async with self._state.lock:
                # Asked again under the lock: the repository may have been deleted, the tag taken.
                repository = self._state.cloud.repository(at.name)
                if repository is None:
                    raise DenialError(404, "NAME_UNKNOWN", missing(at.name, self._state.settings.account))
                self._check_tag(repository, at)
                return await self._store.accept(request, at, principal.name, data)
        image = self._state.images["ecr"].find(at.name, at.reference)
        if image is None:
            raise DenialError(404, "MANIFEST_UNKNOWN", "Requested image not found")
        if request.method == "DELETE":
            return await self._delete(at, image)
        response = await self._store.upstream.forward(request, f"/v2/{at.name}/manifests/{image.digest}")
        if request.method == "GET" and response.status == 200:
            told: dict[str, Any] = {"repository": at.name, "reference": at.reference, "user": principal.name}
            self._state.events.add("ecr", "pull", **told)
        return response

    def _check_tag(self, repository: Any, at: Route) -> None:
        """An immutable tag is refused for the same digest too (aws/containers-roadmap, issue 2380)."""
        if DIGEST.fullmatch(at.reference) or not is_immutable(repository, at.reference):
            return
        if self._state.images["ecr"].find(at.name, at.reference):
            raise DenialError(
                400,
                "TAG_INVALID",
                f"The image tag '{at.reference}' already exists in the '{at.name}' repository "
                "and cannot be overwritten because the tag is immutable.",
            )

    async def _delete(self, at: Route, image: Image) -> web.Response:
        async with self._state.lock:
            by_tag = not DIGEST.fullmatch(at.reference)
            if by_tag and len(image.tags) > 1:
                await self._store.remove(at.name, [], [at.reference])
            else:
                await self._store.remove(at.name, [image], [])
        return web.Response(status=202, headers=VERSION)

    def _catalog(self, request: web.BaseRequest, principal: Principal) -> web.Response:
        """`GET _catalog` (Distribution, "Listing Repositories"), which ECR has (Quiq/registry-ui#48); it needs the
        right to list them by the API.
        """
        self._permit(principal, "*", "DescribeRepositories")
        shown, headers = _pages(request).of(request, self._state.cloud.repositories())
        return answer({"repositories": shown}, headers=headers)

    def _refuse(self, request: web.BaseRequest, at: Route | None, user: str, denial: DenialError) -> web.Response:
        # A HEAD asks whether something is there: "not there" is an answer, not a refusal.
        if not (request.method == "HEAD" and denial.status == 404):
            reference = at.reference if at and at.kind == "manifests" else ""
            told: dict[str, Any] = {"repository": at.name if at else "", "user": user, "status": denial.status}
            self._state.events.add(
                "ecr", "refused", reference=reference, code=denial.code, message=denial.message, **told
            )
        if denial.status == 401:
            headers = {
                **VERSION,
                "WWW-Authenticate": f'Basic realm="https://{request.host}/",service="ecr.amazonaws.com"',
            }
            return error(401, denial.code, denial.message, headers=headers)
        return error(denial.status, denial.code, denial.message)


def _pages(request: web.BaseRequest) -> listing.Pages:
    """ECR writes the whole address into `Link` (deitch/docker_registry2#34)."""
    return listing.Pages(PAGE, MOST, asked_at(request))


def missing(name: str, account: str) -> str:
    return f"The repository with name '{name}' does not exist in the registry with id '{account}'"


def is_immutable(repository: Any, tag: str) -> bool:
    """Whether a tag of moto's repository may not move (ECR API reference, ImageTagMutabilityExclusionFilter)."""
    setting = str(getattr(repository.image_tag_mutability, "value", repository.image_tag_mutability))
    exclusions = repository.image_tag_mutability_exclusion_filters or ()
    patterns = [re.escape(str(exclusion.get("filter", ""))).replace(r"\*", ".*") for exclusion in exclusions]
    excluded = any(re.fullmatch(pattern, tag) for pattern in patterns)
    return setting.startswith("IMMUTABLE") != excluded


def _actions(method: str, at: Route) -> tuple[str, ...]:
    """The IAM actions behind a data-plane request (ECR user guide, "Required IAM permissions for pushing an image")."""
    reads = method in ("GET", "HEAD")
    if at.kind == "tags":
        return ("ListImages",)
    if at.kind == "referrers":  # ECR API reference, ListImageReferrers
        return ("BatchGetImage",)
    if at.kind == "manifests":
        return ("BatchGetImage",) if reads else ("PutImage",) if method == "PUT" else ("BatchDeleteImage",)
    if at.kind == "blobs":
        return ("BatchCheckLayerAvailability",) if method == "HEAD" else ("GetDownloadUrlForLayer",)
    return {
        "POST": ("InitiateLayerUpload",),
        "PUT": ("UploadLayerPart", "CompleteLayerUpload"),
    }.get(method, ("UploadLayerPart",))

"""ECR Public's rules in front of ECR's store: everybody reads, with or without a login; only the account's own write.

ECR Public user guide ("Registry authentication", "Pulling an image from the Amazon ECR Public Gallery") and API
reference. Its images lie in the store of ECR's registry, under the alias that every name begins with. Texts as Docker
prints them against public.ecr.aws (aws-samples/amazon-eks-cdk-blue-green-cicd#24, vacri in aws/containers-roadmap
issue 1296: a kept login that expired is refused even where none is needed); what it answers to a push without a login
could not be looked up.
"""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from labs.base.settings import ECR_PUBLIC_ALIAS, ECR_PUBLIC_REGION
from labs.sandbox.gateway.errors import DenialError, RefusedError, UnavailableError
from labs.sandbox.gateway.http import MANIFEST_BYTES, answer, asked_at, body
from labs.sandbox.gateway.identity import Identities, Principal
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries import listing
from labs.sandbox.gateway.registries.hub import basic
from labs.sandbox.gateway.registries.passwords import Passwords
from labs.sandbox.gateway.registries.store import Store, unavailable
from labs.sandbox.gateway.registries.upstream import VERSION, Route, error, route

SERVICE = "public.ecr.aws"
ANONYMOUS = "anonymous"
NOT_AUTHORIZED = "Not Authorized"
ACTIONS = {"POST": "InitiateLayerUpload", "PATCH": "UploadLayerPart", "PUT": "CompleteLayerUpload"}
"""The IAM action behind each request of an upload (ECR Public user guide, "Pushing an image")."""


class EcrPublic:
    """Handler of /v2/ and /token/ on ECR Public's port."""

    def __init__(self, state: State, store: Store, identities: Identities) -> None:
        self._state = state
        self._store = store
        self._identities = identities
        self.passwords = Passwords(state, identities, "ecr-public", ECR_PUBLIC_REGION)

    def token(self, request: web.BaseRequest) -> web.Response:
        """`GET /token/`: the Bearer token is the API's own, `AWS:password` in base64, or one that says nobody; what it
        is worth is said below /v2/.
        """
        credentials = basic(request)
        words = ":".join(credentials) if credentials else ANONYMOUS
        return answer({"token": base64.b64encode(words.encode()).decode()})

    async def v2(self, request: web.BaseRequest) -> web.StreamResponse:
        """Everything below /v2/."""
        at = route(request.path)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return _challenge(request)
        user = ""
        try:
            principal = self._principal(token)
            user = principal.name if principal else ""
            if request.path in ("/v2/", "/v2"):
                if principal:
                    self._state.events.add("ecr-public", "login", user=user)
                return web.json_response({}, headers=VERSION)
            if at is None:
                raise DenialError(404, "NOT_FOUND", "404 page not found")
            return await self._allowed(request, at, principal)
        except DenialError as denial:
            self._tell(request, at, user, denial)
            return error(denial.status, denial.code, denial.message)
        except UnavailableError as failure:
            return unavailable(failure)

    def _principal(self, token: str) -> Principal | None:
        """Whose token it is; None for nobody's.

        Raises:
            DenialError: it is a login's, which is not good, or not good any more.
        """
        try:
            words = base64.b64decode(token, validate=True).decode()
        except ValueError:
            raise DenialError(400, "BAD_REQUEST", "Bad Request") from None
        if words == ANONYMOUS:
            return None
        user, _, password = words.partition(":")
        return self.passwords.principal(user, password)

    async def _allowed(self, request: web.BaseRequest, at: Route, who: Principal | None) -> web.StreamResponse:
        held = self._state.images["ecr-public"].get(at.name)
        if held is None:
            raise DenialError(404, "NAME_UNKNOWN", missing(at.name))
        writes = at.kind == "uploads" or request.method not in ("GET", "HEAD")
        if writes:
            self._permit(
                who, at.name, "PutImage" if at.kind == "manifests" else ACTIONS.get(request.method, "PutImage")
            )
        if at.kind == "tags":
            return listing.tags(request, at.name, held, listing.Pages())
        if at.kind == "referrers":
            return listing.referrers(request, held, at.reference)
        if at.kind == "manifests":
            return await self._manifest(request, at, who)
        if at.kind == "blobs" and writes:
            raise DenialError(405, "UNSUPPORTED", "The operation is unsupported.")
        # No blob comes from another repository: the one that `from` names is in a registry of its own.
        return await self._store.upstream.forward(
            request, request.path if "from" in request.query else request.raw_path
        )

    async def _manifest(self, request: web.BaseRequest, at: Route, who: Principal | None) -> web.StreamResponse:
        if request.method == "PUT" and who:
            data = await body(request, MANIFEST_BYTES)
            async with self._state.lock:
                # Asked again under the lock: the repository may have been deleted meanwhile.
                if self._state.images["ecr-public"].get(at.name) is None:
                    raise DenialError(404, "NAME_UNKNOWN", missing(at.name))
                return await self._store.accept(request, at, who.name, data)
        if request.method == "DELETE":
            raise DenialError(405, "UNSUPPORTED", "The operation is unsupported.")
        image = self._state.images["ecr-public"].find(at.name, at.reference)
        if image is None:
            raise DenialError(404, "MANIFEST_UNKNOWN", "Requested image not found")
        response = await self._store.upstream.forward(request, f"/v2/{at.name}/manifests/{image.digest}")
        if response.status == 200:  # an engine that has the manifest already asks by HEAD alone
            told: dict[str, Any] = {"repository": at.name, "reference": at.reference}
            told |= {"user": who.name} if who else {"subject": ANONYMOUS}
            self._state.events.add("ecr-public", "pull" if request.method == "GET" else "pull-head", **told)
        return response

    def _permit(self, who: Principal | None, name: str, action: str) -> None:
        if who is None:
            raise DenialError(403, "DENIED", NOT_AUTHORIZED)
        try:
            self._identities.authorize(who, f"ecr-public:{action}", arn(self._state, name))
        except RefusedError as refused:
            raise DenialError(403, "DENIED", refused.message) from None

    def _tell(self, request: web.BaseRequest, at: Route | None, user: str, denial: DenialError) -> None:
        # A HEAD asks whether something is there: "not there" is an answer, not a refusal.
        if not (request.method == "HEAD" and denial.status == 404):
            reference = at.reference if at and at.kind == "manifests" else ""
            told: dict[str, Any] = {"repository": at.name if at else "", "reference": reference, "user": user}
            told |= {"status": denial.status, "code": denial.code, "message": denial.message}
            self._state.events.add("ecr-public", "refused", **told)


def missing(path: str) -> str:
    """Of a repository that is not there, as ECR Public says it: the registry's id is the alias."""
    alias, _, name = path.partition("/")
    return f"The repository with name '{name or path}' does not exist in the registry with id '{alias}'"


def path_of(name: str) -> str:
    """A repository's name as it stands in the names of images: behind the registry's alias."""
    return f"{ECR_PUBLIC_ALIAS}/{name}"


def arn(state: State, path: str) -> str:
    """Of the repository at this path (Service Authorization Reference, ECR Public): without a region."""
    return f"arn:aws:ecr-public::{state.settings.account}:repository/{path.partition('/')[2]}"


def _challenge(request: web.BaseRequest) -> web.Response:
    told = f'Bearer realm="{asked_at(request)}/token/",service="{SERVICE}",scope="aws"'
    return web.Response(status=401, text="Not Authorized\n", headers={**VERSION, "WWW-Authenticate": told})

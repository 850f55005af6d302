"""ECR Public's API calls that the course needs, which moto does not have: repositories, images, tokens.

ECR Public API reference. The registry has one region, us-east-1, whoever asks ("Amazon ECR Public endpoints and
quotas"; us-west-2 has the calls too, and no login).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

from labs.base.settings import ECR_PUBLIC_ALIAS, ECR_PUBLIC_REGION
from labs.sandbox.gateway.aws.ecr_api import INVALID_NAME
from labs.sandbox.gateway.aws.ecr_images import details, error, find
from labs.sandbox.gateway.errors import RefusedError, UnavailableError
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.entries import PublicRepository, PublicRepositoryGone
from labs.sandbox.gateway.memory.images import Repository
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.ecr_public import EcrPublic, missing, path_of
from labs.sandbox.gateway.registries.passwords import PASSWORD_SECONDS
from labs.sandbox.gateway.registries.store import Store
from labs.sandbox.gateway.registries.upstream import REPOSITORY_NAME

NOT_KEPT = ("catalogData", "tags")
"""What `CreateRepository` takes and the lab does not keep: it refuses it rather than forget it."""


class EcrPublicApi:
    def __init__(self, state: State, store: Store, registry: EcrPublic) -> None:
        self._state = state
        self._store = store
        self._registry = registry
        self._answers: dict[str, Callable[[Call], Awaitable[Reply]]] = {
            "GetAuthorizationToken": self._token,
            "DescribeRegistries": self._registries,
            "CreateRepository": self._create,
            "DescribeRepositories": self._repositories,
            "DeleteRepository": self._delete,
            "DescribeImages": self._images,
        }

    async def answer(self, call: Call) -> Reply:
        """One call of the ECR Public API.

        Raises:
            RefusedError: it is signed for another region, as the one endpoint of the service refuses it.
        """
        if call.region != ECR_PUBLIC_REGION:
            raise RefusedError("signature", f"Credential should be scoped to a valid region, not '{call.region}'. ")
        own = self._answers.get(call.action)
        if own is None:
            return error("UnsupportedCommandException", f"The lab does not offer ecr-public {call.action}.")
        name = call.parameters.get("repositoryName")
        if name is not None and not re.fullmatch(REPOSITORY_NAME, name, re.ASCII):
            return error("InvalidParameterException", INVALID_NAME)
        try:
            return await own(call)
        except UnavailableError:
            return aws_errors.of("json", RefusedError("busy"))

    async def _token(self, call: Call) -> Reply:
        words = f"AWS:{self._registry.passwords.issue(call.key, call.region)}"
        expires = round(self._state.clock.now() + PASSWORD_SECONDS, 3)
        token = base64.b64encode(words.encode()).decode()
        return Reply.json({"authorizationData": {"authorizationToken": token, "expiresAt": expires}})

    async def _registries(self, _: Call) -> Reply:
        account, uri = self._state.settings.account, self._state.settings.ecr_public_registry
        alias = {
            "name": ECR_PUBLIC_ALIAS,
            "status": "ACTIVE",
            "primaryRegistryAlias": True,
            "defaultRegistryAlias": True,
        }
        told = {"registryId": account, "registryArn": f"arn:aws:ecr-public::{account}:registry/{account}"}
        told["registryUri"] = f"{uri}/{ECR_PUBLIC_ALIAS}"
        return Reply.json({"registries": [{**told, "verified": False, "aliases": [alias]}]})

    async def _create(self, call: Call) -> Reply:
        name = call.parameters["repositoryName"]
        for option in NOT_KEPT:
            if call.parameters.get(option):
                return error("UnsupportedCommandException", f"The lab does not keep {option} of a public repository.")
        async with self._state.lock:
            if self._held(name):
                where = f"in the registry with id '{self._state.settings.account}'"
                message = f"The repository with name '{name}' already exists {where}"
                return error("RepositoryAlreadyExistsException", message)
            await self._state.record(PublicRepository(path_of(name)))
        return Reply.json({"repository": self._described(name), "catalogData": {}})

    async def _repositories(self, call: Call) -> Reply:
        wanted = call.parameters.get("repositoryNames")
        names = wanted or [path.partition("/")[2] for path in self._state.images["ecr-public"].repositories]
        for name in names:
            if self._held(name) is None:
                return self._missing(name)
        return Reply.json({"repositories": [self._described(name) for name in names]})

    async def _delete(self, call: Call) -> Reply:
        name = call.parameters["repositoryName"]
        async with self._state.lock:
            if (held := self._held(name)) is None:
                return self._missing(name)
            images = held.all()
            if images and not call.parameters.get("force"):
                where = f"in registry with id '{self._state.settings.account}' cannot be deleted"
                message = f"The repository with name '{name}' {where} because it still contains images"
                return error("RepositoryNotEmptyException", message)
            if images and not await self._store.upstream.alive():
                raise UnavailableError
            described = self._described(name)
            await self._state.record(PublicRepositoryGone(path_of(name)))
            await self._store.empty(path_of(name), images)
        return Reply.json({"repository": described})

    async def _images(self, call: Call) -> Reply:
        name = call.parameters["repositoryName"]
        if (held := self._held(name)) is None:
            return self._missing(name)
        images = held.all()
        if wanted := call.parameters.get("imageIds"):
            found = [find(held, one) for one in wanted]
            if problem := next((told for image, told in found if image is None), None):
                return error(f"{problem[0]}Exception", problem[1])
            images = [image for image, _ in found if image]
        return Reply.json({"imageDetails": [details(self._state.settings.account, name, image) for image in images]})

    def _held(self, name: str) -> Repository | None:
        return self._state.images["ecr-public"].get(path_of(name))

    def _missing(self, name: str) -> Reply:
        return error("RepositoryNotFoundException", missing(f"{self._state.settings.account}/{name}"))

    def _described(self, name: str) -> dict[str, Any]:
        account, held = self._state.settings.account, self._held(name)
        return {
            "repositoryArn": f"arn:aws:ecr-public::{account}:repository/{name}",
            "registryId": account,
            "repositoryName": name,
            "repositoryUri": f"{self._state.settings.ecr_public_registry}/{path_of(name)}",
            "createdAt": round(held.created_at, 3) if held else 0,
        }

"""ECR's API calls: those that touch the registry's store, those that read it (`ecr_images`), and the rest, moto's.

ECR API reference: GetAuthorizationToken, PutImage, BatchDeleteImage, DeleteRepository.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from labs.sandbox.gateway.aws.ecr_images import EcrImages, Id, error, find, image_id
from labs.sandbox.gateway.errors import RefusedError, UnavailableError
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.images import Image, Repository
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.ecr import Ecr, is_immutable, missing
from labs.sandbox.gateway.registries.passwords import PASSWORD_SECONDS
from labs.sandbox.gateway.registries.store import Store, digest_of
from labs.sandbox.gateway.registries.upstream import REPOSITORY_NAME

INVALID_NAME = (
    "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "
    r"'[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*''"
)
"""As AWS writes it."""
LAYER_CALLS = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "GetDownloadUrlForLayer")


class EcrApi:
    def __init__(self, state: State, store: Store, registry: Ecr) -> None:
        self._state = state
        self._store = store
        self._registry = registry
        self._images = EcrImages(state)

    async def answer(self, call: Call) -> Reply:
        """One call of the ECR API."""
        if call.action in LAYER_CALLS:
            return error("UnsupportedCommandException", "The lab moves layers with docker push and docker pull only.")
        registry = call.parameters.get("registryId")
        if registry not in (None, self._state.settings.account):
            return error(
                "RepositoryNotFoundException", missing(str(call.parameters.get("repositoryName")), str(registry))
            )
        if call.action == "GetAuthorizationToken":
            return self._token(call)
        name = call.parameters.get("repositoryName")
        if name is not None and not re.fullmatch(REPOSITORY_NAME, name, re.ASCII):
            return error("InvalidParameterException", INVALID_NAME)
        if (read := self._images.answer(call)) is not None:
            return read
        own = {
            "PutImage": self._put_image,
            "BatchDeleteImage": self._batch_delete,
            "DeleteRepository": self._delete_repository,
            "BatchCheckLayerAvailability": self._layers,
        }.get(call.action)
        if own is None:
            return await self._state.call(call)
        if call.region != self._state.settings.region and call.action != "DeleteRepository":
            return self._missing(call)
        async with self._state.lock:
            try:
                return await own(call)
            except UnavailableError:
                return aws_errors.of("json", RefusedError("busy"))

    def _endpoint(self) -> str:
        settings = self._state.settings
        return f"{'https' if settings.has_real_names else 'http'}://{settings.ecr_registry}"

    def _missing(self, call: Call) -> Reply:
        message = missing(str(call.parameters.get("repositoryName")), self._state.settings.account)
        return error("RepositoryNotFoundException", message)

    def _token(self, call: Call) -> Reply:
        token = base64.b64encode(f"AWS:{self._registry.passwords.issue(call.key, call.region)}".encode()).decode()
        data = {
            "authorizationToken": token,
            "expiresAt": round(self._state.clock.now() + PASSWORD_SECONDS, 3),
            "proxyEndpoint": self._endpoint(),
        }
        return Reply.json({"authorizationData": [data]})

    def _held(self, call: Call) -> tuple[str, Any, Repository]:
        name = str(call.parameters.get("repositoryName"))
        held = self._state.images["ecr"].get(name)
        return name, self._state.cloud.repository(name), held or Repository(0, 0)

    async def _put_image(self, call: Call) -> Reply:
        """A manifest by API goes the same way as one by push: into the registry, then into the journal."""
        name, repository, held = self._held(call)
        if repository is None:
            return self._missing(call)
        manifest, tag = str(call.parameters.get("imageManifest", "")), str(call.parameters.get("imageTag") or "")
        digest = digest_of(manifest.encode())
        if problem := _put_problem(call, repository, held, digest, tag, self._state.settings.account):
            return problem
        kind = str(call.parameters.get("imageManifestMediaType") or _media_type(manifest))
        answer = await self._store.put(name, tag or digest, kind, manifest.encode())
        if answer.status != 201:
            return error(*_store_problem(answer.body, name, self._state.settings.account))
        shown = {"registryId": self._state.settings.account, "repositoryName": name, "imageManifest": manifest}
        shown["imageManifestMediaType"] = kind
        self._state.events.add("ecr", "push", repository=name, reference=tag or digest, status=201)
        return Reply.json({"image": {**shown, "imageId": image_id(digest, tag)}})

    async def _batch_delete(self, call: Call) -> Reply:
        """A tag alone is taken off; the last tag, or a digest, deletes the image (API reference, BatchDeleteImage)."""
        name, repository, held = self._held(call)
        if repository is None:
            return self._missing(call)
        deleted: list[Id] = []
        failures: list[dict[str, Any]] = []
        for wanted in call.parameters.get("imageIds") or ():
            image, problem = _deletable(held, wanted)
            if image is None:
                failures.append({"imageId": wanted, "failureCode": problem[0], "failureReason": problem[1]})
            elif "imageDigest" not in wanted and len(image.tags) > 1:
                await self._store.remove(name, [], [wanted["imageTag"]])
                deleted.append(image_id(image.digest, wanted["imageTag"]))
            else:
                tags = list(image.tags) or [""]
                await self._store.remove(name, [image], [])
                deleted += [image_id(image.digest, tag) for tag in tags]
        return Reply.json({"imageIds": deleted, "failures": failures})

    async def _delete_repository(self, call: Call) -> Reply:
        name, _, held = self._held(call)
        images = held.all() if call.region == self._state.settings.region else []
        if images and not await self._store.upstream.alive():
            raise UnavailableError
        reply = await self._state.call(call)
        if reply.status < 300:
            await self._store.empty(name, images)
        return reply

    async def _layers(self, call: Call) -> Reply:
        name, repository, _ = self._held(call)
        if repository is None:
            return self._missing(call)
        layers, failures = [], []
        for digest in call.parameters.get("layerDigests") or ():
            answer = await self._store.upstream.ask("HEAD", f"/v2/{name}/blobs/{digest}")
            if answer.status == 200:
                size = int(answer.headers.get("Content-Length", 0))
                layers.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size})
            else:
                why = f"Layer digest '{digest}' could not be found"
                failures.append({"layerDigest": digest, "failureCode": "MissingLayerDigest", "failureReason": why})
        return Reply.json({"layers": layers, "failures": failures})


def _deletable(held: Repository, wanted: Id) -> tuple[Image | None, tuple[str, str]]:
    image, problem = find(held, wanted)
    if image and (parents := held.parents(image.digest)):
        reason = f"Requested image referenced by manifest list: [{', '.join(parents)}]"
        return None, ("ImageReferencedByManifestList", reason)
    return image, problem


def _put_problem(call: Call, repository: Any, held: Repository, digest: str, tag: str, account: str) -> Reply | None:
    wanted = call.parameters.get("imageDigest")
    if wanted and wanted != digest:
        return error("ImageDigestDoesNotMatchException", "The specified digest does not match the image's digest")
    name, before = repository.name, held.tagged(tag) if tag else held.images.get(digest)
    if before is not None and before.digest == digest:
        where = f"in the repository with name '{name}' in registry with id '{account}'"
        return error(
            "ImageAlreadyExistsException", f"Image with digest '{digest}' and tag '{tag}' already exists {where}"
        )
    if before is not None and is_immutable(repository, tag):
        where = f"in the '{name}' repository and cannot be overwritten because the tag is immutable."
        return error("ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists {where}")
    return None


def _media_type(manifest: str) -> str:
    try:
        return str(json.loads(manifest).get("mediaType", ""))
    except (ValueError, AttributeError):
        return ""


def _store_problem(body: bytes, name: str, account: str) -> tuple[str, str]:
    """The registry's refusal of a manifest in ECR's words."""
    try:
        codes = [one["code"] for one in json.loads(body)["errors"]]
    except (ValueError, LookupError, TypeError):
        codes = []
    if any("BLOB_UNKNOWN" in code for code in codes):
        where = f"in the repository with name '{name}' in registry with id '{account}'"
        return "LayersNotFoundException", f"Layers of the image do not exist {where}"
    return (
        "InvalidParameterException",
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    )

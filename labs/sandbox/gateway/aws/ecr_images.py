"""ECR's API calls that only read images: answered from what the registry holds, not by moto.

ECR API reference: DescribeImages, ListImages, BatchGetImage, ListImageReferrers, DescribeImageScanFindings,
StartImageScan, BatchGetRepositoryScanningConfiguration. Lists are answered whole; `paging` cuts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from labs.sandbox.gateway.aws.shapes import constraint
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.images import Image, Repository
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.ecr import missing

Id = dict[str, str]
DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
BAD_DIGEST = f"Invalid request parameters: image digest should satisfy the regex '{DIGEST.pattern}'"
NO_ID = "Invalid request parameters: both tag and digest cannot be null"


class EcrImages:
    """What images a repository has. Of a region where nothing can be pushed to a repository has none."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers: dict[str, Callable[[Call, Repository], Reply]] = {
            "DescribeImages": self._describe,
            "ListImages": self._list,
            "BatchGetImage": self._get,
            "ListImageReferrers": self._referrers,
            "DescribeImageScanFindings": self._findings,
            "StartImageScan": self._scan,
        }

    def answer(self, call: Call) -> Reply | None:
        """The answer to one of these calls; None where it is another."""
        if call.action == "BatchGetRepositoryScanningConfiguration":
            return self._scanning(call)
        own = self._answers.get(call.action)
        if own is None:
            return None
        name = str(call.parameters.get("repositoryName"))
        if self._state.cloud.repository(name, call.region) is None:
            return error("RepositoryNotFoundException", missing(name, self._state.settings.account))
        here = call.region == self._state.settings.region
        held = self._state.images["ecr"].get(name) if here else None
        return own(call, held or Repository(0, 0))

    def _describe(self, call: Call, held: Repository) -> Reply:
        wanted = call.parameters.get("imageIds")
        images = held.all()
        if wanted:
            found = [(one, find(held, one)) for one in wanted]
            for one, (image, (code, why)) in found:
                if image is None:
                    return self._no_image(call, one) if code == "ImageNotFound" else _invalid("imageIds", why)
            images = list({image.digest: image for _, (image, _) in found if image}.values())
        return Reply.json({"imageDetails": [self._details(call, image) for image in _filtered(call, images)]})

    def _details(self, call: Call, image: Image) -> dict[str, Any]:
        subject = {"subjectManifestDigest": image.subject} if image.subject else {}
        return details(self._state.settings.account, call.parameters["repositoryName"], image) | subject

    def _list(self, call: Call, held: Repository) -> Reply:
        images = _filtered(call, held.all())
        return Reply.json({"imageIds": [image_id(image.digest, tag) for image in images for tag in image.tags or [""]]})

    def _get(self, call: Call, held: Repository) -> Reply:
        images, failures = [], []
        for wanted in call.parameters.get("imageIds") or ():
            image, (code, why) = find(held, wanted)
            if image is None:
                failures.append({"imageId": wanted, "failureCode": code, "failureReason": why})
                continue
            images.append(
                {
                    "registryId": self._state.settings.account,
                    "repositoryName": call.parameters["repositoryName"],
                    "imageId": image_id(image.digest, wanted.get("imageTag", "")),
                    "imageManifest": image.manifest,
                    "imageManifestMediaType": image.media_type,
                }
            )
        return Reply.json({"images": images, "failures": failures})

    def _referrers(self, call: Call, held: Repository) -> Reply:
        wanted = call.parameters.get("filter") or {}
        kinds = wanted.get("artifactTypes")
        if wanted.get("artifactStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
            return Reply.json({"referrers": []})
        found = held.referrers(call.parameters["subjectId"]["imageDigest"])
        shown = [
            {**image.descriptor(), "artifactStatus": "ACTIVE"}
            for image in found
            if not kinds or image.artifact_type in kinds
        ]
        return Reply.json({"referrers": shown})

    # Scanning, which the lab does not have -----------------------------------------------------

    def _findings(self, call: Call, held: Repository) -> Reply:
        """Of an image that was never scanned, in ECR's words: moto would invent a vulnerability."""
        wanted = call.parameters["imageId"]
        if problem := self._no_such(call, held, wanted):
            return problem
        where = f"in the repository with name '{call.parameters['repositoryName']}' in the registry with id"
        message = f"Image scan does not exist for the image with '{_told(wanted)}' {where}"
        return error("ScanNotFoundException", f"{message} '{self._state.settings.account}'")

    def _scan(self, call: Call, held: Repository) -> Reply:
        """As where scanning by hand is off (alexjurkiewicz/ecr-scan-image#44)."""
        problem = self._no_such(call, held, call.parameters["imageId"])
        return problem or error("ValidationException", "This feature is disabled")

    def _scanning(self, call: Call) -> Reply:
        """What is set of a repository, or by a rule of the registry: moto tells the rules alone."""
        shown, failures = [], []
        for name in call.parameters.get("repositoryNames") or ():
            repository = self._state.cloud.repository(name, call.region)
            if repository is None:
                code = "REPOSITORY_NOT_FOUND"
                failures.append({"repositoryName": name, "failureCode": code, "failureReason": code})
                continue
            told = dict(repository.scanning_config)
            if repository.image_scanning_configuration.get("scanOnPush"):
                told["scanOnPush"] = True
                if told["scanFrequency"] == "MANUAL":
                    told["scanFrequency"] = "SCAN_ON_PUSH"
            shown.append(told)
        return Reply.json({"scanningConfigurations": shown, "failures": failures})

    def _no_such(self, call: Call, held: Repository, wanted: Id) -> Reply | None:
        image, (code, why) = find(held, wanted)
        if image is not None:
            return None
        return self._no_image(call, wanted) if code == "ImageNotFound" else _invalid("imageId", why)

    def _no_image(self, call: Call, wanted: Id) -> Reply:
        account = self._state.settings.account
        where = f"the repository with name '{call.parameters['repositoryName']}' in the registry with id '{account}'"
        message = f"The image with imageId {_told(wanted)} does not exist within {where}"
        return error("ImageNotFoundException", message)


def error(code: str, message: str) -> Reply:
    return aws_errors.reply("json", 400, code, message)


def details(account: str, repository: str, image: Image) -> dict[str, Any]:
    """What both of ECR's services tell of an image, without what it does not have (API references, ImageDetail)."""
    told = {
        "registryId": account,
        "repositoryName": repository,
        "imageDigest": image.digest,
        "imageTags": list(image.tags),
        "imageSizeInBytes": image.size,
        "imagePushedAt": round(image.pushed_at, 3),
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def image_id(digest: str, tag: str) -> Id:
    return {"imageDigest": digest, **({"imageTag": tag} if tag else {})}


def find(held: Repository, wanted: Id) -> tuple[Image | None, tuple[str, str]]:
    """The image of an `ImageIdentifier`, or None with the failure's code and reason (API reference, ImageFailure)."""
    tag, digest = wanted.get("imageTag", ""), wanted.get("imageDigest", "")
    if not tag and not digest:
        return None, ("MissingDigestAndTag", NO_ID)
    if digest and not DIGEST.fullmatch(digest):
        return None, ("InvalidImageDigest", BAD_DIGEST)
    image = held.images.get(digest) if digest else held.tagged(tag)
    if image is None or (tag and tag not in image.tags):
        return None, ("ImageNotFound", "Requested image not found")
    return image, ("", "")


def _filtered(call: Call, images: Iterable[Image]) -> list[Image]:
    wanted: Mapping[str, str] = call.parameters.get("filter") or {}
    if wanted.get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return []  # nothing is ever archived here
    status = wanted.get("tagStatus", "ANY")
    return [image for image in images if status == "ANY" or (status == "TAGGED") == bool(image.tags)]


def _told(wanted: Id) -> str:
    digest, tag = wanted.get("imageDigest", "null"), wanted.get("imageTag", "null")
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"


def _invalid(where: str, why: str) -> Reply:
    return error("InvalidParameterException", constraint("ecr", where, why))

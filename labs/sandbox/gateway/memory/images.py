"""What images a registry holds: repositories, manifests by digest, tags. Fed by the journal, independent of moto.

Both registries keep one; ECR's is shown in `describe-images`, the Hub's in `/api/v2/repositories/…/tags/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Image:
    """A manifest in a repository.

    `size` follows ECR's `imageSizeInBytes`: compressed layers plus config, both as the manifest declares them; for an
    index the largest of its images (ECR API reference, ImageDetail).
    """

    digest: str
    media_type: str
    manifest: str
    pushed_at: float
    size: int = 0
    artifact_type: str = ""
    subject: str = ""
    """Digest of the manifest that this one is about (OCI image specification, "subject")."""
    children: tuple[str, ...] = ()
    tags: list[str] = field(default_factory=list)

    def descriptor(self) -> dict[str, Any]:
        """As a list of referrers shows it (OCI distribution specification, "Listing Referrers")."""
        shown = {"mediaType": self.media_type, "size": len(self.manifest.encode()), "digest": self.digest}
        told = {"artifactType": self.artifact_type, "annotations": _parsed(self.manifest).get("annotations")}
        return {**shown, **{name: value for name, value in told.items() if value}}


@dataclass
class Repository:
    created_at: float
    updated_at: float
    images: dict[str, Image] = field(default_factory=dict)

    def all(self) -> list[Image]:
        """As they are at this moment: the journal's thread may change them meanwhile."""
        return list(self.images.values())

    def tagged(self, tag: str) -> Image | None:
        return next((image for image in self.all() if tag in image.tags), None)

    def find(self, reference: str) -> Image | None:
        """By tag or by digest."""
        return self.images.get(reference) if ":" in reference else self.tagged(reference)

    def referrers(self, digest: str) -> list[Image]:
        """Manifests whose subject this one is, whether or not it is here itself."""
        return [image for image in self.all() if image.subject == digest]

    def parents(self, digest: str) -> list[str]:
        """Digests of the indexes that name this manifest."""
        return [image.digest for image in self.all() if digest in image.children]


class Images:
    """All repositories of one registry. `heard` also holds the digests that were deleted."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.heard: dict[str, set[str]] = {}

    def clear(self) -> None:
        self.repositories.clear()
        self.heard.clear()

    def get(self, repository: str) -> Repository | None:
        return self.repositories.get(repository)

    def find(self, repository: str, reference: str) -> Image | None:
        held = self.repositories.get(repository)
        return held.find(reference) if held else None

    def put(self, repository: str, tag: str, digest: str, media_type: str, manifest: str, moment: float) -> Image:
        """A manifest was accepted. A tag that pointed elsewhere leaves its old image, which stays untagged."""
        held = self.repositories.setdefault(repository, Repository(moment, moment))
        self.heard.setdefault(repository, set()).add(digest)
        held.updated_at = moment
        image = held.images.get(digest)
        if image is None:
            image = held.images[digest] = Image(digest, media_type, manifest, moment)
            _describe(image, held)
        if tag and tag not in image.tags:
            if before := held.tagged(tag):
                before.tags.remove(tag)
            image.tags.append(tag)
        return image

    def remove(self, repository: str, digests: Iterable[str], tags: Iterable[str]) -> None:
        """Manifests with all their tags go; other tags leave their image."""
        held = self.repositories.get(repository)
        if held is None:
            return
        for digest in digests:
            held.images.pop(digest, None)
        for tag in tags:
            if image := held.tagged(tag):
                image.tags.remove(tag)

    def drop(self, repository: str) -> None:
        self.repositories.pop(repository, None)


def _describe(image: Image, repository: Repository) -> None:
    parsed = _parsed(image.manifest)
    config, layers, children = parsed.get("config"), parsed.get("layers"), parsed.get("manifests")
    subject = parsed.get("subject")
    image.subject = str(subject.get("digest", "")) if isinstance(subject, Mapping) else ""
    image.artifact_type = str(parsed.get("artifactType") or "")
    if isinstance(config, Mapping):
        image.artifact_type = image.artifact_type or str(config.get("mediaType", ""))
        image.size = _size(config) + sum(map(_size, layers if isinstance(layers, list) else ()))
    elif isinstance(children, list):
        image.children = tuple(str(child.get("digest")) for child in children if isinstance(child, Mapping))
        sizes = [repository.images[digest].size for digest in image.children if digest in repository.images]
        image.size = max(sizes, default=0)


def _parsed(manifest: str) -> dict[str, Any]:
    try:
        parsed = json.loads(manifest)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _size(descriptor: Any) -> int:
    size = descriptor.get("size") if isinstance(descriptor, Mapping) else 0
    return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 0


def layer_digests(manifest: str) -> set[str]:
    """Config and layers that a manifest names."""
    parsed = _parsed(manifest)
    layers = parsed.get("layers")
    blobs = [parsed.get("config"), *(layers if isinstance(layers, list) else ())]
    return {str(blob["digest"]) for blob in blobs if isinstance(blob, Mapping) and "digest" in blob}

"""What a manifest must be before it is stored: read the same by every parser, with sizes that are its blobs' own.

The registry (Go) and the gateway (Python) read the same bytes. Go ignores the case of keys, lets the last of two equal
keys win and mends wrong UTF-8 (encoding/json); what the two would read differently is refused, so that
`describe-images` can never show another image than the one that is pulled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from labs.sandbox.gateway.errors import AmbiguousError
from labs.sandbox.gateway.registries.upstream import DIGEST

KEYS = frozenset(
    (
        *("schemaVersion", "mediaType", "config", "layers", "manifests", "artifactType", "subject", "annotations"),
        *("size", "digest", "urls", "platform"),
    )
)
"""Keys of the OCI image specification ("Image Manifest", "Image Index", "Content Descriptors") that mean something."""
_SPELLING = {key.lower(): key for key in KEYS}


def problem(data: bytes) -> str:
    """Why a manifest cannot be accepted, whatever its kind; empty where nothing speaks against it."""
    try:
        parsed = json.loads(data.decode("utf-8"), object_pairs_hook=_unambiguous)
    except UnicodeDecodeError:
        return "manifest is not UTF-8"
    except RecursionError:
        return "manifest is nested too deeply"
    except ValueError as error:  # JSONDecodeError and AmbiguousError
        return f"manifest invalid: {error}"
    if not isinstance(parsed, dict):
        return "manifest is not a JSON object"
    if parsed.get("schemaVersion") != 2 or not isinstance(parsed.get("mediaType", ""), str):
        return "manifest invalid: schemaVersion is 2, mediaType a text"
    if any(not isinstance(parsed.get(name, []), list) for name in ("layers", "manifests")):
        return "manifest invalid: layers and manifests are lists"
    if not isinstance(parsed.get("artifactType") or "", str) or not isinstance(parsed.get("annotations") or {}, dict):
        return "manifest invalid: artifactType is a text, annotations a map"
    alone = (parsed.get("config"), parsed.get("subject"))
    for descriptor in (*alone, *parsed.get("layers", ()), *parsed.get("manifests", ())):
        if descriptor is not None and not _is_descriptor(descriptor):
            return "manifest invalid: a descriptor needs mediaType, size and digest"
        if descriptor and descriptor.get("urls"):
            return "manifest invalid: layers that stand elsewhere (urls) are not accepted"
    return ""


def _is_descriptor(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    size, digest = value.get("size"), value.get("digest")
    whole = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 63
    return whole and isinstance(digest, str) and bool(DIGEST.fullmatch(digest))


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _ in pairs:
        folded = key.lower()
        if folded in seen or _SPELLING.get(folded, key) != key:
            raise AmbiguousError(f"ambiguous key {key[:40]!r}")
        seen.add(folded)
    return dict(pairs)


def blobs(data: bytes) -> Iterator[tuple[str, int]]:
    """Digest and declared size of the config and of each layer of a manifest without `problem`."""
    parsed = json.loads(data)
    for descriptor in (parsed.get("config"), *parsed.get("layers", ())):
        if descriptor is not None:
            yield descriptor["digest"], descriptor["size"]

"""What the gateway notes of images: tags, sizes, digests."""

from __future__ import annotations

import hashlib
import json

import pytest

from labs.sandbox.gateway.memory.images import Images, layer_digests
from labs.sandbox.gateway.registries.store import digest_of


def manifest(*sizes: int) -> str:
    config, *layers = ({"size": size, "digest": f"sha256:{size:064x}", "mediaType": "t"} for size in sizes)
    return json.dumps({"config": config, "layers": layers})


def test_a_moved_tag_leaves_its_image_untagged() -> None:
    images = Images()
    images.put("r", "v1", "sha256:a", "t", manifest(1, 20), 10)
    images.put("r", "v1", "sha256:b", "t", manifest(1, 30, 400), 20)
    assert images.find("r", "sha256:a").tags == []  # type: ignore[union-attr]
    assert images.find("r", "v1").size == 431  # type: ignore[union-attr]
    images.put("r", "v2", "sha256:b", "t", manifest(1, 30, 400), 30)
    assert images.find("r", "sha256:b").tags == ["v1", "v2"]  # type: ignore[union-attr]
    assert images.find("r", "sha256:b").pushed_at == 20  # type: ignore[union-attr]
    images.remove("r", ["sha256:b"], [])
    assert images.find("r", "v2") is None
    assert images.heard["r"] == {"sha256:a", "sha256:b"}


def test_an_index_is_as_large_as_its_largest_image() -> None:
    images = Images()
    images.put("r", "", "sha256:a", "t", manifest(1, 20), 1)
    images.put("r", "", "sha256:b", "t", manifest(1, 50), 1)
    index = json.dumps({"manifests": [{"digest": "sha256:a"}, {"digest": "sha256:b"}, {"digest": "sha256:c"}]})
    images.put("r", "v1", "sha256:i", "t", index, 1)
    assert images.find("r", "v1").size == 51  # type: ignore[union-attr]
    assert images.get("r").parents("sha256:a") == ["sha256:i"]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"layers": 3}', '{"config": {"size": "x"}, "layers": [null]}'])
def test_odd_manifests_do_no_harm(text: str) -> None:
    images = Images()
    if text != '{"layers": 3}':
        layer_digests(text)
    assert images.put("r", "v1", "sha256:a", "t", text, 1).size == 0


def test_digests_are_those_of_the_bytes() -> None:
    assert digest_of(b"x") == "sha256:" + hashlib.sha256(b"x").hexdigest()

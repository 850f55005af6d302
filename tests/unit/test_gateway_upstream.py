"""Which paths are the registry's, and where its answers point."""

from __future__ import annotations

import pytest

from labs.sandbox.gateway.registries.upstream import relocated, route

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("path", "kind", "name", "reference"),
    [
        ("/v2/a/b/blobs/uploads/", "uploads", "a/b", ""),
        ("/v2/a/b/blobs/uploads/1b-2c", "uploads", "a/b", "1b-2c"),
        (f"/v2/a/blobs/{DIGEST}", "blobs", "a", DIGEST),
        ("/v2/a/b/c/manifests/v1.0", "manifests", "a/b/c", "v1.0"),
        ("/v2/a/b/tags/list", "tags", "a/b", ""),
    ],
)
def test_routes(path: str, kind: str, name: str, reference: str) -> None:
    found = route(path)
    assert found
    assert (found.kind, found.name, found.reference) == (kind, name, reference)


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/_catalog", "/v2/A/manifests/x", "/v2/../manifests/x", "/v2/a/manifests/", "/x"]
)
def test_other_paths_are_no_routes(path: str) -> None:
    assert route(path) is None


def test_locations_stay_on_the_gateway() -> None:
    assert relocated("http://registry/v2/x?a=b%3D", "http://127.0.0.1:5001") == "http://127.0.0.1:5001/v2/x?a=b%3D"
    assert relocated("/v2/x", "https://auth.example") == "https://auth.example/v2/x"

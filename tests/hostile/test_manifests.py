"""Manifests that lie, that are huge, that two JSON parsers read differently; blobs of others; uploads out of order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..sandbox.gateway_kit import CONFIG, LAYER, MANIFEST, Lab, digest_of, image_of, manifest
from .conftest import SECRET_LAYER
from .kit import ALUNO, Attacker, Said, assert_registry_form, bounded

CONFIG_BLOB, LAYER_BLOB = b'{"architecture":"amd64","os":"linux"}', b"a layer"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"


@pytest.fixture(scope="module")
def blobs(gateway: Lab) -> None:
    """A config and a layer in both repositories, so that a manifest's own faults decide."""
    stock(gateway)


def stock(lab: Lab) -> None:
    for blob in (CONFIG_BLOB, LAYER_BLOB):
        lab.push_blob(lab.hub, "aluno/scrap", blob, lab.bearer("aluno/scrap", ALUNO), None)
        lab.push_blob(lab.ecr, "app", blob, None, lab.password())


def put(attacker: Attacker, registry: str, data: bytes, tag: str = "evil", kind: str = MANIFEST) -> Said:
    lab, headers = attacker.lab, {"Content-Type": kind}
    if registry == "hub":
        headers |= lab.bearer("aluno/scrap", ALUNO)
        return attacker.hub("PUT", f"/v2/aluno/scrap/manifests/{tag}", data, headers)
    return attacker.ecr("PUT", f"/v2/app/manifests/{tag}", data, headers | basic(lab))


def basic(lab: Lab) -> dict[str, str]:
    import base64

    return {"Authorization": "Basic " + base64.b64encode(":".join(lab.password()).encode()).decode()}


def good() -> dict[str, Any]:
    return dict(json.loads(manifest(CONFIG_BLOB, LAYER_BLOB)))


def spoiled(**changes: Any) -> bytes:
    return json.dumps({**good(), **changes}).encode()


def descriptor(size: object, digest: str = digest_of(LAYER_BLOB)) -> dict[str, Any]:
    return {"mediaType": LAYER, "size": size, "digest": digest}


FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LIES = {
    "a layer said to be larger": spoiled(layers=[descriptor(10**15)]),
    "a layer said to be smaller": spoiled(layers=[descriptor(1)]),
    "a negative size": spoiled(layers=[descriptor(-7)]),
    "a size beyond 64 bits": spoiled(layers=[descriptor(10**30)]),
    "a config said to be larger": spoiled(config={"mediaType": CONFIG, "size": 9, "digest": digest_of(CONFIG_BLOB)}),
    "a layer that does not exist": spoiled(layers=[descriptor(1, "sha256:" + "0" * 64)]),
    "a digest that is none": spoiled(layers=[descriptor(7, "sha256:../../../etc/passwd")]),
    "bytes that are no UTF-8": manifest(CONFIG_BLOB, LAYER_BLOB)[:-1] + b', "note": "\xff\xfe"}',
    "nesting beyond a parser's depth": manifest(CONFIG_BLOB, LAYER_BLOB)[:-1]
    + b', "x": '
    + b"[" * 5000
    + b"]" * 5000
    + b"}",
    "a key twice": manifest(CONFIG_BLOB, LAYER_BLOB)[:-1] + b', "layers": []}',
    "a key in another case": json.dumps({**good(), "Layers": []}).encode(),
    "a config in another case": manifest(CONFIG_BLOB, LAYER_BLOB).replace(b'"config"', b'"CONFIG"'),
    "layers that are a number": spoiled(layers=5),
    "layers that are null": spoiled(layers=None),
    "a list instead of an object": b"[]",
    "a layer that stands elsewhere": spoiled(
        layers=[{**descriptor(len(LAYER_BLOB)), "mediaType": FOREIGN, "urls": ["https://example.com/layer"]}]
    ),
    "nothing": b"",
    "no JSON": b"\x00\x01\x02",
    "five megabytes": b'{"x": "' + b"a" * (5 << 20) + b'"}',
}


@pytest.mark.parametrize("registry", ["hub", "ecr"])
@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_lies_is_refused(attacker: Attacker, blobs: None, registry: str, lie: str) -> None:
    said = put(attacker, registry, LIES[lie])
    assert_registry_form(said)
    assert said.status in (400, 404, 413), said


@pytest.mark.parametrize("registry", ["hub", "ecr"])
def test_a_manifest_of_another_kind_than_it_says_is_refused(attacker: Attacker, blobs: None, registry: str) -> None:
    for kind in (SCHEMA1, SCHEMA1.replace("+json", "+prettyjws"), "text/html", "", "application/json", "x" * 4000):
        said = put(attacker, registry, spoiled(layers=5, config={}), kind=kind)
        assert_registry_form(said)
        assert said.status >= 400, (kind, said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(("schemaVersion", "mediaType", "config", "layers", "manifests", "artifactType", "subject"))


@bounded
@given(changes=st.dictionaries(FIELDS, JSON, min_size=1, max_size=3), registry=st.sampled_from(("hub", "ecr")))
def test_any_json_in_any_field(attacker: Attacker, blobs: None, changes: dict[str, Any], registry: str) -> None:
    said = put(attacker, registry, spoiled(**changes))
    assert_registry_form(said)
    # Hypothesis may find the manifest that is right after all, as with `artifactType: ""`; take it away again.
    if said.status == 201:
        undo(attacker.lab, registry, digest_of(spoiled(**changes)))


def undo(lab: Lab, registry: str, digest: str) -> None:
    if registry == "ecr":
        lab.cloud.client("ecr", "console").batch_delete_image(repositoryName="app", imageIds=[{"imageDigest": digest}])
        return
    lab.http.delete(f"{lab.hub}/api/v2/repositories/aluno/scrap/", auth=ALUNO).raise_for_status()
    stock(lab)


@bounded
@given(data=st.binary(max_size=300), registry=st.sampled_from(("hub", "ecr")))
def test_any_bytes_as_a_manifest(attacker: Attacker, data: bytes, registry: str) -> None:
    said = put(attacker, registry, data)
    assert_registry_form(said)
    assert said.status >= 400


@pytest.mark.parametrize(
    "reference", ["sha256:" + "0" * 64, "sha512:" + "0" * 128, "sha256:XYZ", "md5:0", "-x", "a" * 300]
)
def test_a_wrong_digest_or_tag_is_refused(attacker: Attacker, blobs: None, reference: str) -> None:
    for registry in ("hub", "ecr"):
        said = put(attacker, registry, manifest(CONFIG_BLOB, LAYER_BLOB), reference)
        assert_registry_form(said)
        assert said.status >= 400, said


@pytest.mark.parametrize("where", ["query", "form"])
def test_a_blob_of_a_private_repository_is_not_mounted(attacker: Attacker, where: str) -> None:
    """The registry reads `from` and `mount` of a form too (Go's `FormValue`), past the rules for the query."""
    words = f"mount={digest_of(SECRET_LAYER)}&from=acme/segredo"
    headers = attacker.lab.bearer("aluno/app", ALUNO)
    if where == "query":
        said = attacker.hub("POST", f"/v2/aluno/app/blobs/uploads/?{words}", headers=headers)
    else:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        said = attacker.hub("POST", "/v2/aluno/app/blobs/uploads/", words.encode(), headers | form)
    assert said.status == 202, said
    taken = attacker.hub("GET", f"/v2/aluno/app/blobs/{digest_of(SECRET_LAYER)}", headers=headers)
    assert taken.status == 404, taken


def test_the_private_image_itself_is_out_of_reach(attacker: Attacker) -> None:
    headers = attacker.lab.bearer("aluno/app", ALUNO)
    digest = digest_of(image_of(SECRET_LAYER))
    for target in (
        "/v2/acme/segredo/manifests/v1",
        f"/v2/acme/segredo/manifests/{digest}",
        "/v2/aluno/app/../../acme/segredo/manifests/v1",
        "/v2/aluno/app/%2e%2e/%2e%2e/acme/segredo/manifests/v1",
        "/v2/aluno/app%2f..%2f..%2facme/segredo/manifests/v1",
        f"http://registry/v2/acme/segredo/manifests/{digest}",
        "/v2/_catalog",
        f"/v2/aluno/app/blobs/{digest_of(SECRET_LAYER)}",
    ):
        said = attacker.hub("GET", target, headers=headers)
        assert_registry_form(said)
        assert said.status >= 400 and SECRET_LAYER not in said.body and digest not in said.text, (target, said)


UPLOAD_STEPS = ("start", "patch", "put", "wrong", "no digest", "range", "delete", "get", "foreign")
STEPS = st.lists(st.sampled_from(UPLOAD_STEPS), max_size=6)


@bounded
@given(steps=STEPS, registry=st.sampled_from(("hub", "ecr")))
def test_uploads_out_of_order(attacker: Attacker, steps: list[str], registry: str) -> None:
    lab = attacker.lab
    name, ask = ("aluno/app", attacker.hub) if registry == "hub" else ("app", attacker.ecr)
    headers = lab.bearer(name, ALUNO) if registry == "hub" else basic(lab)
    location = f"/v2/{name}/blobs/uploads/00000000-0000-0000-0000-000000000000?_state=forged"
    for step in steps:
        join, plain = "&" if "?" in location else "?", f"/v2/{name}/blobs/uploads/"
        method, target, body, more = {
            "start": ("POST", plain, b"", {}),
            "patch": ("PATCH", location, b"data", {}),
            "put": ("PUT", f"{location}{join}digest={digest_of(b'data')}", b"", {}),
            "wrong": ("PUT", f"{location}{join}digest=sha256:{'1' * 64}", b"other", {}),
            "no digest": ("PUT", f"{location}{join}digest=md5:0", b"other", {}),
            "range": ("PATCH", location, b"data", {"Content-Range": "900-100"}),
            "delete": ("DELETE", location, b"", {}),
            "get": ("GET", location, b"", {}),
            "foreign": ("PATCH", location.replace(name, f"{name}x", 1), b"data", {}),
        }[step]
        said = ask(method, target, body, headers | more)
        assert_registry_form(said)
        if step == "foreign":
            assert said.status >= 400, said
        if step == "start":
            location = "/v2/" + said.headers["location"].partition("/v2/")[2]

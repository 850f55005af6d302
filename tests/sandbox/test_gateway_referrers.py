"""Artifacts that are about an image, as `oras attach` pushes them and `oras discover` finds them, on both registries.

OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Listing Referrers".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from .gateway_kit import MANIFEST, Lab, digest_of, image_of
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
SBOM, SIGNATURE = "application/spdx+json", "application/vnd.dev.cosign.artifact.sig.v1+json"
ALUNO = ("aluno", "token-aluno")


@dataclass
class Place:
    """A repository of one of the registries, and a client that may write to it."""

    lab: Lab
    base: str
    name: str

    def _who(self) -> dict[str, Any]:
        if self.base == self.lab.ecr:
            return {"auth": self.lab.password()}
        return {"headers": self.lab.bearer(self.name, ALUNO, "pull,push,delete")}

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        who = self._who()
        sent = {**who.pop("headers", {}), **(headers or {})}
        return self.lab.http.request(method, f"{self.base}/v2/{self.name}/{path}", headers=sent, **who, **more)

    def image(self) -> dict[str, Any]:
        """Push an image; returns its descriptor."""
        layer, who = os.urandom(30), self._who()
        reply = self.lab.push(self.base, self.name, "v1", layer, headers=who.get("headers"), auth=who.get("auth"))
        assert reply.status_code == 201, reply.text
        assert "OCI-Subject" not in reply.headers
        body = image_of(layer)
        return {"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body)}

    def put(self, content: dict[str, Any]) -> requests.Response:
        body = json.dumps({"schemaVersion": 2, **content}).encode()
        kind = {"Content-Type": content["mediaType"]}
        return self.ask("PUT", f"manifests/{digest_of(body)}", kind, data=body)

    def attach(self, subject: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
        """What `oras attach --artifact-type KIND` does; returns the artifact's descriptor, as a list should show it."""
        who = self._who()
        for blob in (b"{}", kind.encode()):
            reply = self.lab.push_blob(self.base, self.name, blob, who.get("headers"), who.get("auth"))
            assert reply.status_code == 201, reply.text
        layer = {"mediaType": kind, "digest": digest_of(kind.encode()), "size": len(kind)}
        content = {"mediaType": OCI, "artifactType": kind, "config": EMPTY, "layers": [layer], "subject": subject}
        reply = self.put({**content, **more})
        assert reply.status_code == 201, reply.text
        assert reply.headers["OCI-Subject"] == subject["digest"]
        length = len(json.dumps({"schemaVersion": 2, **content, **more}))
        shown = {"mediaType": OCI, "digest": reply.headers["Docker-Content-Digest"], "size": length}
        return {**shown, "artifactType": kind, **more}

    def referrers(self, digest: str, **query: str) -> requests.Response:
        reply = self.ask("GET", f"referrers/{digest}", params=query)
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, INDEX), reply.text
        content = reply.json()
        assert (content["schemaVersion"], content["mediaType"]) == (2, INDEX)
        return reply


@pytest.fixture(params=["hub", "ecr"])
def place(gateway: Lab, request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "hub":
        yield Place(gateway, gateway.hub, "aluno/artefatos")
        url = f"{gateway.hub}/api/v2/repositories/aluno/artefatos/"
        assert gateway.http.delete(url, auth=ALUNO).status_code == 202
        return
    api = gateway.cloud.client("ecr", "console")
    api.create_repository(repositoryName="artefatos")
    yield Place(gateway, gateway.ecr, "artefatos")
    api.delete_repository(repositoryName="artefatos", force=True)


def test_what_is_attached_is_found(place: Place) -> None:
    subject = place.image()
    assert place.referrers(subject["digest"]).json()["manifests"] == []
    notes = {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"}
    sbom = place.attach(subject, SBOM, annotations=notes)
    signature = place.attach(subject, SIGNATURE)
    everything = place.referrers(subject["digest"])
    assert everything.json()["manifests"] == [sbom, signature]
    assert "OCI-Filters-Applied" not in everything.headers
    filtered = place.referrers(subject["digest"], artifactType=SIGNATURE)
    assert filtered.json()["manifests"] == [signature]
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    assert place.referrers(subject["digest"], artifactType="a/b").json()["manifests"] == []
    got = place.ask("GET", f"manifests/{sbom['digest']}", {"Accept": OCI})
    assert digest_of(got.content) == sbom["digest"]
    assert place.ask("GET", "tags/list").json()["tags"] == ["v1"]  # no client needs the tag scheme of old registries


def test_a_subject_may_come_later_and_is_anything(place: Place) -> None:
    """Also of an artifact itself, and an index may have one: its kind is its own `artifactType` alone."""
    later: dict[str, Any] = {"mediaType": OCI, "digest": digest_of(b"later"), "size": 5}
    sbom = place.attach(later, SBOM)
    about = {"mediaType": OCI, "digest": sbom["digest"], "size": sbom["size"]}
    signature = place.attach(about, SIGNATURE)
    index = {"mediaType": INDEX, "manifests": [{"mediaType": OCI, **about}], "subject": later}
    reply = place.put(index)
    assert (reply.status_code, reply.headers.get("OCI-Subject")) == (201, later["digest"])
    length = len(json.dumps({"schemaVersion": 2, **index}))
    shown = {"mediaType": INDEX, "digest": reply.headers["Docker-Content-Digest"], "size": length}
    assert place.referrers(later["digest"]).json()["manifests"] == [sbom, shown]
    assert place.referrers(sbom["digest"]).json()["manifests"] == [signature]


def test_an_old_image_manifest_is_of_its_configs_kind(place: Place) -> None:
    subject = place.image()
    config: dict[str, Any] = {**EMPTY, "mediaType": "application/vnd.exemplo.config+json"}
    place.attach(subject, SBOM)  # pushes the empty blob
    reply = place.put({"mediaType": OCI, "config": config, "layers": [], "subject": subject})
    assert reply.status_code == 201, reply.text
    found = place.referrers(subject["digest"], artifactType=config["mediaType"]).json()["manifests"]
    assert [one["digest"] for one in found] == [reply.headers["Docker-Content-Digest"]]


def test_what_is_no_digest_is_a_wrong_question(place: Place) -> None:
    place.image()
    for digest in ("v1", "sha256", "sha256:", ":x"):
        reply = place.ask("GET", f"referrers/{digest}")
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    for digest in (digest_of(b"nothing"), f"sha512:{'0' * 128}"):
        assert place.referrers(digest).json()["manifests"] == []
    assert place.ask("PUT", f"referrers/{digest_of(b'')}").status_code == 405


@pytest.mark.parametrize("subject", [3, [], {"digest": "x"}, {"mediaType": OCI, "digest": "sha256:1", "size": 1}])
def test_a_subject_that_is_none_is_refused(place: Place, subject: Any) -> None:
    place.attach({"mediaType": OCI, "digest": digest_of(b""), "size": 0}, SBOM)
    reply = place.put({"mediaType": OCI, "config": EMPTY, "layers": [], "subject": subject})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


def test_ecrs_api_knows_them_too(gateway: Lab) -> None:
    api, place = gateway.cloud.client("ecr", "console"), Place(gateway, gateway.ecr, "assinados")
    api.create_repository(repositoryName="assinados")
    subject = place.image()
    made = [place.attach(subject, kind) for kind in (SBOM, SIGNATURE)]
    asked: dict[str, Any] = {"repositoryName": "assinados", "subjectId": {"imageDigest": subject["digest"]}}
    first = api.list_image_referrers(**asked, maxResults=1)
    second = api.list_image_referrers(**asked, maxResults=1, nextToken=first["nextToken"])
    found = first["referrers"] + second["referrers"]
    assert "nextToken" not in second
    assert [{**one, "artifactStatus": "ACTIVE"} for one in made] == found
    filtered = api.list_image_referrers(**asked, filter={"artifactTypes": [SIGNATURE]})["referrers"]
    assert [one["digest"] for one in filtered] == [made[1]["digest"]]
    described = api.describe_images(repositoryName="assinados", filter={"tagStatus": "UNTAGGED"})["imageDetails"]
    assert {one["artifactMediaType"] for one in described} == {SBOM, SIGNATURE}
    assert {one["subjectManifestDigest"] for one in described} == {subject["digest"]}
    api.batch_delete_image(repositoryName="assinados", imageIds=[{"imageDigest": made[0]["digest"]}])
    assert [one["digest"] for one in place.referrers(subject["digest"]).json()["manifests"]] == [made[1]["digest"]]
    api.delete_repository(repositoryName="assinados", force=True)


def test_where_nothing_was_pushed_yet_the_list_is_empty(gateway: Lab) -> None:
    """404 would tell a client that the registry has no such API, and let it write tags of the old scheme."""
    assert Place(gateway, gateway.hub, "aluno/vazio").referrers(digest_of(b"")).json()["manifests"] == []


def test_they_are_there_after_a_restart_and_read_by_who_may_read(gateway: Lab) -> None:
    place = Place(gateway, gateway.hub, "aluno/fica")
    subject = place.image()
    made = place.attach(subject, SBOM)
    gateway.end()
    gateway.start_gateway()
    assert place.referrers(subject["digest"]).json()["manifests"] == [made]
    url = f"{gateway.hub}/v2/aluno/fica/referrers/{subject['digest']}"
    assert gateway.http.get(url).status_code == 401
    assert gateway.http.get(url, headers=gateway.bearer("aluno/fica")).status_code == 200
    gateway.http.post(
        f"{gateway.hub}/api/v2/repositories/aluno/fica/privacy/", json={"is_private": True}, auth=ALUNO
    ).raise_for_status()
    assert gateway.http.get(url, headers=gateway.bearer("aluno/fica")).status_code == 401

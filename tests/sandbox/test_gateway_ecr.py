"""ECR's rules and the agreement of both planes, against a real gateway, a real registry and boto3."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labs.base.errors import RegistryError
from labs.seams.registry import HttpRegistry
from labs.seams.world import World

from .gateway_kit import ENGINE, MANIFEST, Lab, digest_of, image_of
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

PUSH = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]


@pytest.fixture
def repository(gateway: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh repository of the test's own."""
    name = request.node.name.split("[")[0].replace("test_", "").replace("_", "-")[:60].strip("-")
    ecr = gateway.cloud.client("ecr", "console")
    ecr.create_repository(repositoryName=name)
    yield name
    try:
        ecr.delete_repository(repositoryName=name, force=True)
    except ecr.exceptions.RepositoryNotFoundException:
        return


def error_of(reply: object) -> tuple[int, str, str]:
    body = reply.json()["errors"][0]  # type: ignore[attr-defined]
    return reply.status_code, body["code"], body["message"]  # type: ignore[attr-defined]


def described(lab: Lab, name: str) -> dict[str, dict[str, Any]]:
    images = lab.cloud.client("ecr", "console").describe_images(repositoryName=name)["imageDetails"]
    return {image["imageDigest"]: image for image in images}


def test_a_push_without_login_gets_a_basic_challenge_and_an_event(gateway: Lab) -> None:
    last = gateway.last()
    reply = gateway.http.get(f"{gateway.ecr}/v2/", headers=ENGINE)
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert [event["code"] for event in gateway.events(last, kind="refused")] == ["NO_BASIC_AUTH"]


def test_a_login_withdraws_its_own_challenge(gateway: Lab) -> None:
    last = gateway.last()
    gateway.http.get(f"{gateway.ecr}/v2/", headers=ENGINE)
    assert gateway.http.get(f"{gateway.ecr}/v2/", headers=ENGINE, auth=gateway.password()).status_code == 200
    assert gateway.events(last, kind="refused") == []
    assert [event["service"] for event in gateway.events(last, kind="login")] == ["ecr"]


def test_a_health_probe_is_no_event(gateway: Lab) -> None:
    last = gateway.last()
    assert gateway.http.get(f"{gateway.ecr}/v2/").status_code == 401
    assert gateway.events(last) == []


def test_wrong_passwords_and_users_are_refused(gateway: Lab) -> None:
    _, password = gateway.password()
    for damaged in ("errada", password[:-2] + "xx", ""):
        assert gateway.http.get(f"{gateway.ecr}/v2/", auth=("AWS", damaged)).status_code == 400
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=("aluno", password)).status_code == 401


def test_each_token_is_random_and_says_when_it_expires(gateway: Lab) -> None:
    assert gateway.password() != gateway.password()
    data = gateway.cloud.client("ecr", "console").get_authorization_token()["authorizationData"][0]
    hours = (data["expiresAt"].timestamp() - __import__("time").time()) / 3600
    assert 11.9 < hours < 12.1
    assert data["proxyEndpoint"] == gateway.ecr


def test_a_token_expires_by_the_labs_clock(gateway: Lab, repository: str) -> None:
    auth = gateway.password()
    gateway.admin.set_clock(12 * 3600 + 60)
    try:
        reply = gateway.push(gateway.ecr, repository, "v1", b"x", auth=auth)
        text = "Your authorization token has expired. Reauthenticate and try again."
        assert error_of(reply) == (403, "DENIED", text)
        assert gateway.events(kind="refused", repository=repository)[-1]["message"] == text
        assert gateway.push(gateway.ecr, repository, "v1", b"x", auth=gateway.password()).status_code == 201
    finally:
        gateway.admin.set_clock(0)
    assert gateway.push(gateway.ecr, repository, "v2", b"x", auth=auth).status_code == 201


def test_the_next_morning_the_image_is_still_there(gateway: Lab, repository: str) -> None:
    """The login of yesterday is refused, which says nothing of what is there; the owner asks for a new token."""
    user, password = gateway.password()
    assert gateway.push(gateway.ecr, repository, "v1", b"yesterday", auth=(user, password)).status_code == 201
    address, seam = gateway.settings.ecr_registry, World(gateway.settings)
    kept = HttpRegistry(address, lambda: (user, password))
    assert seam.ecr_owner.manifest(repository, "v1") == kept.manifest(repository, "v1") is not None
    gateway.admin.set_clock(13 * 3600)
    try:
        for ask in (kept.tags, lambda name: kept.manifest(name, "v1"), lambda name: kept.manifest(name, "v2")):
            with pytest.raises(RegistryError, match="recusou"):
                ask(repository)
        assert not kept.accepts_login()
        assert seam.registry(address).manifest(repository, "v1") and seam.registry(address).tags(repository) == ("v1",)
        assert seam.registry(address).manifest(repository, "v2") is None
    finally:
        gateway.admin.set_clock(0)
    assert seam.registry(address).manifest(repository, "v1"), "and with the clock back again"


def test_a_token_of_another_region_is_refused(gateway: Lab) -> None:
    reply = gateway.http.get(f"{gateway.ecr}/v2/", auth=gateway.password(region="us-east-1"))
    assert reply.status_code == 400


def test_a_token_dies_with_its_access_key(gateway: Lab) -> None:
    key = gateway.user("revogada", ["ecr:*"])["aws_access_key_id"]
    auth = gateway.password("revogada")
    iam = gateway.cloud.client("iam", "console")
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=auth).status_code == 200
    iam.update_access_key(UserName="revogada", AccessKeyId=key, Status="Inactive")
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=auth).status_code == 403
    iam.update_access_key(UserName="revogada", AccessKeyId=key, Status="Active")
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=auth).status_code == 200
    iam.delete_access_key(UserName="revogada", AccessKeyId=key)
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=auth).status_code == 403


def test_the_repository_must_exist(gateway: Lab) -> None:
    reply = gateway.push(gateway.ecr, "nao-existe", "v1", b"x", auth=gateway.password())
    text = "The repository with name 'nao-existe' does not exist in the registry with id '123456789012'"
    assert error_of(reply) == (404, "NAME_UNKNOWN", text)
    assert gateway.events(kind="refused", repository="nao-existe")[-1]["code"] == "NAME_UNKNOWN"


def test_a_push_is_at_once_described_with_digest_size_and_type(gateway: Lab, repository: str) -> None:
    data = os.urandom(70_000)
    assert gateway.push(gateway.ecr, repository, "v1", data, auth=gateway.password()).status_code == 201
    body = image_of(data)
    shown = described(gateway, repository)[digest_of(body)]
    assert shown["imageTags"] == ["v1"]
    assert shown["imageSizeInBytes"] == len(data) + json.loads(body)["config"]["size"]
    assert shown["imageManifestMediaType"] == MANIFEST
    assert abs(shown["imagePushedAt"].timestamp() - __import__("time").time()) < 60
    got = gateway.http.get(f"{gateway.ecr}/v2/{repository}/manifests/v1", auth=gateway.password())
    assert got.content == body
    api = gateway.cloud.client("ecr", "console")
    found = api.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"][0]
    assert found["imageManifest"].encode() == body


def test_a_moved_tag_leaves_the_old_image_untagged(gateway: Lab, repository: str) -> None:
    auth = gateway.password()
    first, second = os.urandom(100), os.urandom(100)
    for data in (first, second):
        assert gateway.push(gateway.ecr, repository, "v1", data, auth=auth).status_code == 201
    shown = described(gateway, repository)
    assert "imageTags" not in shown[digest_of(image_of(first))]
    assert shown[digest_of(image_of(second))]["imageTags"] == ["v1"]
    old = f"{gateway.ecr}/v2/{repository}/manifests/{digest_of(image_of(first))}"
    assert gateway.http.get(old, auth=auth).content == image_of(first)


def test_an_immutable_tag_is_refused_even_for_the_same_image(gateway: Lab, repository: str) -> None:
    api = gateway.cloud.client("ecr", "console")
    api.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    auth, data = gateway.password(), os.urandom(100)
    assert gateway.push(gateway.ecr, repository, "v1", data, auth=auth).status_code == 201
    text = (
        f"The image tag 'v1' already exists in the '{repository}' repository and cannot be overwritten "
        "because the tag is immutable."
    )
    for again in (data, os.urandom(100)):
        assert error_of(gateway.push(gateway.ecr, repository, "v1", again, auth=auth)) == (400, "TAG_INVALID", text)
    assert gateway.push(gateway.ecr, repository, "v2", data, auth=auth).status_code == 201
    assert list(described(gateway, repository)) == [digest_of(image_of(data))]


def test_policies_count_for_pushes_and_pulls(gateway: Lab, repository: str) -> None:
    arn = f"arn:aws:ecr:us-east-2:123456789012:repository/{repository}"
    gateway.user("leitora", ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"])
    auth = gateway.password("leitora")
    reply = gateway.push(gateway.ecr, repository, "v1", b"x", auth=auth)
    action = "ecr:InitiateLayerUpload"
    text = (
        f"User: arn:aws:iam::123456789012:user/leitora is not authorized to perform: {action} on resource: {arn} "
        f"because no identity-based policy allows the {action} action"
    )
    assert error_of(reply) == (403, "DENIED", text)
    assert gateway.push(gateway.ecr, repository, "v1", b"x", auth=gateway.password()).status_code == 201
    assert gateway.http.get(f"{gateway.ecr}/v2/{repository}/manifests/v1", auth=auth).status_code == 200
    blob = f"{gateway.ecr}/v2/{repository}/blobs/{digest_of(b'x')}"
    assert gateway.http.get(blob, auth=auth).status_code == 403


def test_deleting_by_api_deletes_from_the_registry(gateway: Lab, repository: str) -> None:
    auth, first, second = gateway.password(), os.urandom(100), os.urandom(100)
    gateway.push(gateway.ecr, repository, "v1", first, auth=auth)
    gateway.push(gateway.ecr, repository, "v2", first, auth=auth)
    gateway.push(gateway.ecr, repository, "v3", second, auth=auth)
    api, digest = gateway.cloud.client("ecr", "console"), digest_of(image_of(first))
    url = f"{gateway.ecr}/v2/{repository}"
    answer = api.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    assert gateway.http.get(f"{url}/manifests/v1", auth=auth).status_code == 404
    assert gateway.http.get(f"{url}/manifests/v2", auth=auth).status_code == 200
    answer = api.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}, {"imageTag": "v9"}])
    assert answer["failures"][0]["failureCode"] == "ImageNotFound"
    assert gateway.http.get(f"{url}/manifests/{digest}", auth=auth).status_code == 404
    assert gateway.http.get(f"{url}/tags/list", auth=auth).json()["tags"] == ["v3"]
    with pytest.raises(ClientError, match="still contains images"):
        api.delete_repository(repositoryName=repository)
    api.delete_repository(repositoryName=repository, force=True)
    api.create_repository(repositoryName=repository)
    assert gateway.http.get(f"{url}/manifests/{digest_of(image_of(second))}", auth=auth).status_code == 404
    assert gateway.http.head(f"{url}/blobs/{digest_of(second)}", auth=auth).status_code == 404


def test_deleting_through_the_registry_is_seen_by_the_api(gateway: Lab, repository: str) -> None:
    auth, data = gateway.password(), os.urandom(100)
    gateway.push(gateway.ecr, repository, "v1", data, auth=auth)
    url = f"{gateway.ecr}/v2/{repository}/manifests/{digest_of(image_of(data))}"
    assert gateway.http.delete(url, auth=auth).status_code == 202
    assert described(gateway, repository) == {}


def test_put_image_goes_into_the_registry(gateway: Lab, repository: str) -> None:
    auth, data = gateway.password(), os.urandom(100)
    api, body = gateway.cloud.client("ecr", "console"), image_of(data).decode()
    with pytest.raises(api.exceptions.LayersNotFoundException):
        api.put_image(repositoryName=repository, imageManifest=body, imageTag="v1")
    gateway.push(gateway.ecr, repository, "v1", data, auth=auth)
    with pytest.raises(api.exceptions.ImageAlreadyExistsException):
        api.put_image(repositoryName=repository, imageManifest=body, imageTag="v1")
    image = api.put_image(repositoryName=repository, imageManifest=body, imageTag="copia")["image"]
    assert image["imageId"] == {"imageDigest": digest_of(body.encode()), "imageTag": "copia"}
    got = gateway.http.get(f"{gateway.ecr}/v2/{repository}/manifests/copia", auth=auth)
    assert got.content == body.encode()


def test_the_repositorys_address_is_the_labs(gateway: Lab, repository: str) -> None:
    api = gateway.cloud.client("ecr", "console")
    found = api.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert found["repositoryUri"] == f"{gateway.settings.ecr_registry}/{repository}"


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        (
            "describe_image_scan_findings",
            "ScanNotFoundException",
            "Image scan does not exist for the image with '{{imageDigest:'null', imageTag:'v1'}}' "
            "in the repository with name '{0}' in the registry with id '123456789012'",
        ),
        ("start_image_scan", "ValidationException", "This feature is disabled"),
    ],
)
def test_a_scan_that_nobody_made_has_no_findings(
    operation: str, code: str, message: str, gateway: Lab, repository: str
) -> None:
    gateway.push(gateway.ecr, repository, "v1", os.urandom(10), auth=gateway.password())
    ask = getattr(gateway.cloud.client("ecr", "console"), operation)
    with pytest.raises(ClientError) as caught:
        ask(repositoryName=repository, imageId={"imageTag": "v1"})
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"] == message.format(repository)
    for name, tag, missing in ((repository, "v9", "Image"), ("nao-existe", "v1", "Repository")):
        with pytest.raises(ClientError) as caught:
            ask(repositoryName=name, imageId={"imageTag": tag})
        assert caught.value.response["Error"]["Code"] == f"{missing}NotFoundException"


def test_what_is_set_of_scanning_is_told(gateway: Lab, repository: str) -> None:
    api = gateway.cloud.client("ecr", "console")

    def told() -> dict[str, Any]:
        names = [repository, "nao-existe"]
        reply = api.batch_get_repository_scanning_configuration(repositoryNames=names)
        assert [one["repositoryName"] for one in reply["failures"]] == ["nao-existe"]
        found: dict[str, Any] = reply["scanningConfigurations"][0]
        return found

    assert (told()["scanOnPush"], told()["scanFrequency"]) == (False, "MANUAL")
    api.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration={"scanOnPush": True})
    assert (told()["scanOnPush"], told()["scanFrequency"]) == (True, "SCAN_ON_PUSH")
    api.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration={"scanOnPush": False})
    assert told()["scanOnPush"] is False


@pytest.mark.parametrize(("name", "works"), [("equipe/a--b__c", True), ("Equipe", False), ("a___b", False)])
def test_names_follow_ecrs_rule_and_are_refused_in_its_words(gateway: Lab, name: str, works: bool) -> None:
    api = gateway.cloud.client("ecr", "console")
    if works:
        api.create_repository(repositoryName=name)
        api.delete_repository(repositoryName=name)
        return
    with pytest.raises(api.exceptions.InvalidParameterException) as caught:
        api.create_repository(repositoryName=name)
    rule = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    constraint = f"'must satisfy regular expression '{rule}''"
    message = f"Invalid parameter at 'repositoryName' failed to satisfy constraint: {constraint}"
    assert caught.value.response["Error"]["Message"] == message

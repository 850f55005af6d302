"""ECR Public: everybody reads, the account's own write, one region; against a real gateway and registry, and boto3."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from labs.base.settings import ECR_PUBLIC_ALIAS, ECR_PUBLIC_REGION
from labs.seams.registry import HttpRegistry
from labs.seams.world import World

from .gateway_kit import Lab, digest_of, image_of
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program
from .test_gateway_ecr import error_of


@pytest.fixture
def repository(gateway: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh public repository of the test's own."""
    name = request.node.name.split("[")[0].replace("test_", "").replace("_", "-")[:60].strip("-")
    api = gateway.cloud.client("ecr-public", "console", ECR_PUBLIC_REGION)
    api.create_repository(repositoryName=name)
    yield name
    try:
        api.delete_repository(repositoryName=name, force=True)
    except api.exceptions.RepositoryNotFoundException:
        return


def password(lab: Lab, profile: str = "console") -> tuple[str, str]:
    """Of `aws ecr-public get-login-password`."""
    told = lab.cloud.call("ecr-public", "get-login-password", {}, profile, ECR_PUBLIC_REGION)
    return "AWS", str(told)


def bearer(lab: Lab, auth: tuple[str, str] | None = None) -> dict[str, str]:
    """What a client sends after the challenge."""
    token = lab.http.get(f"{lab.ecr_public}/token/", params={"service": "public.ecr.aws"}, auth=auth).json()["token"]
    return {"Authorization": f"Bearer {token}"}


def push(lab: Lab, name: str, tag: str, data: bytes, auth: tuple[str, str] | None = None) -> int:
    path = f"{ECR_PUBLIC_ALIAS}/{name}"
    return lab.push(lab.ecr_public, path, tag, data, headers=bearer(lab, auth)).status_code


def test_the_owner_pushes_and_everybody_pulls(gateway: Lab, repository: str) -> None:
    assert push(gateway, repository, "1.0", b"everybody", password(gateway)) == 201
    path = f"{ECR_PUBLIC_ALIAS}/{repository}"
    anybody = HttpRegistry(gateway.settings.ecr_public_registry, marked=False)
    last = gateway.last()
    found = anybody.manifest(path, "1.0")
    assert found and found.digest == digest_of(image_of(b"everybody"))
    assert anybody.tags(path) == ("1.0",) and anybody.has_blob(path, found.layers[0].digest)
    pulls = gateway.events(last, service="ecr-public", kind="pull")
    assert [(one["repository"], one["subject"], one["user"]) for one in pulls] == [(path, "anonymous", "")]
    images = gateway.cloud.read("ecr-public", "describe_images", repositoryName=repository)["imageDetails"]
    assert [(one["imageDigest"], one["imageTags"]) for one in images] == [(found.digest, ["1.0"])]


def test_a_pull_with_the_login_is_told_as_its_owners(gateway: Lab, repository: str) -> None:
    assert push(gateway, repository, "1.0", b"mine", password(gateway)) == 201
    last = gateway.last()
    address = gateway.settings.ecr_public_registry
    own = HttpRegistry(address, lambda: password(gateway), marked=False)
    assert own.accepts_login() and own.manifest(f"{ECR_PUBLIC_ALIAS}/{repository}", "1.0")
    assert [
        one["kind"] for one in gateway.events(last, service="ecr-public", user="assumed-role/Administrador/console")
    ]
    assert gateway.events(last, service="ecr-public", subject="anonymous") == []


def test_nobody_writes_without_a_login(gateway: Lab, repository: str) -> None:
    path, last = f"{ECR_PUBLIC_ALIAS}/{repository}", gateway.last()
    reply = gateway.push(gateway.ecr_public, path, "1.0", b"x", headers=bearer(gateway))
    assert error_of(reply) == (403, "DENIED", "Not Authorized")
    assert [one["code"] for one in gateway.events(last, service="ecr-public", kind="refused")] == ["DENIED"]
    for method in ("PUT", "DELETE"):
        url = f"{gateway.ecr_public}/v2/{path}/manifests/1.0"
        assert gateway.http.request(method, url, headers=bearer(gateway)).status_code == 403


def test_the_password_of_the_private_ecr_is_none_here(gateway: Lab) -> None:
    reply = gateway.http.get(f"{gateway.ecr_public}/v2/", headers=bearer(gateway, gateway.password()))
    assert reply.status_code == 400
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=password(gateway)).status_code == 400


def test_a_kept_login_that_expired_is_refused_even_where_none_is_needed(gateway: Lab, repository: str) -> None:
    auth = password(gateway)
    assert push(gateway, repository, "1.0", b"old", auth) == 201
    path = f"{ECR_PUBLIC_ALIAS}/{repository}"
    gateway.admin.set_clock(13 * 3600)
    try:
        url = f"{gateway.ecr_public}/v2/{path}/manifests/1.0"
        refused = gateway.http.get(url, headers=bearer(gateway, auth))
        assert error_of(refused)[:2] == (403, "DENIED") and "expired" in refused.text
        assert gateway.http.get(url, headers=bearer(gateway)).status_code == 200
        assert World(gateway.settings).registry(gateway.settings.ecr_public_registry).manifest(path, "1.0")
    finally:
        gateway.admin.set_clock(0)


@pytest.mark.parametrize("token", ["", "%%%", base64.b64encode(b"\xff").decode(), base64.b64encode(b"AWS").decode()])
def test_a_damaged_token_is_refused(gateway: Lab, token: str) -> None:
    reply = gateway.http.get(f"{gateway.ecr_public}/v2/", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code in (400, 401)


@pytest.mark.parametrize("region", ["us-east-2", "us-west-2", "sa-east-1"])
def test_another_region_has_no_ecr_public(gateway: Lab, region: str) -> None:
    with pytest.raises(ClientError, match="scoped to a valid region"):
        gateway.cloud.client("ecr-public", "console", region).get_authorization_token()


def test_what_the_policy_does_not_allow_is_refused(gateway: Lab, repository: str) -> None:
    gateway.user("private-only", ["ecr:*"])
    with pytest.raises(ClientError, match="ecr-public:GetAuthorizationToken"):
        gateway.cloud.client("ecr-public", "private-only", ECR_PUBLIC_REGION).get_authorization_token()
    gateway.user("only-login", ["ecr-public:GetAuthorizationToken"])
    reply = gateway.push(
        gateway.ecr_public,
        f"{ECR_PUBLIC_ALIAS}/{repository}",
        "1.0",
        b"x",
        headers=bearer(gateway, password(gateway, "only-login")),
    )
    assert reply.status_code == 403 and "ecr-public:InitiateLayerUpload" in reply.text


def test_a_repository_is_made_described_and_deleted_with_its_images(gateway: Lab, repository: str) -> None:
    api = gateway.cloud.client("ecr-public", "console", ECR_PUBLIC_REGION)
    with pytest.raises(api.exceptions.RepositoryAlreadyExistsException):
        api.create_repository(repositoryName=repository)
    found = api.describe_repositories(repositoryNames=[repository])["repositories"][0]
    uri = f"{gateway.settings.ecr_public_registry}/{ECR_PUBLIC_ALIAS}/{repository}"
    assert found["repositoryUri"] == uri and found["createdAt"].year >= 2026
    assert push(gateway, repository, "1.0", b"gone soon", password(gateway)) == 201
    with pytest.raises(api.exceptions.RepositoryNotEmptyException):
        api.delete_repository(repositoryName=repository)
    api.delete_repository(repositoryName=repository, force=True)
    with pytest.raises(api.exceptions.RepositoryNotFoundException):
        api.describe_images(repositoryName=repository)
    reply = gateway.http.get(
        f"{gateway.ecr_public}/v2/{ECR_PUBLIC_ALIAS}/{repository}/tags/list", headers=bearer(gateway)
    )
    text = f"The repository with name '{repository}' does not exist in the registry with id '{ECR_PUBLIC_ALIAS}'"
    assert error_of(reply) == (404, "NAME_UNKNOWN", text)


def test_names_that_are_no_name_and_what_the_lab_does_not_keep_are_refused(gateway: Lab) -> None:
    api = gateway.cloud.client("ecr-public", "console", ECR_PUBLIC_REGION)
    with pytest.raises(api.exceptions.InvalidParameterException):
        api.create_repository(repositoryName="Com Espaço")
    for option in ({"tags": [{"Key": "a", "Value": "b"}]}, {"catalogData": {"description": "x"}}):
        with pytest.raises(api.exceptions.UnsupportedCommandException):
            api.create_repository(repositoryName="catalogo", **option)
    with pytest.raises(api.exceptions.UnsupportedCommandException):
        api.describe_image_tags(repositoryName="catalogo")
    with pytest.raises(ClientError):
        api.create_repository(repositoryName="x" * 500)


def test_images_are_named_by_tag_or_digest_and_listed_in_pages(gateway: Lab, repository: str) -> None:
    for tag in ("1.0", "1.1", "1.2"):
        assert push(gateway, repository, tag, tag.encode(), password(gateway)) == 201
    api = gateway.cloud.client("ecr-public", "console", ECR_PUBLIC_REGION)
    first = api.describe_images(repositoryName=repository, maxResults=2)
    rest = api.describe_images(repositoryName=repository, nextToken=first["nextToken"])
    tags = [one["imageTags"][0] for page in (first, rest) for one in page["imageDetails"]]
    assert tags == ["1.0", "1.1", "1.2"]
    by_tag = api.describe_images(repositoryName=repository, imageIds=[{"imageTag": "1.1"}])["imageDetails"]
    assert [one["imageDigest"] for one in by_tag] == [digest_of(image_of(b"1.1"))]
    with pytest.raises(api.exceptions.ImageNotFoundException):
        api.describe_images(repositoryName=repository, imageIds=[{"imageTag": "9"}])


def test_the_registry_tells_its_alias(gateway: Lab) -> None:
    told = gateway.cloud.read("ecr-public", "describe_registries")["registries"][0]
    assert [one["name"] for one in told["aliases"]] == [ECR_PUBLIC_ALIAS]


def test_it_all_survives_a_killed_gateway(gateway: Lab, repository: str) -> None:
    assert push(gateway, repository, "1.0", b"kept", password(gateway)) == 201
    gateway.end()
    gateway.start_gateway()
    found = gateway.cloud.read("ecr-public", "describe_images", repositoryName=repository)["imageDetails"]
    assert [one["imageTags"] for one in found] == [["1.0"]]
    path = f"{ECR_PUBLIC_ALIAS}/{repository}"
    assert World(gateway.settings).registry(gateway.settings.ecr_public_registry).tags(path) == ("1.0",)

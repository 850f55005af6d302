"""Lists in pages: ECR's API as botocore's own paginators read it, and tags and repositories below /v2/."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from botocore.exceptions import ClientError

from labs.seams.registry import HttpRegistry

from .gateway_kit import Lab, image_of
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

ALUNO = ("aluno", "token-aluno")
NAME = "paginas"
TAGS = [f"v{number}" for number in range(7)]
OLD = 3
"""Images that lost their tag."""


@pytest.fixture(scope="module")
def ecr(gateway: Lab) -> Iterator[Any]:
    """ECR's API, with a repository of ten images: seven with a tag, one of them with two more."""
    api, auth = gateway.cloud.client("ecr", "console"), gateway.password()
    api.create_repository(repositoryName=NAME)
    for tag in (*["v0"] * OLD, *TAGS):
        assert gateway.push(gateway.ecr, NAME, tag, os.urandom(20), auth=auth).status_code == 201
    named = api.batch_get_image(repositoryName=NAME, imageIds=[{"imageTag": "v1"}])["images"][0]
    for tag in ("copia", "outra"):
        api.put_image(repositoryName=NAME, imageManifest=named["imageManifest"], imageTag=tag)
    yield api
    api.delete_repository(repositoryName=NAME, force=True)


def refusal(ask: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        ask(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
@pytest.mark.parametrize(("status", "images", "names"), [("ANY", 10, 12), ("TAGGED", 7, 9), ("UNTAGGED", 3, 3)])
def test_images_come_in_pages(ecr: Any, size: int, status: str, images: int, names: int) -> None:
    for operation, key, count in (("describe_images", "imageDetails", images), ("list_images", "imageIds", names)):
        asked = {"repositoryName": NAME, "filter": {"tagStatus": status}}
        pages = list(ecr.get_paginator(operation).paginate(**asked, PaginationConfig={"PageSize": size}))
        assert [len(page[key]) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert "nextToken" not in pages[-1]
        entries = [entry for page in pages for entry in page[key]]
        assert len(entries) == count == len({str(entry) for entry in entries})
        tagged = {bool(entry.get("imageTags") or entry.get("imageTag")) for entry in entries}
        assert tagged == {"ANY": {True, False}, "TAGGED": {True}, "UNTAGGED": {False}}[status]


def test_repositories_come_in_pages(ecr: Any, gateway: Lab) -> None:
    made = [f"muitos-{number:03}" for number in range(104)]
    for name in made:
        ecr.create_repository(repositoryName=name)
    try:
        first = ecr.describe_repositories()
        assert len(first["repositories"]) == 100  # where nobody says how many (API reference)
        rest = ecr.describe_repositories(nextToken=first["nextToken"])
        assert len(rest["repositories"]) == 5
        pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 50})
        assert {one["repositoryName"] for page in pages for one in page["repositories"]} == {NAME, *made}
        kits = gateway.cloud.read("ecr", "describe_repositories")["repositories"]
        assert len(kits) == 105  # the kit reads on
        assert ecr.describe_repositories(repositoryNames=made[:2])["repositories"][1]["repositoryName"] == made[1]
        assert list(pages_of(gateway, f"{gateway.ecr}/v2/_catalog", "repositories")) == [
            made[:100],
            [*made[100:], NAME],
        ]
    finally:
        for name in made:
            ecr.delete_repository(repositoryName=name)


def test_a_page_that_ecr_would_not_give_is_refused_in_its_words(ecr: Any) -> None:
    def invalid(name: str, constraint: str) -> tuple[str, str]:
        message = f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'"
        return "InvalidParameterException", message

    most = invalid("maxResults", "Member must have value less than or equal to 1000")
    wrong = invalid("nextToken", "Invalid next token provided")
    for ask in (ecr.describe_images, ecr.list_images):
        token = ask(repositoryName=NAME, maxResults=1)["nextToken"]
        assert refusal(ask, repositoryName=NAME, maxResults=1001) == most
        assert refusal(ask, repositoryName=NAME, nextToken="xx") == wrong
        # A token goes on with its own list alone.
        assert refusal(ask, repositoryName=NAME, nextToken=token, filter={"tagStatus": "TAGGED"}) == wrong
        code, message = refusal(ask, repositoryName=NAME, filter={"tagStatus": "OLD"})
        assert (code, "'filter.tagStatus'" in message, "TAGGED" in message) == ("InvalidParameterException", True, True)
    named: dict[str, Any] = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}]}
    for more in ({"maxResults": 5}, {"nextToken": "xx"}):
        assert refusal(ecr.describe_images, **named, **more)[0] == "InvalidParameterException"
        code, _ = refusal(ecr.describe_repositories, repositoryNames=[NAME], **more)
        assert code == "InvalidParameterException"


def test_an_image_of_several_tags_is_answered_by_the_tag_that_was_asked_for(ecr: Any) -> None:
    tags = ["outra", "v1", "copia"]
    found = ecr.batch_get_image(repositoryName=NAME, imageIds=[{"imageTag": tag} for tag in tags])["images"]
    assert [one["imageId"]["imageTag"] for one in found] == tags
    digest = found[0]["imageId"]["imageDigest"]
    by_digest = ecr.batch_get_image(repositoryName=NAME, imageIds=[{"imageDigest": digest}])["images"]
    assert [one["imageId"] for one in by_digest] == [{"imageDigest": digest}]
    both = {"imageDigest": digest, "imageTag": "copia"}
    assert ecr.batch_get_image(repositoryName=NAME, imageIds=[both])["images"][0]["imageId"] == both
    described = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": "copia"}, {"imageTag": "v2"}])
    assert [sorted(one["imageTags"]) for one in described["imageDetails"]] == [["copia", "outra", "v1"], ["v2"]]


def test_what_is_not_there_has_ecrs_reasons(ecr: Any) -> None:
    there = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]["imageDigest"]
    wanted = [{"imageTag": "v9"}, {"imageDigest": "v1"}, {"imageDigest": there, "imageTag": "v2"}, {"imageTag": "v1"}]
    reply = ecr.batch_get_image(repositoryName=NAME, imageIds=wanted)
    codes = ["ImageNotFound", "InvalidImageDigest", "ImageNotFound"]
    assert [one["failureCode"] for one in reply["failures"]] == codes
    assert [one["imageId"] for one in reply["failures"]] == wanted[:3]
    assert [one["imageId"]["imageTag"] for one in reply["images"]] == ["v1"]
    code, message = refusal(ecr.describe_images, repositoryName=NAME, imageIds=[{"imageTag": "v9"}])
    assert code == "ImageNotFoundException"
    assert "{imageDigest:'null', imageTag:'v9'}" in message
    assert refusal(ecr.list_images, repositoryName="nao-existe")[0] == "RepositoryNotFoundException"


def test_budgets_come_in_pages_too(gateway: Lab) -> None:
    budgets, account = gateway.cloud.client("budgets", "console"), "123456789012"
    names = [f"b{number}" for number in range(3)]
    limit = {"BudgetLimit": {"Amount": "5", "Unit": "USD"}, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    for name in names:
        budgets.create_budget(AccountId=account, Budget={"BudgetName": name, **limit})
    pages = budgets.get_paginator("describe_budgets").paginate(AccountId=account, PaginationConfig={"PageSize": 2})
    assert [[one["BudgetName"] for one in page["Budgets"]] for page in pages] == [names[:2], names[2:]]
    code, _ = refusal(budgets.describe_budgets, AccountId=account, NextToken="xx")
    assert code == "InvalidNextTokenException"
    for name in names:
        budgets.delete_budget(AccountId=account, BudgetName=name)


def test_iams_lists_come_in_pages_too(gateway: Lab) -> None:
    """Also one that moto cuts itself, by tokens of its own."""
    iam, names = gateway.cloud.client("iam", "console"), [f"pessoa{number}" for number in range(5)]
    for name in names:
        iam.create_user(UserName=name)
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Users"]) for page in pages] == [2, 2, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert {user["UserName"] for page in pages for user in page["Users"]} >= set(names)
    first = iam.list_users(MaxItems=1)
    assert refusal(iam.list_users, Marker="xx")[0] == refusal(iam.list_users, MaxItems=1001)[0] == "ValidationError"
    assert refusal(iam.list_groups, Marker=first["Marker"])[0] == "ValidationError"
    policies = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 3})
    listed = [policy["Arn"] for page in policies for policy in page["Policies"]]
    assert len(listed) == len(set(listed)) == len(iam.list_policies()["Policies"]) > 3
    for name in names:
        iam.delete_user(UserName=name)


# Below /v2/ ----------------------------------------------------------------------------------------


def pages_of(
    lab: Lab, url: str, key: str = "tags", headers: dict[str, str] | None = None, **query: Any
) -> Iterator[list[str]]:
    """Pages as a client reads them that follows `Link` (distribution specification, "Listing Tags")."""
    auth = None if headers else lab.password()
    while url:
        reply = lab.http.get(url, params=query, headers=headers, auth=auth)
        assert reply.status_code == 200, reply.text
        yield reply.json()[key]
        url, query = urljoin(url, reply.links["next"]["url"]) if "next" in reply.links else "", {}


@pytest.fixture(scope="module")
def hub_tags(gateway: Lab) -> tuple[str, dict[str, str]]:
    """The address of a list of tags on the Hub, and who may read it."""
    for tag in ("b", "a", "d", "c", "C"):
        headers = gateway.bearer("aluno/paginas", ALUNO)
        assert gateway.push(gateway.hub, "aluno/paginas", tag, b"x", headers=headers).status_code == 201
    return f"{gateway.hub}/v2/aluno/paginas/tags/list", gateway.bearer("aluno/paginas")


def test_the_hubs_tags_come_in_pages(gateway: Lab, hub_tags: tuple[str, dict[str, str]]) -> None:
    url, headers = hub_tags

    def tags(**query: Any) -> tuple[list[str], str]:
        reply = gateway.http.get(url, headers=headers, params=query)
        assert reply.status_code == 200, reply.text
        assert reply.json()["name"] == "aluno/paginas"
        return reply.json()["tags"], reply.headers.get("Link", "")

    every = ["C", "a", "b", "c", "d"]
    assert list(pages_of(gateway, url, headers=headers, n=2)) == [["C", "a"], ["b", "c"], ["d"]]
    assert tags() == (every, "")
    assert tags(n=2) == (["C", "a"], '</v2/aluno/paginas/tags/list?last=a&n=2>; rel="next"')
    assert tags(n=5) == tags(n=50) == (every, "")
    assert tags(n=0) == ([], "")
    assert tags(last="b") == (["c", "d"], "")
    assert tags(last="bb", n=1) == (["c"], '</v2/aluno/paginas/tags/list?last=c&n=1>; rel="next"')
    assert tags(last="z", n=3) == ([], "")
    for wrong in ("x", "-1", "1.5"):
        reply = gateway.http.get(url, headers=headers, params={"n": wrong})
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "PAGINATION_NUMBER_INVALID")


def test_a_list_is_only_read(gateway: Lab, hub_tags: tuple[str, dict[str, str]]) -> None:
    url, headers = hub_tags
    assert gateway.http.head(url, headers=headers).status_code == 200
    owner = gateway.bearer("aluno/paginas", ALUNO, "pull,push,delete")
    assert gateway.http.put(url, headers=owner).status_code == 405
    unknown = gateway.http.get(url.replace("paginas", "nunca"), headers=gateway.bearer("aluno/nunca", ALUNO))
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def test_ecrs_tags_come_in_pages_of_a_hundred(gateway: Lab) -> None:
    api, auth, name = gateway.cloud.client("ecr", "console"), gateway.password(), "muitas-tags"
    api.create_repository(repositoryName=name)
    gateway.push(gateway.ecr, name, "t000", b"x", auth=auth)
    tags = [f"t{number:03}" for number in range(103)]
    for tag in tags[1:]:
        api.put_image(repositoryName=name, imageManifest=image_of(b"x").decode(), imageTag=tag)
    url = f"{gateway.ecr}/v2/{name}/tags/list"
    try:
        assert list(pages_of(gateway, url)) == [tags[:100], tags[100:]]
        assert list(pages_of(gateway, url, n=60)) == [tags[:60], tags[60:]]
        assert list(pages_of(gateway, url, n=1000)) == [tags]
        assert gateway.http.get(url, auth=auth).links["next"]["url"].startswith(f"{url}?last=")
        assert HttpRegistry(gateway.settings.ecr_registry, lambda: auth).tags(name) == tuple(tags)  # the kit reads on
        beyond = gateway.http.get(url, params={"n": 1001}, auth=auth)
        assert (beyond.status_code, beyond.json()["errors"][0]["code"]) == (405, "UNSUPPORTED")
        constraint = "'Member must have value less than or equal to 1000'"
        message = f"Invalid parameter at 'maxResults' failed to satisfy constraint: {constraint}"
        assert beyond.json()["errors"][0]["message"] == message
    finally:
        api.delete_repository(repositoryName=name, force=True)


def test_ecrs_catalogue_is_for_who_may_describe_repositories(gateway: Lab, ecr: Any) -> None:
    url = f"{gateway.ecr}/v2/_catalog"
    assert gateway.http.get(url).headers["WWW-Authenticate"].startswith("Basic realm=")
    assert NAME in gateway.http.get(url, auth=gateway.password()).json()["repositories"]
    gateway.user("catalogo", ["ecr:GetAuthorizationToken"])
    refused = gateway.http.get(url, auth=gateway.password("catalogo"))
    assert refused.status_code == 403
    assert "is not authorized to perform: ecr:DescribeRepositories" in refused.json()["errors"][0]["message"]


def test_a_repository_of_another_region_has_no_images(gateway: Lab, ecr: Any) -> None:
    elsewhere = gateway.cloud.client("ecr", "console", "us-east-1")
    assert refusal(elsewhere.describe_images, repositoryName=NAME)[0] == "RepositoryNotFoundException"
    elsewhere.create_repository(repositoryName=NAME)
    assert elsewhere.describe_images(repositoryName=NAME)["imageDetails"] == []
    elsewhere.delete_repository(repositoryName=NAME)
    assert len(ecr.describe_images(repositoryName=NAME)["imageDetails"]) == 10

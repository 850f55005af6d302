"""Docker Hub's rules, against a real gateway and a real registry."""

from __future__ import annotations

import http.client
import os
import re
import uuid

import pytest

from labs.seams.registry import HttpRegistry

from .gateway_kit import MANIFEST, Lab, digest_of, image_of
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

ALUNO, ACME = ("aluno", "token-aluno"), ("acme", "token-acme")


def pushed(lab: Lab, name: str, tag: str = "v1", data: bytes = b"") -> str:
    """Push as the namespace's owner; returns the digest."""
    owner = (name.partition("/")[0], f"token-{name.partition('/')[0]}")
    data = data or os.urandom(1000)
    reply = lab.push(lab.hub, name, tag, data, headers=lab.bearer(name, owner))
    assert reply.status_code == 201, reply.text
    assert reply.headers["Docker-Content-Digest"] == digest_of(image_of(data))
    return reply.headers["Docker-Content-Digest"]


def test_the_ping_asks_for_a_bearer_token(gateway: Lab) -> None:
    last = gateway.last()
    reply = gateway.http.get(f"{gateway.hub}/v2/")
    assert reply.status_code == 401
    challenge = reply.headers["WWW-Authenticate"]
    assert challenge == f'Bearer realm="{gateway.hub}/token",service="registry.docker.io"'
    assert gateway.events(last) == []


def test_a_wrong_password_is_refused_in_the_hubs_words(gateway: Lab) -> None:
    last = gateway.last()
    for auth in (("aluno", "errada"), ("ninguem", "token-aluno"), ("", "")):
        reply = gateway.hub_token("", auth)
        assert (reply.status_code, reply.json()) == (401, {"details": "incorrect username or password"})
    assert [event["code"] for event in gateway.events(last, kind="refused")] == ["UNAUTHORIZED"] * 3


def test_login_by_get_and_by_oauth2_form(gateway: Lab) -> None:
    last = gateway.last()
    token = gateway.hub_token("", ALUNO).json()["token"]
    assert gateway.http.get(f"{gateway.hub}/v2/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    form = {"grant_type": "password", "username": "aluno", "password": "token-aluno", "service": "registry.docker.io"}
    reply = gateway.http.post(f"{gateway.hub}/token", data=form)
    assert reply.status_code == 200
    assert reply.json()["access_token"]
    assert len(gateway.events(last, kind="login", user="aluno")) == 2


def test_a_push_without_login_or_to_anothers_namespace_is_denied(gateway: Lab) -> None:
    last = gateway.last()
    for name, auth in (("aluno/app", None), ("acme/app", ALUNO), ("app", ALUNO), ("aluno/a/b", ALUNO)):
        reply = gateway.push(gateway.hub, name, "v1", b"x", headers=gateway.bearer(name, auth))
        assert reply.status_code == 401
        assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]
    refused = gateway.events(last, kind="refused")
    assert [event["repository"] for event in refused] == ["aluno/app", "acme/app", "app", "aluno/a/b"]
    assert {event["message"] for event in refused} == {"requested access to the resource is denied"}


def test_a_push_creates_a_public_repository_that_anybody_pulls(gateway: Lab) -> None:
    data = os.urandom(3_000_000)
    digest = pushed(gateway, "aluno/publico", "v1", data)
    anonymous = gateway.bearer("aluno/publico")
    accept = {"Accept": MANIFEST, **anonymous}
    last = gateway.last()
    reply = gateway.http.get(f"{gateway.hub}/v2/aluno/publico/manifests/v1", headers=accept)
    assert digest_of(reply.content) == digest == reply.headers["Docker-Content-Digest"]
    blob = gateway.http.get(f"{gateway.hub}/v2/aluno/publico/blobs/{digest_of(data)}", headers=anonymous)
    assert blob.content == data
    head = gateway.http.head(f"{gateway.hub}/v2/aluno/publico/blobs/{digest_of(data)}", headers=anonymous)
    assert int(head.headers["Content-Length"]) == len(data)
    assert [event["reference"] for event in gateway.events(last, kind="pull")] == ["v1"]


def test_several_accept_lines_reach_the_registry(gateway: Lab) -> None:
    """Docker sends one line for each media type; a lost one would bring a manifest of the first schema."""
    pushed(gateway, "aluno/aceita")
    connection = http.client.HTTPConnection("127.0.0.1", gateway.settings.ports.hub, timeout=10)
    connection.putrequest("GET", "/v2/aluno/aceita/manifests/v1")
    for name, value in gateway.bearer("aluno/aceita").items():
        connection.putheader(name, value)
    for kind in (MANIFEST, "application/vnd.oci.image.manifest.v1+json", "application/json"):
        connection.putheader("Accept", kind)
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.headers["Content-Type"] == MANIFEST
    connection.close()


def test_a_private_or_missing_repository_is_denied_alike(gateway: Lab) -> None:
    pushed(gateway, "acme/privado")
    url = f"{gateway.hub}/api/v2/repositories/acme/privado/privacy/"
    assert gateway.http.post(url, json={"is_private": True}, auth=ALUNO).status_code == 403
    assert gateway.http.post(url, json={"is_private": True}, auth=ACME).status_code == 200
    last = gateway.last()
    for name in ("acme/privado", "acme/nunca"):
        reply = gateway.http.get(f"{gateway.hub}/v2/{name}/manifests/v1", headers=gateway.bearer(name, ALUNO))
        assert reply.status_code == 401
        assert reply.json()["errors"][0]["code"] == "UNAUTHORIZED"
    assert [event["code"] for event in gateway.events(last, kind="refused")] == ["DENIED", "DENIED"]
    owner = {"Accept": MANIFEST, **gateway.bearer("acme/privado", ACME)}
    assert gateway.http.get(f"{gateway.hub}/v2/acme/privado/manifests/v1", headers=owner).status_code == 200
    assert gateway.http.get(f"{gateway.hub}/api/v2/repositories/acme/privado/", auth=ALUNO).status_code == 404
    listed = gateway.http.get(f"{gateway.hub}/api/v2/repositories/acme/").json()["results"]
    assert "privado" not in [one["name"] for one in listed]


def test_a_missing_tag_is_manifest_unknown(gateway: Lab) -> None:
    pushed(gateway, "aluno/tags")
    headers = {"Accept": MANIFEST, **gateway.bearer("aluno/tags")}
    reply = gateway.http.get(f"{gateway.hub}/v2/aluno/tags/manifests/v9", headers=headers)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_a_mount_needs_the_right_to_read_its_source(gateway: Lab) -> None:
    data = os.urandom(5000)
    pushed(gateway, "acme/origem", "v1", data)
    gateway.http.post(
        f"{gateway.hub}/api/v2/repositories/acme/origem/privacy/", json={"is_private": True}, auth=ACME
    ).raise_for_status()
    url = f"{gateway.hub}/v2/aluno/destino/blobs/uploads/?mount={digest_of(data)}&from=acme/origem"
    assert gateway.http.post(url, headers=gateway.bearer("aluno/destino", ALUNO)).status_code == 202
    pushed(gateway, "aluno/origem", "v1", data)
    scope = "repository:aluno/destino:pull,push repository:aluno/origem:pull"
    token = {"Authorization": f"Bearer {gateway.hub_token(scope, ALUNO).json()['token']}"}
    assert gateway.http.post(url.replace("acme/", "aluno/"), headers=token).status_code == 201


@pytest.mark.parametrize("auth", [None, ALUNO])
def test_the_pull_limit_answers_429(gateway: Lab, auth: tuple[str, str] | None) -> None:
    pushed(gateway, "aluno/limite")
    url, headers = f"{gateway.hub}/v2/aluno/limite/manifests/v1", gateway.bearer("aluno/limite", auth)
    gateway.admin.hub_limits(1)
    try:
        codes = [gateway.http.get(url, headers={"Accept": MANIFEST, **headers}) for _ in range(3 if auth else 2)]
        assert [one.status_code for one in codes] == ([200, 200, 429] if auth else [200, 429])
        assert codes[-1].json()["errors"][0]["code"] == "TOOMANYREQUESTS"
        page = "https://www.docker.com/increase-rate-limit"
        as_whom = r"as 'aluno': dckr_jti_[\w-]{27}=\. You may increase the limit by upgrading\."
        limit = f"pull rate limit {as_whom}" if auth else r"unauthenticated pull rate limit\."
        assert re.fullmatch(f"You have reached your {limit} {page}", codes[-1].json()["errors"][0]["message"])
        assert codes[-1].headers["ratelimit-remaining"] == "0;w=21600"
        assert gateway.http.head(url, headers={"Accept": MANIFEST, **headers}).status_code == 200
    finally:
        gateway.admin.hub_limits(None)
    assert gateway.http.get(url, headers={"Accept": MANIFEST, **headers}).status_code == 200


@pytest.mark.parametrize(("auth", "limit"), [(None, 100), (ALUNO, 200)])
def test_a_manifest_says_how_many_pulls_are_left(gateway: Lab, auth: tuple[str, str] | None, limit: int) -> None:
    """Docker's own page tells people to look with HEAD, which costs none (Docker Hub usage and limits)."""
    pushed(gateway, "aluno/restantes")
    url = f"{gateway.hub}/v2/aluno/restantes/manifests/v1"
    headers = {"Accept": MANIFEST, **gateway.bearer("aluno/restantes", auth)}

    def left(method: str) -> int:
        reply = gateway.http.request(method, url, headers=headers)
        assert (reply.status_code, reply.headers["ratelimit-limit"]) == (200, f"{limit};w=21600")
        source = reply.headers["docker-ratelimit-source"]
        assert uuid.UUID(source) if auth else source == "127.0.0.1"
        remaining, _, window = reply.headers["ratelimit-remaining"].partition(";")
        assert window == "w=21600"
        return int(remaining)

    before = left("HEAD")
    assert [left(method) - before for method in ("HEAD", "GET", "HEAD", "GET", "HEAD")] == [0, -1, -1, -2, -2]
    gateway.admin.set_clock(6 * 3600 + 1)
    try:
        assert left("HEAD") == limit
    finally:
        gateway.admin.set_clock(0)


def test_the_api_lists_tags_and_deletes_repositories(gateway: Lab) -> None:
    digest = pushed(gateway, "aluno/apagar", "v1")
    pushed(gateway, "aluno/apagar", "v2")
    url = f"{gateway.hub}/api/v2/repositories/aluno/apagar/"
    tags = {one["name"]: one["digest"] for one in gateway.http.get(f"{url}tags/").json()["results"]}
    assert set(tags) == {"v1", "v2"}
    assert tags["v1"] == digest
    assert gateway.http.get(url).json()["is_private"] is False
    assert gateway.http.delete(url).status_code == 401
    assert gateway.http.delete(url, auth=ACME).status_code == 403
    assert gateway.http.delete(url, auth=("aluno", "errada")).status_code == 401
    assert gateway.http.delete(url, auth=ALUNO).status_code == 202
    assert gateway.http.get(url, auth=ALUNO).status_code == 404
    headers = {"Accept": MANIFEST, **gateway.bearer("aluno/apagar", ALUNO)}
    assert gateway.http.get(f"{gateway.hub}/v2/aluno/apagar/manifests/v1", headers=headers).status_code == 404


def test_the_apis_lists_come_in_pages(gateway: Lab) -> None:
    """Of ten, as Docker Hub's; the kit reads on."""
    names = [f"muitos{number:03}" for number in range(103)]
    gateway.admin.hub_account("paginas", "t")
    made = f"{gateway.hub}/api/v2/namespaces/paginas/repositories"
    for name in names:
        gateway.http.post(made, json={"name": name}, auth=("paginas", "t")).raise_for_status()
    url: str | None = f"{gateway.hub}/api/v2/repositories/paginas/"
    first = gateway.http.get(str(url)).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (103, 10, None)
    seen: list[str] = []
    while url:
        page = gateway.http.get(url).json()
        seen += [one["name"] for one in page["results"]]
        url = page["next"]
    assert seen == names
    beyond = f"{gateway.hub}/api/v2/repositories/paginas/?page=12"
    assert gateway.http.get(beyond).status_code == gateway.http.get(f"{beyond}x").status_code == 404
    owner = HttpRegistry(gateway.settings.hub_registry, lambda: ("paginas", "t"))
    assert [one.name for one in owner.hub_repositories("paginas")] == names


def test_an_account_gets_a_new_token(gateway: Lab) -> None:
    gateway.admin.hub_account("troca1", "antigo")
    assert gateway.hub_token("", ("troca1", "antigo")).status_code == 200
    gateway.admin.hub_account("troca1", "novo")
    assert gateway.hub_token("", ("troca1", "antigo")).status_code == 401
    assert gateway.hub_token("", ("troca1", "novo")).status_code == 200
    journal = (gateway.settings.sandbox / "gateway" / "journal.jsonl").read_text()
    assert "antigo" not in journal


def test_foreign_hosts_and_forged_tokens_are_refused(gateway: Lab) -> None:
    assert gateway.http.get(f"{gateway.hub}/v2/", headers={"Host": "evil.example"}).status_code == 421
    forged = {"Authorization": "Bearer eyJ1c2VyIjoiYWx1bm8ifQ.AAAA"}
    assert gateway.http.get(f"{gateway.hub}/v2/", headers=forged).status_code == 401
    for headers in ({}, gateway.bearer("a/b")):  # Docker Hub wants a scope for its catalogue, and gives it nobody
        reply = gateway.http.get(f"{gateway.hub}/v2/_catalog", headers=headers)
        assert reply.status_code == 401
        assert 'scope="registry:catalog:*"' in reply.headers["WWW-Authenticate"]


def test_manifests_have_a_size_limit(gateway: Lab) -> None:
    headers = {"Content-Type": MANIFEST, **gateway.bearer("aluno/grande", ALUNO)}
    reply = gateway.http.put(f"{gateway.hub}/v2/aluno/grande/manifests/v1", data=b"x" * (5 << 20), headers=headers)
    assert reply.status_code == 413


def test_a_private_repository_can_be_made_before_its_first_push(gateway: Lab) -> None:
    """As on Docker Hub, where a first push would make a public one."""
    url = f"{gateway.hub}/api/v2/namespaces/aluno/repositories"
    asked: dict[str, str | bool] = {"name": "antes", "is_private": True}
    assert gateway.http.post(url, json=asked).status_code == 401
    assert gateway.http.post(url, json=asked, auth=ACME).status_code == 403
    assert gateway.http.post(url, json={**asked, "name": "Não Serve"}, auth=ALUNO).status_code == 400
    made = gateway.http.post(url, json=asked, auth=ALUNO)
    assert (made.status_code, made.json()["is_private"]) == (201, True)
    assert gateway.http.post(url, json=asked, auth=ALUNO).status_code == 400
    pushed(gateway, "aluno/antes")
    assert gateway.http.get(f"{gateway.hub}/api/v2/repositories/aluno/antes/").status_code == 404
    entry = gateway.http.get(f"{gateway.hub}/api/v2/repositories/aluno/antes/", auth=ALUNO).json()
    assert entry["is_private"] is True


@pytest.mark.parametrize(("secret", "status"), [(ALUNO[1], 200), ("errado", 401)])
def test_an_access_token_is_exchanged_for_a_short_lived_one(gateway: Lab, secret: str, status: int) -> None:
    reply = gateway.http.post(f"{gateway.hub}/api/v2/auth/token", json={"identifier": ALUNO[0], "secret": secret})
    assert reply.status_code == status
    if status == 200:
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        assert gateway.http.get(f"{gateway.hub}/api/v2/repositories/aluno/", headers=bearer).status_code == 200

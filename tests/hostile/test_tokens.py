"""Bearer and Basic credentials that are malformed, forged, another's, or for another purpose."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from .kit import ACME, ALUNO, Attacker, assert_registry_form, bounded

PRINTABLE = st.characters(blacklist_categories=("Cc", "Cs"))


def basic(user: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogatepass")).decode()
    return {"Authorization": f"Basic {encoded}"}


def swapped(token: str, **changes: object) -> str:
    """The token's content changed, its signature kept."""
    content, _, signature = token.rpartition(".")
    packed = content.startswith(".")  # itsdangerous compresses where that is shorter
    plain = base64.urlsafe_b64decode(content.lstrip(".") + "=" * (-len(content.lstrip(".")) % 4))
    told = {**json.loads(zlib.decompress(plain) if packed else plain), **changes}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=") + f".{signature}"


def forgeries(token: str, purpose: str) -> dict[str, str]:
    head, _, signature = token.rpartition(".")
    return {
        "empty": "",
        "no signature": head,
        "an empty signature": f"{head}.",
        "a cut signature": token[:-3],
        "another signature": f"{head}.{signature[::-1]}",
        "another account": swapped(
            token, user="acme", access={"acme/segredo": ["pull", "push"]}, account="999999999999"
        ),
        "another key": URLSafeSerializer("guessed", salt=purpose).dumps({"user": "acme", "access": {}}),
        "no algorithm (JWT)": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhY21lIn0.",
        "a compressed bomb": ".eJzt" + "A" * 3000 + "." + signature,
        "of another script": "ção" + token,
    }


KINDS = list(forgeries("e30.x", "hub"))  # `e30` is {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_hub_token_is_nobody(attacker: Attacker, kind: str) -> None:
    lab = attacker.lab
    token = lab.bearer("acme/segredo", ALUNO)["Authorization"].removeprefix("Bearer ")
    forged = {"Authorization": f"Bearer {forgeries(token, 'hub')[kind]}"}
    for target in ("/v2/acme/segredo/manifests/v1", "/v2/acme/segredo/tags/list", "/v2/"):
        said = attacker.hub("GET", target, headers=forged)
        assert_registry_form(said)
        assert said.status == 401 and "www-authenticate" in said.headers, said
    api = attacker.hub("GET", "/api/v2/repositories/acme/segredo/", headers=forged)
    assert api.status == 401, api


def wrapped(password: str, payload: object) -> str:
    """An ECR password with another payload."""
    outer = {**json.loads(base64.b64decode(password)), "payload": payload, "expiration": 1 << 40}
    return base64.b64encode(json.dumps(outer).encode()).decode()


def forged_passwords(password: str) -> dict[str, str]:
    """The forgeries inside of ECR's form, and of the form itself."""
    payload = str(json.loads(base64.b64decode(password))["payload"])
    inside = {kind: wrapped(password, forged) for kind, forged in forgeries(payload, "ecr").items()}
    return inside | {
        "the payload alone": payload,
        "no payload": wrapped(password, None),
        "a payload that is no text": wrapped(password, {"a": [1]}),
        "deep": base64.b64encode(b"[" * 20_000).decode(),
        "no JSON": base64.b64encode(b"\xff\x00").decode(),
        "no base64": password[:-1] + "é",
    }


PASSWORDS = list(forged_passwords(base64.b64encode(b'{"payload":"e30.x"}').decode()))


@pytest.mark.parametrize("kind", PASSWORDS)
def test_a_forged_ecr_token_is_nobody(attacker: Attacker, kind: str) -> None:
    forged = basic("AWS", forged_passwords(attacker.lab.password()[1])[kind])
    for target in ("/v2/app/manifests/v1", "/v2/app/tags/list", "/v2/"):
        said = attacker.ecr("GET", target, headers=forged)
        assert_registry_form(said)
        assert said.status == 400, said  # as ECR answers a damaged token


def test_a_token_serves_its_purpose_alone(attacker: Attacker) -> None:
    lab = attacker.lab
    ecr, hub = lab.password()[1], lab.bearer("aluno/app", ALUNO)["Authorization"].removeprefix("Bearer ")
    assert attacker.hub("GET", "/v2/", headers={"Authorization": f"Bearer {ecr}"}).status == 401
    assert attacker.ecr("GET", "/v2/", headers=basic("AWS", hub)).status == 400
    assert attacker.hub("GET", "/token?service=x", headers=basic("AWS", ecr)).status == 401
    assert (
        attacker.hub("DELETE", "/api/v2/repositories/acme/segredo/", headers={"Authorization": f"JWT {hub}"}).status
        == 404
    )
    assert attacker.hub("GET", "/v2/acme/segredo/tags/list", headers={"Authorization": f"Bearer {hub}"}).status == 401


@bounded
@given(header=st.text(PRINTABLE, max_size=60), scheme=st.sampled_from(("Basic ", "Bearer ", "JWT ", "basic ", "")))
def test_any_authorization_header(attacker: Attacker, header: str, scheme: str) -> None:
    sent = {"Authorization": f"{scheme}{header}"}
    for said in (
        attacker.hub("GET", "/v2/acme/segredo/tags/list", headers=sent),
        attacker.ecr("GET", "/v2/app/tags/list", headers=sent),
    ):
        assert_registry_form(said)
        assert said.status == 401, said


@bounded
@given(user=st.text(max_size=20), password=st.text(st.characters(), max_size=40))
def test_any_login(attacker: Attacker, user: str, password: str) -> None:
    sent = basic(user, password)
    assert attacker.hub("GET", "/token?service=registry.docker.io", headers=sent).status == 401
    assert attacker.ecr("GET", "/v2/", headers=sent).status == 401
    content = json.dumps({"username": user, "password": password}).encode()
    assert attacker.hub("POST", "/api/v2/users/login/", content).status == 401
    assert (
        attacker.hub(
            "POST", "/api/v2/users/login/", json.dumps({"username": "acme", "password": password}).encode()
        ).status
        == 401
    )


@bounded
@given(scope=st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="&#%+ "), max_size=60))
def test_any_scope_grants_nothing_of_others(attacker: Attacker, scope: str) -> None:
    said = attacker.hub("GET", f"/token?scope={scope}&scope=repository:acme/segredo:pull,push,*", headers=basic(*ALUNO))
    assert said.status == 200, said
    bearer = {"Authorization": f"Bearer {json.loads(said.body)['token']}"}
    assert attacker.hub("GET", "/v2/acme/segredo/tags/list", headers=bearer).status == 401


NAMES = (
    *(
        "..",
        "../etc",
        "a/../b",
        "A",
        "é",
        "a" * 300,
        "a//b",
        "-a",
        "a/",
        "/",
        "a%00b",
        "a%2f..%2fb",
        "a%0d%0aX: y",
        "%ff",
    ),
    *("aluno/app/../../acme/segredo", "aluno/app;acme/segredo", "acme\\segredo", ".", "a..b", "_catalog", "a\u202eb"),
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_repository_name_that_is_none(attacker: Attacker, name: str) -> None:
    lab = attacker.lab
    for method, rest in (
        ("GET", "tags/list"),
        ("PUT", "manifests/v1"),
        ("POST", "blobs/uploads/"),
        ("HEAD", "manifests/v1"),
    ):
        for said in (
            attacker.hub(method, f"/v2/{name}/{rest}", headers=lab.bearer("aluno/app", ALUNO)),
            attacker.ecr(method, f"/v2/{name}/{rest}", headers=basic(*lab.password())),
        ):
            assert_registry_form(said)
            assert said.status >= 400, (method, said)
    assert attacker.hub("DELETE", f"/api/v2/repositories/{name}/", headers=basic(*ACME)).status in (400, 404, 405)
    if "\u202e" not in name:
        said = attacker.aws("ecr", "CreateRepository", json.dumps({"repositoryName": name}).encode())
        assert said.status == 400, said

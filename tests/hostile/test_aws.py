"""The AWS port: forged and replayed signatures, and signed requests whose bodies make no sense."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ..sandbox.gateway_kit import Lab
from .kit import ACCOUNT, Attacker, assert_aws_form, bounded, picture

ECR_ACTIONS = (
    *("CreateRepository", "DescribeRepositories", "DescribeImages", "ListImages", "PutImage", "BatchDeleteImage"),
    *("DeleteRepository", "GetAuthorizationToken", "PutImageTagMutability", "PutLifecyclePolicy", "TagResource"),
    *("SetRepositoryPolicy", "BatchCheckLayerAvailability", "BatchGetImage", "NoSuchAction", "__class__", ""),
)
BUDGET_ACTIONS = ("CreateBudget", "DescribeBudget", "DescribeNotificationsForBudget", "CreateNotification", "Nope")
IAM_ACTIONS = ("CreateUser", "CreateAccessKey", "PutUserPolicy", "GetUser", "AttachUserPolicy", "CreatePolicy", "Nope")
NAMES = st.sampled_from(
    ("repositoryName", "imageIds", "imageManifest", "imageTag", "registryId", "Budget", "AccountId")
)
WRONG = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(("app", "..", "A" * 300, "é", "\x00", ACCOUNT)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@bounded
@given(action=st.sampled_from(ECR_ACTIONS), parameters=st.dictionaries(NAMES | st.text(max_size=8), WRONG, max_size=4))
def test_ecr_calls_that_make_no_sense(attacker: Attacker, action: str, parameters: dict[str, Any]) -> None:
    said = attacker.aws("ecr", action, json.dumps(parameters).encode())
    assert_aws_form(said)


@bounded
@given(
    action=st.sampled_from(BUDGET_ACTIONS), parameters=st.dictionaries(NAMES | st.text(max_size=8), WRONG, max_size=4)
)
@example(action="CreateBudget", parameters={"Budget": [1]})
@example(action="CreateBudget", parameters={"Budget": {"BudgetName": [1]}})
def test_budget_calls_that_make_no_sense(attacker: Attacker, action: str, parameters: dict[str, Any]) -> None:
    said = attacker.aws("budgets", action, json.dumps({"AccountId": ACCOUNT, **parameters}).encode())
    assert_aws_form(said)
    assert said.status >= 400 or action.startswith("Describe"), said


@bounded
@given(
    action=st.sampled_from(IAM_ACTIONS),
    rest=st.dictionaries(
        st.sampled_from(("PolicyDocument", "PolicyName", "PolicyArn")), st.text(max_size=30), max_size=3
    ),
    name=st.sampled_from(("", "..", "a" * 200, "a b", "é", "nobody", "<x>", "\x00")),
)
def test_iam_calls_that_make_no_sense(attacker: Attacker, action: str, rest: dict[str, str], name: str) -> None:
    from urllib.parse import urlencode

    form = urlencode({"Action": action, "Version": "2010-05-08", "UserName": name, **rest}, errors="surrogatepass")
    said = attacker.aws("iam", action, form.encode())
    assert_aws_form(said)
    if action == "CreateUser":
        assert (said.status == 200) == (name in ("nobody", "..")), said  # both are names to IAM
        if said.status == 200:
            attacker.lab.cloud.client("iam", "console").delete_user(UserName=name)


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"5",
    "deep": b"[" * 100_000,
    "deep in a field": b'{"repositoryName": ' + b"[" * 900 + b"]" * 900 + b"}",
    "no UTF-8": b'{"repositoryName": "\xff"}',
    "a lone surrogate": b'{"repositoryName": "\\ud800"}',
    "a number of 5,000 digits": b'{"maxResults": ' + b"9" * 5000 + b"}",
    "not a number": b'{"maxResults": NaN}',
    "5 MB of a name": b'{"repositoryName": "' + b"a" * (5 << 20) + b'"}',
    "too large": b'{"repositoryName": "' + b"a" * (7 << 20) + b'"}',
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
    "a form": b"Action=ListUsers&Version=2010-05-08",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("service", ["ecr", "budgets", "iam", "sts"])
def test_a_body_that_cannot_be_read(attacker: Attacker, service: str, body: str) -> None:
    said = attacker.aws(service, "CreateRepository" if service == "ecr" else "CreateBudget", BODIES[body])
    assert_aws_form(said)
    assert said.status >= 400 or (service, body) == ("iam", "a form"), said


def test_names_of_megabytes_do_not_stay_in_memory(attacker: Attacker) -> None:
    """A refused name is told in the events; 30 of 5 MB would be 150 MB."""
    for _ in range(30):
        said = attacker.aws("ecr", "DescribeImages", BODIES["5 MB of a name"])
        assert said.status == 400 and len(said.body) < 100_000
    assert sum(len(json.dumps(one)) for one in attacker.lab.admin.events()) < 5 << 20


def spoil(pattern: str, text: str) -> Any:
    def change(headers: dict[str, str]) -> None:
        headers["Authorization"] = re.sub(pattern, text, headers["Authorization"])

    return change


FORGERIES = {
    "another signature": spoil(r"Signature=\w+", "Signature=" + "0" * 64),
    "a short signature": spoil(r"Signature=\w+", "Signature=00"),
    "no signature": spoil(r", Signature=\w+", ""),
    "another key": spoil(r"Credential=\w+", "Credential=AKIAIOSFODNN7EXAMPLE"),
    "another region": spoil("us-east-2", "eu-west-1"),
    "another service": spoil("/ecr/", "/iam/"),
    "an unknown service": spoil("/ecr/", "/s3/"),
    "another day": spoil(r"/\d{8}/", "/20200101/"),
    "no host signed": spoil(r"host;", ""),
    "signed headers that are none": spoil(r"SignedHeaders=[^,]+", "SignedHeaders=;;;"),
    "not this algorithm": spoil("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "no date": lambda headers: headers.pop("X-Amz-Date"),
    "a date of long ago": lambda headers: headers.update({"X-Amz-Date": "20200101T000000Z"}),
    "a date that is none": lambda headers: headers.update({"X-Amz-Date": "20999999T999999Z"}),
    "no session token": lambda headers: headers.pop("X-Amz-Security-Token"),
    "another session token": lambda headers: headers.update({"X-Amz-Security-Token": "x" * 128}),
    "another body's hash": lambda headers: headers.update({"X-Amz-Content-Sha256": "0" * 64}),
    "no authorization": lambda headers: headers.pop("Authorization"),
    "an authorization of bytes": lambda headers: headers.update({"Authorization": "AWS4-HMAC-SHA256 \udcff\udcfe"}),
    "an action of bytes": lambda headers: headers.update({"X-Amz-Target": "AmazonEC2\udcff.\udcfe"}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_signature_is_refused(attacker: Attacker, forgery: str) -> None:
    body = json.dumps({"repositoryName": "forged"}).encode()
    said = attacker.aws("ecr", "CreateRepository", body, change=FORGERIES[forgery])
    assert_aws_form(said)
    assert said.status in (400, 403), said


@bounded
@given(header=st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=80))
def test_any_authorization(attacker: Attacker, header: str) -> None:
    change = lambda headers: headers.update({"Authorization": f"AWS4-HMAC-SHA256 {header}"})  # noqa: E731
    said = attacker.aws("ecr", "DescribeRepositories", b"{}", change=change)
    assert_aws_form(said)
    assert said.status >= 400


@bounded
@given(target=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_any_target(attacker: Attacker, target: str) -> None:
    said = attacker.http(attacker.ports.aws, "POST", f"/{target}", b"{}")
    assert_aws_form(said)
    assert said.status >= 400


PATHS = (
    "/client/register",
    "/device_authorization",
    "/token",
    "/sso/device",
    "/assignment/roles",
    "/federation/credentials",
)


@bounded
@given(
    path=st.sampled_from(PATHS), method=st.sampled_from(("GET", "POST", "PUT")), content=st.binary(max_size=60) | WRONG
)
def test_single_sign_on_with_nonsense(attacker: Attacker, path: str, method: str, content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    said = attacker.http(attacker.ports.aws, method, path, body)
    assert 400 <= said.status < 500 or (path, method, said.status) == ("/sso/device", "GET", 200), said


def test_single_sign_on_secrets_of_any_script(attacker: Attacker) -> None:
    made = attacker.http(attacker.ports.aws, "POST", "/client/register", b'{"clientName": "x", "clientType": "public"}')
    client = json.loads(made.body)["clientId"]
    for secret in ("é", "\\ud800", "x"):
        body = f'{{"clientId": "{client}", "clientSecret": "{secret}"}}'.encode()
        assert attacker.http(attacker.ports.aws, "POST", "/device_authorization", body).status == 401


def test_what_was_refused_is_not_there_after_a_restart_either(gateway: Lab) -> None:
    """The journal holds exactly what the APIs showed: nothing half done by moto, nothing accepted and not kept."""
    before = picture(gateway)
    gateway.end()
    gateway.start_gateway()
    assert picture(gateway) == before

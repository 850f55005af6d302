"""The gateway's pure parts: policies, bills, images, events, signatures, the console's files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from itsdangerous import URLSafeSerializer

from labs.base import iam_policy
from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.sandbox.gateway.aws import sigv4
from labs.sandbox.gateway.errors import RefusedError
from labs.sandbox.gateway.memory import billing
from labs.sandbox.gateway.memory.access_log import KEPT, Events
from labs.sandbox.gateway.memory.clock import Clock
from labs.sandbox.gateway.memory.console_session import console_credentials, write_console_profile
from labs.sandbox.gateway.memory.hub_accounts import Accounts, hashed
from labs.sandbox.gateway.memory.images import Images, layer_digests
from labs.sandbox.gateway.memory.tokens import Signer
from labs.sandbox.gateway.registries.upstream import relocated, route
from labs.seams.aws_files import write_profile

ARN = "arn:aws:ecr:us-east-2:123456789012:repository/app"


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": "ecr:*", "Resource": "*", **parts}]}


@pytest.mark.parametrize(
    ("policies", "verdict"),
    [
        ([], iam_policy.IMPLICIT),
        ([statement()], iam_policy.ALLOWED),
        ([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}], iam_policy.ALLOWED),
        ([statement(Action=["ECR:putimage"])], iam_policy.ALLOWED),
        ([statement(Action="ecr:Put?mage")], iam_policy.ALLOWED),
        ([statement(Action="ecr:Put")], iam_policy.IMPLICIT),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/app*")], iam_policy.ALLOWED),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/ap")], iam_policy.IMPLICIT),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/APP")], iam_policy.IMPLICIT),
        ([statement(), statement("Deny", Action="ecr:PutImage")], iam_policy.EXPLICIT),
        ([statement("Deny", Action="ecr:PutImage"), statement()], iam_policy.EXPLICIT),
        ([statement(), statement("Deny", Action="ecr:Get*")], iam_policy.ALLOWED),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], iam_policy.ALLOWED),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "ecr:*", "Resource": "*"}]}], iam_policy.IMPLICIT),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": ARN}]}], iam_policy.IMPLICIT),
        ([statement(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-2"}})], iam_policy.ALLOWED),
        ([statement(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})], iam_policy.IMPLICIT),
        ([statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})], iam_policy.IMPLICIT),
        ([statement(Condition={"NumericLessThan": {"aws:RequestedRegion": 3}})], iam_policy.IMPLICIT),
        ([{"Statement": ["nonsense"]}], iam_policy.IMPLICIT),
    ],
)
def test_policies_are_evaluated_as_iam_does(policies: list[dict[str, Any]], verdict: str) -> None:
    context = {"aws:requestedregion": "us-east-2"}
    assert iam_policy.evaluate(policies, "ecr:PutImage", ARN, context) == verdict


def test_policy_variables_are_filled_in() -> None:
    own = statement(Resource="arn:aws:iam::1:user/${aws:username}", Action="iam:*")
    context = {"aws:username": "maria"}
    assert iam_policy.evaluate([own], "iam:GetUser", "arn:aws:iam::1:user/maria", context) == iam_policy.ALLOWED
    assert iam_policy.evaluate([own], "iam:GetUser", "arn:aws:iam::1:user/joana", context) == iam_policy.IMPLICIT


def test_an_explicit_deny_is_told() -> None:
    assert "with an explicit deny" in iam_policy.denial("u", "a:b", "*", iam_policy.EXPLICIT)


@pytest.mark.parametrize(
    ("threshold", "kind", "operator", "spent", "expected"),
    [
        (50, "PERCENTAGE", "GREATER_THAN", "2.50", False),
        (50, "PERCENTAGE", "GREATER_THAN", "2.51", True),
        (3, "ABSOLUTE_VALUE", "GREATER_THAN", "3.01", True),
        (3, "ABSOLUTE_VALUE", "LESS_THAN", "2", True),
        (3, "ABSOLUTE_VALUE", "EQUAL_TO", "3", True),
    ],
)
def test_thresholds(threshold: float, kind: str, operator: str, spent: str, expected: bool) -> None:
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": operator}
    notification |= {"Threshold": threshold, "ThresholdType": kind}  # type: ignore[dict-item]
    budget = {"BudgetName": "b", "BudgetType": "COST", "BudgetLimit": {"Amount": "5", "Unit": "USD"}}
    assert billing.exceeded(Decimal(spent), budget, notification) is expected
    forecast = {**notification, "NotificationType": "FORECASTED"}
    assert not billing.exceeded(Decimal("100"), budget, forecast)


@pytest.mark.parametrize("text", ["-1", "x", None, "NaN", "Infinity", "1e99"])
def test_money_is_a_sum_zero_or_more(text: str | None) -> None:
    assert billing.amount(text) is None


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


def test_events_are_numbered_over_restarts(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    events.add("hub", "push", repository="a/b")
    again = Events(tmp_path / "e", Clock())
    assert again.add("hub", "pull") == 2
    assert [event["kind"] for event in again.since(0)] == ["push", "pull"]
    again.clear()
    assert again.since(0) == []
    assert Events(tmp_path / "e", Clock()).add("hub", "push") == 3


def test_events_are_bounded(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    for _ in range(2 * KEPT + 10):
        events.add("hub", "pull")
    assert len(events.since()) == KEPT
    assert len((tmp_path / "e").read_bytes().splitlines()) <= 2 * KEPT
    assert Events(tmp_path / "e", Clock()).since()[-1]["seq"] == 2 * KEPT + 10


def test_parallel_refusals_are_one_event(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    for _ in range(5):
        events.add("hub", "refused", repository="a/b", code="DENIED")
    events.add("hub", "refused", repository="a/c", code="DENIED")
    assert [event["repository"] for event in events.since()] == ["a/b", "a/c"]


def test_only_the_client_that_comes_back_withdraws_its_refusal(tmp_path: Path) -> None:
    events = Events(tmp_path / "e", Clock())
    events.add_provisional("one", "ecr", code="NO_BASIC_AUTH")
    events.add_provisional("two", "ecr", code="NO_BASIC_AUTH", repository="r")
    events.came_back("two")
    for seen in (events, Events(tmp_path / "e", Clock())):
        assert [event["repository"] for event in seen.since()] == [""]


def test_a_login_after_a_refused_push_does_not_withdraw_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, moment = Events(tmp_path / "e", Clock()), 100.0
    monkeypatch.setattr("labs.sandbox.gateway.memory.access_log.time.monotonic", lambda: moment)
    events.add_provisional("docker", "ecr", code="NO_BASIC_AUTH", repository="push")
    moment += 1.0
    for layer in ("one", "two"):
        events.add_provisional("docker", "ecr", code="NO_BASIC_AUTH", repository=layer)
    events.came_back("docker")
    assert [event["repository"] for event in events.since()] == ["push"]


def test_the_clock_stands_during_a_replay() -> None:
    clock = Clock()
    clock.offset = 3600
    assert abs(clock.now() - datetime.now(UTC).timestamp() - 3600) < 5
    with clock.standing_at(1000.0):
        assert clock.now() == 1000.0
        assert clock.now_utc() == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1000)


def signed(body: bytes, *, secret: str = "segredo", date: datetime | None = None) -> sigv4.Message:
    request = AWSRequest("POST", "http://127.0.0.1:5003/?b=2&a=1", data=body, headers={"Content-Type": "x"})
    auth = SigV4Auth(Credentials("AKIATEST", secret), "iam", "us-east-1")
    moment = date or datetime.now(UTC)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["Host"] = "127.0.0.1:5003"
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    return sigv4.Message("POST", "/?b=2&a=1", {name.lower(): value for name, value in request.headers.items()}, body)


def test_signatures_are_computed_again() -> None:
    message = signed(b"Action=ListUsers")
    signature = sigv4.parse(message.headers["authorization"])
    assert signature
    assert (signature.key, signature.service, signature.region) == ("AKIATEST", "iam", "us-east-1")
    sigv4.verify(message, signature, "segredo")
    for changed in (
        (message, "outro"),
        (sigv4.Message("GET", message.target, message.headers, message.body), "segredo"),
        (sigv4.Message("POST", "/?b=2&a=2", message.headers, message.body), "segredo"),
        (sigv4.Message("POST", message.target, message.headers, b"Action=DeleteUser"), "segredo"),
        (sigv4.Message("POST", message.target, {**message.headers, "host": "x"}, message.body), "segredo"),
    ):
        with pytest.raises(RefusedError):
            sigv4.verify(changed[0], signature, changed[1])


def test_old_signatures_are_refused() -> None:
    message = signed(b"", date=datetime.now(UTC) - timedelta(minutes=16))
    with pytest.raises(RefusedError, match="Signature expired"):
        sigv4.verify(message, sigv4.parse(message.headers["authorization"]), "segredo")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "Basic eA==", "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS4-HMAC-SHA256 " + "a" * 5000]
)
def test_other_headers_are_no_signature(text: str) -> None:
    assert sigv4.parse(text) is None


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
    assert relocated("http://registry/v2/x?a=b%3D", "127.0.0.1:5001") == "http://127.0.0.1:5001/v2/x?a=b%3D"
    assert relocated("/v2/x", "127.0.0.1:5001") == "http://127.0.0.1:5001/v2/x"


def test_account_tokens_are_kept_as_salted_hashes() -> None:
    accounts = Accounts()
    assert hashed("t") != hashed("t")
    accounts.put("aluno", hashed("t"))
    assert accounts.accepts("aluno", "t")
    assert accounts.accepts("aluno", "t"), "the remembered digest"
    assert not accounts.accepts("aluno", "u")
    assert not accounts.accepts("outro", "t")


@pytest.mark.parametrize("damaged", [b"", b"\n", b"00", b"\x00\xff{[ not a key", b"a" * 32])
def test_a_damaged_key_signs_nothing(tmp_path: Path, damaged: bytes) -> None:
    """An empty one above all: with it anybody could sign."""
    (tmp_path / "key").write_bytes(damaged)
    signer = Signer(tmp_path / "key")
    kept = (tmp_path / "key").read_text()
    assert len(kept) == 64 and Signer(tmp_path / "key").read("p", signer.sign("p", {"a": 1})) == {"a": 1}
    forged = URLSafeSerializer(damaged.decode("latin-1").strip(), salt="p").dumps({"user": "aluno"})
    assert signer.read("p", str(forged)) is None


def test_tokens_are_for_one_purpose(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "key")
    token = signer.hub("aluno", {"aluno/a": ["pull"]})
    assert Signer(tmp_path / "key").read_hub(token)["user"] == "aluno"  # type: ignore[index]
    assert signer.read("ecr", token) is None
    assert Signer(tmp_path / "other").read_hub(token) is None
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_the_console_profile_leaves_others_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    write_profile(settings, "default", {"aws_access_key_id": "A", "aws_secret_access_key": "B%"}, {"region": "x"})
    write_console_profile(settings)
    made = console_credentials(settings)
    assert made == console_credentials(settings)
    text = settings.aws_credentials_file.read_text()
    assert "[default]" in text
    assert "aws_secret_access_key = B%" in text
    assert f"aws_session_token = {made['aws_session_token']}" in text
    assert "[profile console]\nregion = us-east-2\noutput = json" in settings.aws_config_file.read_text()
    for file in (
        settings.aws_credentials_file,
        settings.aws_config_file,
        settings.sandbox / "gateway" / "console.json",
    ):
        assert file.stat().st_mode & 0o777 == 0o600
    before = settings.aws_credentials_file.stat().st_mtime_ns
    write_console_profile(settings)
    assert settings.aws_credentials_file.stat().st_mtime_ns == before


def test_a_damaged_credentials_file_is_said(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.aws_credentials_file.parent.mkdir()
    settings.aws_credentials_file.write_text("no section\n")
    with pytest.raises(StateError):
        write_console_profile(settings)


def test_digests_are_those_of_the_bytes() -> None:
    from labs.sandbox.gateway.registries.store import digest_of

    assert digest_of(b"x") == "sha256:" + hashlib.sha256(b"x").hexdigest()

"""Checks of the AWS account: identity, keys, budgets, ECR; a key's id is never shown whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labs.base.settings import Live
from labs.checks import cloud as cloud_checks

from .fakes import FakeWorld, digest, image, manifest
from .verdicts import run, told

KEY, MASKED = "AKIAEXAMPLE12345", "AKIA…2345"
ECR = "127.0.0.1:5002"


def keys(*statuses: str) -> dict[str, Any]:
    """The answer of ListAccessKeys: the first one is `KEY`."""
    ids = (KEY, "AKIAEXAMPLE67890")
    return {
        "AccessKeyMetadata": [{"AccessKeyId": id, "Status": status} for id, status in zip(ids, statuses, strict=False)]
    }


@pytest.mark.parametrize(
    ("arn", "sentence"),
    [
        ("user/widget-dev", "✓ O perfil default é arn:aws:iam::1:user/widget-dev."),
        ("user/other", "✗ O perfil default é arn:aws:iam::1:user/widget-dev."),
    ],
)
def test_identity(world: FakeWorld, arn: str, sentence: str) -> None:
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/widget-dev"}
    assert told(world, "identity", profile="default", arn=arn) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "✓ O perfil default tem access key, região us-east-2 e saída json."),
        ({"aws_access_key_id": None}, "✗ O perfil default não tem access key."),
        ({"region": "us-east-1"}, "✗ No perfil default confira: region."),
        ({"region": None, "output": "text"}, "✗ No perfil default confira: region, output."),
    ],
)
def test_profile(world: FakeWorld, changes: dict[str, str | None], sentence: str) -> None:
    stored = {"aws_access_key_id": KEY, "region": "us-east-2", "output": "json", **changes}
    world.cloud.profiles["default"] = {name: value for name, value in stored.items() if value is not None}
    assert told(world, "profile", profile="default", region="us-east-2", output="json") == sentence


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "✓ O usuário root não tem nenhuma access key."),
        (1, "✗ O usuário root tem access keys: apague-as."),
    ],
)
def test_root_without_keys(world: FakeWorld, count: int, sentence: str) -> None:
    world.cloud.answers["iam", "get_account_summary"] = {"SummaryMap": {"AccountAccessKeysPresent": count}}
    assert told(world, "root_without_keys") == sentence


def test_iam_user(world: FakeWorld) -> None:
    assert told(world, "iam_user", user="u").startswith("✗ A AWS recusou.")
    world.cloud.answers["iam", "get_user"] = {"User": {"Arn": "arn:aws:iam::1:user/u"}}
    assert told(world, "iam_user", user="u") == "✓ O usuário existe: arn:aws:iam::1:user/u."


TOO_WIDE = "✗ A política permite ações demais."


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ({"Action": ["ecr:PutImage"]}, "✓ u tem a política p: 1 declarações, nenhuma com “*” nas ações."),
        (
            {"Action": "*", "Effect": "Deny"},
            "✓ u tem a política p: 1 declarações, nenhuma com “*” nas ações.",
        ),
        ({"Action": "*"}, TOO_WIDE),
        ({"Action": ["ecr:PutImage", "ecr:*"]}, TOO_WIDE),
        ({"NotAction": "iam:*"}, TOO_WIDE),
    ],
)
def test_user_policy(world: FakeWorld, statement: dict[str, Any], sentence: str) -> None:
    document = {"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}
    world.cloud.answers["iam", "get_user_policy"] = {"PolicyDocument": document}
    assert told(world, "user_policy", user="u", policy="p") == sentence


@pytest.mark.parametrize(
    ("attached", "sentence"),
    [
        (["p", "q"], "✓ u tem a política p."),
        (["q"], "✗ u não tem a política p."),
        ([], "✗ u não tem a política p."),
    ],
)
def test_attached_policy(world: FakeWorld, attached: list[str], sentence: str) -> None:
    policies = [{"PolicyName": name} for name in attached]
    world.cloud.answers["iam", "list_attached_user_policies"] = {"AttachedPolicies": policies}
    assert told(world, "attached_policy", user="u", policy="p") == sentence


KEPT = json.dumps({"AccessKey": {"AccessKeyId": KEY}})
NOT_KEPT = "✗ key.json ainda não guarda uma access key."


@pytest.mark.parametrize(
    ("content", "mode", "status", "sentence"),
    [
        (KEPT, 0o600, "Active", f"✓ u tem a access key {MASKED} ativa, guardada em arquivo só seu."),
        (None, 0o600, "Active", NOT_KEPT),
        ("{", 0o600, "Active", NOT_KEPT),
        ('{"AccessKey": []}', 0o600, "Active", NOT_KEPT),
        (KEPT, 0o644, "Active", "✗ Outras pessoas conseguem ler key.json."),
        (KEPT, 0o600, "Inactive", "✗ A access key do arquivo não está ativa."),
    ],
)
def test_access_key(
    world: FakeWorld, tmp_path: Path, content: str | None, mode: int, status: str, sentence: str
) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    world.cloud.answers["iam", "list_access_keys"] = keys(status)
    assert told(world, "access_key", user="u", file=str(file)) == sentence


@pytest.mark.parametrize(
    ("statuses", "wanted", "sentence"),
    [
        (["Inactive"], "Inactive", f"✓ A access key {MASKED} está inativa."),
        (["Active"], "Active", f"✓ A access key {MASKED} está ativa."),
        (["Active"], "Inactive", f"✗ A access key {MASKED} está Active."),
        ([], "Inactive", "✗ A access key do perfil não é de nenhum usuário da conta."),
    ],
)
def test_key_status(world: FakeWorld, statuses: list[str], wanted: str, sentence: str) -> None:
    world.cloud.profiles["p"] = {"aws_access_key_id": KEY}
    world.cloud.answers["iam", "list_users"] = {"Users": [{"UserName": "u"}]}
    world.cloud.answers["iam", "list_access_keys"] = keys(*statuses)
    assert told(world, "key_status", profile="p", status=wanted) == sentence


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        (
            {"LastUsedDate": "2026-01-31", "ServiceName": "sts", "Region": "us-east-2"},
            f"✓ Último uso de {MASKED}: serviço sts, região us-east-2.",
        ),
        ({"ServiceName": "N/A", "Region": "N/A"}, f"✗ A access key {MASKED} nunca foi usada."),
    ],
)
def test_key_used(world: FakeWorld, used: dict[str, str], sentence: str) -> None:
    world.cloud.profiles["p"] = {"aws_access_key_id": KEY}
    world.cloud.answers["iam", "get_access_key_last_used"] = {"AccessKeyLastUsed": used}
    assert told(world, "key_used", profile="p") == sentence


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        (["Active"], "✓ u tem 1 access key, ativa; a antiga foi apagada."),
        (["Inactive"], "✗ u tem 1 access keys: Inactive."),
        (["Active", "Inactive"], "✗ u tem 2 access keys: Active, Inactive."),
    ],
)
def test_only_active_keys(world: FakeWorld, statuses: list[str], sentence: str) -> None:
    world.cloud.answers["iam", "list_access_keys"] = keys(*statuses)
    assert told(world, "only_active_keys", user="u", count=1) == sentence


@pytest.mark.parametrize(
    ("limit", "levels", "sentence"),
    [
        ("5", [80, 50], "✓ Budget b: 5 USD por mês, alertas em 50, 80 %."),
        ("6", [50, 80], "✗ O limite do budget é 5.0, e não 6 USD."),
        ("5", [50], "✗ Os alertas estão em [50, 80] %, e não em [50] %."),
    ],
)
def test_budget(world: FakeWorld, limit: str, levels: list[int], sentence: str) -> None:
    world.cloud.answers["budgets", "describe_budget"] = {"Budget": {"BudgetLimit": {"Amount": "5.0"}}}
    world.cloud.answers["budgets", "describe_notifications_for_budget"] = {
        "Notifications": [{"Threshold": 50.0}, {"Threshold": 80.0}]
    }
    assert told(world, "budget", name="b", limit=limit, thresholds=levels) == sentence


@pytest.mark.parametrize(
    ("fired", "sentence"),
    [
        ([("alert", "b", "50.0"), ("alert", "b", "80.0")], "✓ Os alertas de 50, 80 % dispararam."),
        ([("alert", "b", "50.0")], "✗ Ainda não disparou o alerta de 80 %."),
        ([("alert", "c", "80.0"), ("push", "b", "latest")], "✗ Ainda não disparou o alerta de 50, 80 %."),
    ],
)
def test_alert_fired(world: FakeWorld, fired: list[tuple[str, str, str]], sentence: str) -> None:
    for seq, (kind, repository, reference) in enumerate(fired, start=1):
        world.admin.seen.append({"seq": seq, "kind": kind, "repository": repository, "reference": reference})
    assert told(world, "alert_fired", name="b", thresholds=[50, 80]) == sentence


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("MUTABLE", "✓ O repositório existe: host/w (MUTABLE)."),
        ("IMMUTABLE", "✗ O repositório w é MUTABLE, e não IMMUTABLE."),
    ],
)
def test_ecr_repository(world: FakeWorld, wanted: str, sentence: str) -> None:
    repository = {"imageTagMutability": "MUTABLE", "repositoryUri": "host/w", "repositoryArn": "arn:w"}
    world.cloud.answers["ecr", "describe_repositories"] = {"repositories": [repository]}
    assert told(world, "ecr_repository", name="w", mutability=wanted) == sentence


REF = f"{ECR}/w:v1"


@pytest.mark.parametrize(
    ("config", "described", "sentence"),
    [
        ("a", {}, "✓ Engine, manifest e describe-images concordam: sha256:dddddddddddd, 20 B."),
        ("b", {}, f"✗ O ECR tem outra imagem em {REF}."),
        ("a", {"imageDigest": digest("e")}, "✗ describe-images mostra outro digest."),
        ("a", {"imageSizeInBytes": 10}, "✗ describe-images diz 10 bytes; o manifest soma 20."),
    ],
)
def test_ecr_image_compares_three_planes(
    world: FakeWorld, config: str, described: dict[str, Any], sentence: str
) -> None:
    world.engine.held.append(image("a", REF))
    world.ecr.manifests["w", "v1"] = manifest("d", config, "1", "2")
    details = {"imageDigest": digest("d"), "imageSizeInBytes": 20, **described}
    world.cloud.answers["ecr", "describe_images"] = {"imageDetails": [details]}
    assert told(world, "ecr_image", ref=REF) == sentence


def test_aws_does_not_say_how_it_counts_a_size(world: FakeWorld) -> None:
    live = replace(world.settings, live=Live("maria", "210987654321", "sa-east-1", "maria@example.com"))
    real = FakeWorld(live)
    ref = f"{live.ecr_registry}/w:v1"
    real.engine.held.append(image("a", ref))
    real.ecr.manifests["w", "v1"] = manifest("d", "a", "1", "2")
    details = {"imageDigest": digest("d"), "imageSizeInBytes": 10}
    real.cloud.answers["ecr", "describe_images"] = {"imageDetails": [details]}
    assert run(real, "ecr_image", ref=ref).passed


def test_lifecycle(world: FakeWorld) -> None:
    policy = json.dumps({"rules": [{"rulePriority": 1}, {"rulePriority": 2}]})
    world.cloud.answers["ecr", "get_lifecycle_policy"] = {"lifecyclePolicyText": policy}
    assert told(world, "lifecycle", name="w") == "✓ O repositório w tem 2 regras de lifecycle."


def test_keys_for_a_picture_are_masked_and_dated(world: FakeWorld) -> None:
    assert cloud_checks.access_keys(world, "u") == [], "a user that does not exist has none"
    found = keys("Active")
    found["AccessKeyMetadata"][0]["CreateDate"] = datetime(2026, 1, 31, tzinfo=UTC)
    world.cloud.answers["iam", "list_access_keys"] = found
    world.cloud.answers["iam", "get_access_key_last_used"] = {"AccessKeyLastUsed": {}}
    expected = {"id": MASKED, "status": "Active", "created": "31/01/2026", "used": "nunca"}
    assert cloud_checks.access_keys(world, "u") == [expected]


@pytest.mark.parametrize(("key", "shown"), [(KEY, MASKED), ("short", "…"), ("", "…")])
def test_a_key_is_masked(key: str, shown: str) -> None:
    assert cloud_checks.masked(key) == shown

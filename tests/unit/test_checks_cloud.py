"""Checks of the AWS account: identity, keys, budgets, ECR; a key's id is never shown whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import CloudError
from labs.base.settings import CLONE, Live
from labs.checks import cloud as cloud_checks

from .fakes import FakeWorld, digest, image, manifest
from .verdicts import line, run, told

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
        ("user/widget-dev", "✓ Com o perfil default, você é arn:aws:iam::1:user/widget-dev."),
        ("user/other", "✗ Com o perfil default, você é arn:aws:iam::1:user/widget-dev."),
    ],
)
def test_identity(world: FakeWorld, arn: str, sentence: str) -> None:
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/widget-dev"}
    assert told(world, "identity", profile="default", arn=arn) == sentence


SECRET, OTHER = "wJalrXUtnFEMI", "AKIAEXAMPLE67890"
PAIR = json.dumps({"AccessKey": {"AccessKeyId": KEY, "SecretAccessKey": SECRET}})
NOT_KEPT = "✗ key.json ainda não guarda uma access key."


def profile_of(**changes: str | None) -> dict[str, str]:
    """A configured profile, with these fields changed or (None) missing."""
    stored = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region": "us-east-2", "output": "json"}
    return {name: value for name, value in (stored | changes).items() if value is not None}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key.json"
    file.touch(0o600)
    file.write_text(PAIR)
    return file


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "✓ O perfil default tem access key, região us-east-2 e saída json."),
        ({"aws_access_key_id": None}, "✗ O perfil default não tem access key."),
        ({"aws_access_key_id": OTHER}, "✗ A access key do perfil default não é a que está em key.json."),
        ({"aws_secret_access_key": None}, "✗ A secret do perfil default não é a que está em key.json."),
        (
            {"aws_access_key_id": SECRET, "aws_secret_access_key": KEY},
            "✗ No perfil default os dois valores estão trocados: o id está no lugar da secret.",
        ),
        ({"region": "us-east-1"}, "✗ No perfil default confira: region."),
        ({"region": None, "output": "text"}, "✗ No perfil default confira: region, output."),
    ],
)
def test_profile(world: FakeWorld, key_file: Path, changes: dict[str, str | None], sentence: str) -> None:
    world.cloud.profiles["default"] = profile_of(**changes)
    wanted = {"region": "us-east-2", "output": "json", "file": str(key_file)}
    assert told(world, "profile", profile="default", **wanted) == sentence


def test_a_profile_is_compared_with_a_file_that_holds_a_key(world: FakeWorld, key_file: Path) -> None:
    world.cloud.profiles["default"] = profile_of()
    key_file.write_text("{}")
    wanted = {"region": "us-east-2", "output": "json", "file": str(key_file)}
    assert told(world, "profile", profile="default", **wanted) == NOT_KEPT


def change(action: str, key: str, user: str = "u", **changes: Any) -> dict[str, Any]:
    """The event of a change of an access key."""
    return {
        **dict.fromkeys(("code", "user", "key", "message"), ""),
        "seq": 1,
        "kind": "api",
        "service": "aws",
        "reference": f"iam:{action}",
        "repository": user,
        "subject": key,
        **changes,
    }


def deactivation(key: str, user: str = "u", **changes: Any) -> dict[str, Any]:
    return change("UpdateAccessKey", key, user, message="Inactive", **changes)


def refusal(key: str) -> dict[str, Any]:
    told = {"code": "InvalidClientTokenId", "message": "no", "key": key, "reference": "", "subject": ""}
    return {"seq": 2, "kind": "refused", "service": "aws", "repository": "", **told}


OF_OTHERS = [deactivation(OTHER, "clinica"), deactivation(OTHER, kit=True), change("UpdateAccessKey", OTHER)]
"""Another user's key, one that the kit deactivated for a case, and one that was activated."""


def test_a_key_was_deactivated(world: FakeWorld) -> None:
    world.admin.seen += OF_OTHERS
    assert told(world, "key_deactivated", user="u") == "✗ Nenhuma access key de u foi desativada ainda."
    world.admin.seen.append(deactivation(KEY))
    assert told(world, "key_deactivated", user="u") == f"✓ Foi desativada: {MASKED}."


def test_a_refused_key_is_one_that_was_deactivated(world: FakeWorld) -> None:
    not_yet = "✗ A AWS ainda não recusou uma requisição com a chave desativada."
    world.admin.seen += [*OF_OTHERS, deactivation(OTHER), refusal(KEY)]
    assert told(world, "key_refused", user="u") == not_yet, "some other wrong key"
    world.admin.seen.append(refusal(OTHER))
    assert told(world, "key_refused", user="u") == "✓ A chave AKIA…7890, desativada, foi recusada: no"


def test_a_new_key_comes_after_an_old_one(world: FakeWorld, key_file: Path) -> None:
    world.cloud.answers["iam", "list_access_keys"] = keys("Active")
    asked = {"user": "u", "file": str(key_file)}
    first = "✗ Nenhuma access key foi desativada ainda: esta é a primeira, e não a nova."
    world.admin.seen += OF_OTHERS
    assert told(world, "new_key", **asked) == first
    world.admin.seen.append(deactivation(KEY))
    assert told(world, "new_key", **asked) == first, "its own deactivation, undone, makes no new key"
    world.admin.seen.append(deactivation(OTHER))
    assert told(world, "new_key", **asked) == f"✓ Antes a chave era AKIA…7890, desativada; agora é {MASKED}, ativa."
    world.cloud.answers["iam", "list_access_keys"] = keys("Inactive")
    assert told(world, "new_key", **asked) == "✗ A access key do arquivo não está ativa."


def test_the_new_key_is_the_profiles(world: FakeWorld) -> None:
    world.cloud.answers["iam", "list_access_keys"] = keys("Active")
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/u"}
    world.cloud.profiles["default"] = profile_of()
    asked = {"profile": "default", "user": "u"}
    assert told(world, "new_key_configured", **asked).startswith("✗ Nenhuma access key foi desativada ainda")
    world.admin.seen.append(deactivation(OTHER))
    assert told(world, "new_key_configured", **asked) == "✓ Com o perfil default, você é arn:aws:iam::1:user/u."
    world.cloud.profiles["default"] = profile_of(aws_access_key_id=OTHER)
    assert told(world, "new_key_configured", **asked) == "✗ O perfil default não usa uma access key ativa de u."


def test_the_old_key_was_deleted(world: FakeWorld) -> None:
    world.cloud.answers["iam", "list_access_keys"] = keys("Active")
    asked: dict[str, Any] = {"user": "u", "count": 1}
    not_yet = "✗ Nenhuma access key desativada de u foi apagada ainda."
    assert told(world, "old_key_deleted", **asked) == not_yet
    world.admin.seen += [deactivation(OTHER), change("DeleteAccessKey", KEY), change("DeleteAccessKey", OTHER, "v")]
    assert told(world, "old_key_deleted", **asked) == not_yet, "another key, another user's"
    world.admin.seen.append(change("DeleteAccessKey", OTHER))
    assert told(world, "old_key_deleted", **asked).endswith("a antiga foi apagada. Apagada: AKIA…7890.")


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
    assert told(world, "iam_user", user="u") == "✗ Esse usuário não existe nesta conta.", "an absence is no refusal"
    world.cloud.answers["iam", "get_user"] = {"User": {"Arn": "arn:aws:iam::1:user/u"}}
    assert told(world, "iam_user", user="u") == "✓ O usuário existe: arn:aws:iam::1:user/u."


def too_wide(what: str) -> str:
    return f"✗ A política permite ações demais: {what}."


PUSH, TOKEN = list(cloud_checks.PUSHES), cloud_checks.TOKEN
GOOD = "✓ u tem a política p: 3 declarações, nenhuma com “*” nas ações."
ALL_OF_ECR = "✗ A política permite o push em qualquer repositório da conta."


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ({"Action": "ecr:DescribeImages"}, GOOD),
        ({"Action": "ecr:ListImages", "Effect": "Deny"}, GOOD),
        ({"Action": "*"}, too_wide("*")),
        ({"Action": ["ecr:PutImage", "ecr:*"]}, too_wide("ecr:*")),
        ({"Action": ["ecr:Put*", "ecr:?etImage"]}, too_wide("ecr:Put*, ecr:?etImage")),
        ({"NotAction": "iam:*"}, too_wide("NotAction")),
        ({"Action": ["ecr:DeleteRepository"]}, too_wide("ecr:DeleteRepository")),
        ({"Action": ["ecr:SetRepositoryPolicy"]}, too_wide("ecr:SetRepositoryPolicy")),
        (
            {"Action": ["iam:AttachUserPolicy", "ecr:ListImages"]},
            "✗ A política permite mais do que o ECR: iam:AttachUserPolicy.",
        ),
        ({"Action": "ecr:PutImage"}, ALL_OF_ECR),
        (
            {"Action": "ecr:GetAuthorizationToken", "Effect": "Deny"},
            "✗ Com a política p o push não passa: falta ecr:GetAuthorizationToken.",
        ),
        (
            {"Action": "ecr:*", "Effect": "Deny"},
            f"✗ Com a política p o push não passa: falta {', '.join([*PUSH, TOKEN])}.",
        ),
        (
            {"Action": "ecr:PutImage", "Effect": "Deny"},
            "✗ Com a política p o push não passa: falta ecr:PutImage.",
        ),
    ],
)
def test_user_policy(world: FakeWorld, statement: dict[str, Any], sentence: str) -> None:
    push = {"Effect": "Allow", "Action": PUSH, "Resource": "arn:aws:ecr:*:*:repository/w"}
    login = {"Effect": "Allow", "Action": TOKEN, "Resource": "*"}
    document = {"Statement": [login, push, {"Effect": "Allow", "Resource": "*", **statement}]}
    world.cloud.answers["iam", "get_user_policy"] = {"PolicyDocument": document}
    assert told(world, "user_policy", user="u", policy="p", repository="w") == sentence


@pytest.mark.parametrize(
    ("attached", "inline", "groups", "statuses", "sentence"),
    [
        (["p"], [], [], [], "✓ u tem a política p, e nada mais."),
        (["q"], [], [], [], "✗ u não tem a política p."),
        (["P"], [], [], [], "✗ u não tem a política p."),  # one of the account's own, by the same name
        ([], [], [], [], "✗ u não tem a política p."),
        (["p", "q"], ["r"], ["g"], [], "✗ u pode mais do que ler: q, r, g."),
        (["p"], [], [], ["Active"], "✗ u tem access key, e a tarefa pede um usuário sem chave."),
    ],
)
def test_attached_policy(
    world: FakeWorld, attached: list[str], inline: list[str], groups: list[str], statuses: list[str], sentence: str
) -> None:
    arn = "arn:aws:iam::{}:policy/{}"
    policies = [
        {"PolicyName": name.lower(), "PolicyArn": arn.format("123456789012" if name.isupper() else "aws", name.lower())}
        for name in attached
    ]
    world.cloud.answers["iam", "list_attached_user_policies"] = {"AttachedPolicies": policies}
    world.cloud.answers["iam", "list_user_policies"] = {"PolicyNames": inline}
    world.cloud.answers["iam", "list_groups_for_user"] = {"Groups": [{"GroupName": name} for name in groups]}
    world.cloud.answers["iam", "list_access_keys"] = keys(*statuses)
    assert told(world, "attached_policy", user="u", policy="p") == sentence


@pytest.mark.parametrize(
    ("content", "mode", "status", "sentence"),
    [
        (PAIR, 0o600, "Active", f"✓ u tem a access key {MASKED} ativa, guardada em arquivo só seu."),
        (None, 0o600, "Active", NOT_KEPT),
        ("{", 0o600, "Active", NOT_KEPT),
        ('{"AccessKey": []}', 0o600, "Active", NOT_KEPT),
        ("[]", 0o600, "Active", NOT_KEPT),
        (
            PAIR[len('{"AccessKey": ') : -1],
            0o600,
            "Active",
            f"✓ u tem a access key {MASKED} ativa, guardada em arquivo só seu.",
        ),
        (PAIR, 0o644, "Active", "✗ Outras pessoas conseguem ler key.json."),
        (PAIR, 0o600, "Inactive", "✗ A access key do arquivo não está ativa."),
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
        (["Active"], "Inactive", f"✗ A access key {MASKED} está ativa."),
        ([], "Inactive", "✗ A access key do perfil não é do usuário u."),
    ],
)
def test_key_status(world: FakeWorld, statuses: list[str], wanted: str, sentence: str) -> None:
    world.cloud.profiles["p"] = {"aws_access_key_id": KEY}
    world.cloud.answers["iam", "list_access_keys"] = keys(*statuses)
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/u"}
    assert told(world, "key_status", profile="p", status=wanted, user="u") == sentence


def test_an_active_key_with_another_secret_is_of_no_use(world: FakeWorld) -> None:
    world.cloud.profiles["p"] = {"aws_access_key_id": KEY}
    world.cloud.answers["iam", "list_access_keys"] = keys("Active")
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/outra"}
    told_of = told(world, "key_status", profile="p", status="Active", user="u")
    assert told_of == "✗ Com o perfil p, você é arn:aws:iam::1:user/outra."


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
        (["Inactive"], "✗ u tem 1 access key: inativa."),
        (["Active", "Inactive"], "✗ u tem 2 access keys: ativa, inativa."),
    ],
)
def test_only_active_keys(world: FakeWorld, statuses: list[str], sentence: str) -> None:
    world.cloud.answers["iam", "list_access_keys"] = keys(*statuses)
    assert line(cloud_checks.only_active_keys(world, "u", 1)) == sentence


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "✓ A conta não tem nenhum budget: nada avisa quando o gasto cresce."),
        ({"Budgets": [{"BudgetName": "b"}]}, "✓ A conta tem 1 budget: b."),
        ({"Budgets": [{"BudgetName": "b"}, {"BudgetName": "a"}]}, "✓ A conta tem 2 budgets: a, b."),
        (CloudError("A AWS recusou.", "AccessDenied"), "✗ A AWS recusou. AccessDenied"),
    ],
)
def test_budgets_told(world: FakeWorld, answer: Any, sentence: str) -> None:
    world.cloud.answers["budgets", "describe_budgets"] = answer
    assert told(world, "budgets_told") == sentence


BUDGET = {"BudgetLimit": {"Amount": "5.0", "Unit": "USD"}, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
BELOW = "✗ Um alerta não é do gasto real acima da porcentagem: ComparisonOperator é LESS_THAN."
OTHER_ALERT = BELOW.rpartition(":")[0]
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "ThresholdType": "PERCENTAGE"}


def budget_of(world: FakeWorld, budget: dict[str, Any], alert: dict[str, Any], addresses: list[str]) -> None:
    """Let the cloud answer with this budget, two such alerts and those who are told."""
    world.cloud.answers["budgets", "describe_budget"] = {"Budget": BUDGET | budget}
    world.cloud.answers["budgets", "describe_notifications_for_budget"] = {
        "Notifications": [ALERT | {"Threshold": 50.0} | alert, ALERT | {"Threshold": 80.0} | alert]
    }
    subscribers = [{"SubscriptionType": "EMAIL", "Address": address} for address in addresses]
    world.cloud.answers["budgets", "describe_subscribers_for_notification"] = {"Subscribers": subscribers}


@pytest.mark.parametrize(
    ("limit", "levels", "sentence"),
    [
        ("5", [80, 50], "✓ Budget b: US$ 5,00 por mês, alertas em 50, 80 %."),
        ("6", [50, 80], "✗ O limite do budget é US$ 5,00, e não US$ 6,00."),
        ("5", [50], "✗ Os alertas estão em 50, 80 %, e não em 50 %."),
    ],
)
def test_budget(world: FakeWorld, limit: str, levels: list[int], sentence: str) -> None:
    budget_of(world, {}, {}, ["a@example.com"])
    assert told(world, "budget", name="b", limit=limit, thresholds=levels) == sentence


@pytest.mark.parametrize(
    ("budget", "alert", "addresses", "sentence"),
    [
        (
            {"BudgetLimit": {"Amount": "5", "Unit": "BRL"}},
            {},
            ["a"],
            "✗ O limite do budget é 5,00 BRL, e não US$ 5,00.",
        ),
        ({"TimeUnit": "ANNUALLY"}, {}, ["a"], "✗ O budget não é de custo por mês: TimeUnit é ANNUALLY."),
        ({"BudgetType": "USAGE"}, {}, ["a"], "✗ O budget não é de custo por mês: BudgetType é USAGE."),
        ({}, {"NotificationType": "FORECASTED"}, ["a"], f"{OTHER_ALERT}: NotificationType é FORECASTED."),
        ({}, {"ThresholdType": "ABSOLUTE_VALUE"}, ["a"], f"{OTHER_ALERT}: ThresholdType é ABSOLUTE_VALUE."),
        ({}, {"ComparisonOperator": "LESS_THAN"}, ["a"], BELOW),
        ({}, {"Threshold": 80.5}, ["a"], "✗ Os alertas estão em 80.5, 80.5 %, e não em 50, 80 %."),
        ({}, {}, [], "✗ O alerta de 50 % não avisa ninguém."),
        ({}, {}, ["b", "c"], "✗ O alerta de 50 % avisa b, c, e não a."),
    ],
)
def test_a_budget_that_only_looks_like_it(
    world: FakeWorld, budget: dict[str, Any], alert: dict[str, Any], addresses: list[str], sentence: str
) -> None:
    budget_of(world, budget, alert, addresses)
    assert told(world, "budget", name="b", limit="5", thresholds=[50, 80], told="a") == sentence


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
        alert = {
            "seq": seq,
            "service": "budgets",
            "kind": kind,
            "repository": repository,
            "reference": reference,
            "code": "spend",
        }
        world.admin.seen.append(alert)
    assert told(world, "alert_fired", name="b", thresholds=[50, 80]) == sentence


def test_an_alert_that_a_new_budget_sent_at_once_was_not_provoked(world: FakeWorld) -> None:
    alert = {"service": "budgets", "kind": "alert", "repository": "b", "reference": "50.0"}
    world.admin.seen.append({**alert, "seq": 1, "code": "budget"})
    assert told(world, "alert_fired", name="b", thresholds=[50]) == (
        "✗ Os alertas dispararam assim que o budget nasceu: o gasto já tinha passado dele. Zere o gasto e provoque."
    )
    world.admin.seen.append({**alert, "seq": 2, "code": "spend"})
    assert run(world, "alert_fired", name="b", thresholds=[50]).passed
    made = {"seq": 3, "service": "aws", "kind": "api", "repository": "b", "reference": "budgets:CreateBudget"}
    world.admin.seen.append(made)
    assert told(world, "alert_fired", name="b", thresholds=[50]) == "✗ Ainda não disparou o alerta de 50 %."


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


def test_ecr_public_repository(world: FakeWorld) -> None:
    uri = "127.0.0.1:5004/a1b2c3d4/ola"
    answer = {"repositories": [{"repositoryUri": uri, "repositoryArn": "arn:o"}]}
    world.cloud.answers["ecr-public", "describe_repositories"] = answer
    assert told(world, "ecr_public_repository", name="ola") == f"✓ O repositório público existe: {uri}."


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


RULES = json.loads((CLONE / "widget-server" / "aws" / "lifecycle.json").read_text())["rules"]


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (RULES, "✓ O repositório w tem as 2 regras de lifecycle do passo."),
        (
            [{**RULES[1], "rulePriority": 20}, {**RULES[0], "rulePriority": 3, "description": "minha"}],
            "✓ O repositório w tem as 2 regras de lifecycle do passo.",
        ),
        (RULES[:1], "✗ O repositório w tem 1 regra de lifecycle, mas não as do passo."),
        (
            [RULES[0], {**RULES[1], "selection": {**RULES[1]["selection"], "countNumber": 1}}],
            "✗ O repositório w tem 2 regras de lifecycle, mas não as do passo.",
        ),
    ],
)
def test_lifecycle(world: FakeWorld, rules: list[dict[str, Any]], sentence: str) -> None:
    world.cloud.answers["ecr", "get_lifecycle_policy"] = {"lifecyclePolicyText": json.dumps({"rules": rules})}
    assert told(world, "lifecycle", name="w") == sentence


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

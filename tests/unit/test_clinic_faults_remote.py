"""Faults of the registries and of AWS: the state shows each one, and no more once it is repaired."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import CloudError
from labs.clinic.open_case import OpenCase

from .fakes import FakeWorld, image, manifest
from .test_clinic_checks import policies
from .verdicts import told

HUB, ECR = "127.0.0.1:5001", "127.0.0.1:5002"


@pytest.mark.parametrize(
    ("case", "registry", "sentence"),
    [
        ("sem-login", "", "✓ A imagem está pronta para o push, e ele não passa."),
        ("sem-login", HUB, f"✗ O Docker já tem um login para {HUB}."),
        ("sem-credencial", "", "✓ Repositório e imagem existem, e o push não passa."),
        ("sem-credencial", ECR, f"✗ O Docker já tem um login para {ECR}."),
    ],
)
def test_no_login(world: FakeWorld, case: str, registry: str, sentence: str) -> None:
    if registry:
        world.engine.logins[registry] = ("aluno", "t")
    assert told(world, "fault", case=case) == sentence


@pytest.mark.parametrize(
    ("file", "login", "sentence"),
    [
        (True, False, "✓ O token está no arquivo, e o login não passa."),
        (False, False, "✗ O arquivo do token deste caso não existe."),
        (True, True, f"✗ O Docker já tem um login para {HUB}."),
    ],
)
def test_a_wrong_password(world: FakeWorld, file: bool, login: bool, sentence: str) -> None:
    if file:
        world.settings.secrets.mkdir()
        (world.settings.secrets / "clinica-token-antigo").touch()
    if login:
        world.engine.logins[HUB] = ("aluno", "t")
    assert told(world, "fault", case="senha-errada") == sentence


@pytest.mark.parametrize(
    ("name", "login", "sentence"),
    [
        (f"{HUB}/acme/clinica:v1", True, "✓ O login está feito, e o push não passa."),
        (f"{HUB}/aluno/clinica:v1", True, f"✗ O nome {HUB}/acme/clinica:v1 não existe no engine."),
        (f"{HUB}/acme/clinica:v1", False, "✗ O Docker não tem login no Docker Hub."),
    ],
)
def test_another_account(world: FakeWorld, name: str, login: bool, sentence: str) -> None:
    world.engine.held.append(image("a", name))
    if login:
        world.engine.logins[HUB] = ("aluno", "t")
    assert told(world, "fault", case="conta-alheia") == sentence


ANYBODY = {"service": "hub", "kind": "pull", "user": ""}
NOT_SPENT = "✗ O limite de pulls deste caso não foi gasto."


@pytest.mark.parametrize(
    ("pulls", "event", "opened", "login", "sentence"),
    [
        (10, {}, True, False, "✓ A turma já fez 10 pulls do mesmo endereço."),
        (9, {}, True, False, NOT_SPENT),
        (10, {"user": "aluno"}, True, False, NOT_SPENT),
        (10, {"service": "ecr"}, True, False, NOT_SPENT),
        (10, {"kind": "push"}, True, False, NOT_SPENT),
        (10, {}, False, False, NOT_SPENT),
        (10, {}, True, True, f"✗ O Docker já tem um login para {HUB}."),
    ],
)
def test_a_pull_limit_that_is_spent(
    world: FakeWorld, pulls: int, event: dict[str, Any], opened: bool, login: bool, sentence: str
) -> None:
    """By clients without a login, since the case began."""
    world.admin.seen += [{**ANYBODY, "seq": seq, **event} for seq in range(4, 4 + pulls)]
    world.admin.seen.append({**ANYBODY, "seq": 3})
    if opened:
        OpenCase("limite-de-pulls", 3, 20, {}, 0).save(world.settings)
    if login:
        world.engine.logins[HUB] = ("aluno", "t")
    assert told(world, "fault", case="limite-de-pulls") == sentence


@pytest.mark.parametrize(
    ("opened", "hours", "sentence"),
    [
        (True, 14, "✓ O login foi feito ontem, e hoje o push não passa."),
        (True, 13, "✗ O relógio do laboratório não andou."),
        (False, 14, "✗ O relógio do laboratório não andou."),
    ],
)
def test_an_expired_token(world: FakeWorld, opened: bool, hours: int, sentence: str) -> None:
    """The lab's clock stood one hour ahead when the case began."""
    world.admin.set_clock(hours * 3600)
    if opened:
        OpenCase("token-vencido", 0, 0, {}, 3600).save(world.settings)
    assert told(world, "fault", case="token-vencido") == sentence


REPOSITORIES = {"repositories": [{"repositoryName": "clinica"}]}
NO_REPOSITORIES = {"repositories": [{"repositoryName": "widget-server"}]}


@pytest.mark.parametrize(
    ("case", "region", "repositories", "login", "sentence"),
    [
        ("outra-regiao", "us-east-1", None, False, "✓ A chave vale, e o login no ECR não passa."),
        ("outra-regiao", "us-east-2", None, False, "✗ O perfil clinica já está na região do registry."),
        ("outra-regiao", "us-east-1", None, True, f"✗ O Docker já tem um login para {ECR}."),
        ("repositorio-inexistente", "", NO_REPOSITORIES, True, "✓ O login está feito, e o push não passa."),
        ("repositorio-inexistente", "", REPOSITORIES, True, "✗ O repositório clinica já existe no ECR."),
        ("plantao", "us-east-1", NO_REPOSITORIES, False, "✓ O login está feito, e o push não passa."),
        ("plantao", "us-east-2", NO_REPOSITORIES, False, "✗ O perfil clinica já está na região do registry."),
        ("plantao", "us-east-1", REPOSITORIES, False, "✗ O repositório clinica já existe no ECR."),
        ("plantao", "us-east-1", CloudError("A AWS recusou.", "x"), False, "✗ A AWS recusou."),
    ],
)
def test_a_wrong_region_and_a_missing_repository(
    world: FakeWorld, case: str, region: str, repositories: Any, login: bool, sentence: str
) -> None:
    world.cloud.profiles["clinica"] = {"region": region}
    world.cloud.answers["ecr", "describe_repositories"] = repositories
    if login:
        world.engine.logins[ECR] = ("AWS", "t")
    assert told(world, "fault", case=case) == sentence


ONE_IMAGE = "✗ O registry e o engine não têm duas imagens com a mesma tag."


@pytest.mark.parametrize(
    ("remote", "local", "sentence"),
    [
        ("b", "a", "✓ O push da primeira imagem passou; o da segunda, com a mesma tag, não passa."),
        ("a", "a", ONE_IMAGE),
        ("", "a", ONE_IMAGE),
        ("b", "", ONE_IMAGE),
    ],
)
def test_an_immutable_tag(world: FakeWorld, remote: str, local: str, sentence: str) -> None:
    if remote:
        world.ecr.manifests["clinica", "v1"] = manifest("d", remote, "1")
    if local:
        world.engine.held.append(image(local, f"{ECR}/clinica:v1"))
    assert told(world, "fault", case="tag-imutavel") == sentence


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("Inactive", "✓ O perfil clinica está configurado, e a AWS recusa tudo o que ele pede."),
        ("Active", "✗ A access key AKIA…2345 está ativa."),
    ],
)
def test_an_inactive_key(world: FakeWorld, status: str, sentence: str) -> None:
    key = "AKIAEXAMPLE12345"
    world.cloud.profiles["clinica"] = {"aws_access_key_id": key}
    world.cloud.answers["iam", "list_users"] = {"Users": [{"UserName": "clinica"}]}
    world.cloud.answers["iam", "list_access_keys"] = {"AccessKeyMetadata": [{"AccessKeyId": key, "Status": status}]}
    assert told(world, "fault", case="chave-desativada") == sentence


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("ecr:BatchGetImage", "✓ O login está feito, o repositório existe, e o push não passa."),
        ("ecr:PutImage", "✗ A política do usuário clinica já permite o push."),
    ],
)
def test_no_permission(world: FakeWorld, action: str, sentence: str) -> None:
    policies(world, [action], [])
    assert told(world, "fault", case="sem-permissao") == sentence

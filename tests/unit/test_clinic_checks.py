"""Checks of the clinic: each repair, and the states next to it that are none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labs.clinic.open_case import OpenCase
from labs.seams.engine import HistoryEntry

from .fakes import FakePage, FakeWorld, container, digest, image, manifest
from .verdicts import run, told

HUB, ECR = "127.0.0.1:5001", "127.0.0.1:5002"
VERSION = "org.opencontainers.image.version"
Saves = Callable[..., None]


# What was met -----------------------------------------------------------------------------------

REFUSED = {"kind": "refused", "service": "hub", "repository": "a/b", "reference": "", "code": "DENIED", "message": "no"}
MET = "✓ A requisição foi recusada. Leia a mensagem até o fim, na saída do comando."
NOT_MET = "✗ O registry ainda não recusou esta requisição."


@pytest.mark.parametrize(
    ("event", "asked", "sentence"),
    [
        ({}, {}, MET),
        ({"reference": "v1"}, {"reference": "v1"}, MET),
        ({"reference": "v1"}, {"reference": "*", "message": "n"}, MET),
        ({"seq": 5}, {}, NOT_MET),
        ({"kind": "push"}, {}, NOT_MET),
        ({"service": "ecr"}, {}, NOT_MET),
        ({"repository": "a/c"}, {}, NOT_MET),
        ({"reference": "v1"}, {}, NOT_MET),
        ({"code": "UNAUTHORIZED"}, {}, NOT_MET),
        ({"message": "no"}, {"message": "yes"}, NOT_MET),
    ],
)
def test_met(world: FakeWorld, event: dict[str, Any], asked: dict[str, Any], sentence: str) -> None:
    """Since the fault was put in; a check's own reading of a manifest is no push."""
    OpenCase("sem-login", 0, 5, {}, 0).save(world.settings)
    world.admin.seen.append({**REFUSED, "seq": 6, **event})
    wanted = {"service": "hub", "repository": "a/b", "code": "DENIED", **asked}
    assert told(world, "met", **wanted) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"status": "created", "ports": (3005,), "exit_code": 128},
            "✓ O container w foi criado e não iniciou: a porta 3005 é de outro.",
        ),
        ({"name": "other"}, "✗ Não há container com o nome w."),
        ({"status": "running", "ports": (3005,)}, "✗ O container w está running, e não foi recusado."),
        ({"status": "created", "ports": (3000,)}, "✗ O container w está created, e não foi recusado."),
        (
            {"status": "created", "ports": (3005,), "exit_code": 0},
            "✗ O container w está created, e não foi recusado.",
        ),
    ],
)
def test_start_refused(world: FakeWorld, changes: dict[str, Any], sentence: str) -> None:
    world.engine.running.append(container(**{"name": "w", **changes}))
    assert told(world, "start_refused", name="w", port=3005) == sentence


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({}, "✓ aluno fez o pull de a/w, no limite da própria conta."),
        ({"seq": 5}, "✗ O Docker Hub ainda não viu aluno fazer este pull."),
        ({"user": ""}, "✗ O Docker Hub ainda não viu aluno fazer este pull."),
        ({"repository": "a/x"}, "✗ O Docker Hub ainda não viu aluno fazer este pull."),
    ],
)
def test_pulled_by(world: FakeWorld, event: dict[str, Any], sentence: str) -> None:
    OpenCase("limite-de-pulls", 0, 5, {}, 0).save(world.settings)
    ref = f"{HUB}/a/w:v1"
    world.engine.held.append(image("a", ref))
    world.admin.seen.append({"seq": 6, "kind": "pull", "repository": "a/w", "user": "aluno", **event})
    assert told(world, "pulled_by", ref=ref, user="aluno") == sentence


# AWS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "accepted", "sentence"),
    [
        ("us-east-2", True, f"✓ O perfil p está em us-east-2. O login de AWS em {ECR} é aceito."),
        ("us-east-1", True, "✗ O perfil p ainda pede o token em us-east-1."),
        ("", True, "✗ O perfil p ainda pede o token em nenhuma região."),
        ("us-east-2", False, f"✗ O login guardado para {ECR} não é mais aceito."),
    ],
)
def test_login_in_region(world: FakeWorld, region: str, accepted: bool, sentence: str) -> None:
    world.cloud.profiles["p"] = {"region": region} if region else {}
    world.engine.logins[ECR] = ("AWS", "t")
    world.ecr.login_ok = accepted
    assert told(world, "login_in_region", profile="p", registry=ECR) == sentence


def in_ecr(world: FakeWorld, ref: str, tag: str) -> None:
    """The image `a`, pushed under this tag."""
    world.engine.held.append(image("a", ref))
    world.ecr.manifests["w", tag] = manifest("d", "a", "1")
    details = {"imageDigest": digest("d"), "imageSizeInBytes": 15}
    world.cloud.answers["ecr", "describe_images"] = {"imageDetails": [details]}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("b", "a", "✓ A tag nova tem a imagem corrigida; a antiga continua em sha256:eeeeeeeeeeee."),
        ("a", "a", f"✗ {ECR}/w:v1 e {ECR}/w:v2 são a mesma imagem."),
        ("b", "c", f"✗ O ECR tem outra imagem em {ECR}/w:v2."),
        ("", "a", f"✗ O registry não tem {ECR}/w:v1."),
    ],
)
def test_new_tag(world: FakeWorld, old: str, new: str, sentence: str) -> None:
    in_ecr(world, f"{ECR}/w:v2", "v2")
    world.ecr.manifests["w", "v2"] = manifest("d", new, "1")
    world.engine.held[:] = [replace(one, tags=(*one.tags, f"{ECR}/w:v1")) for one in world.engine.held]
    if old:
        world.ecr.manifests["w", "v1"] = manifest("e", old, "1")
    assert told(world, "new_tag", ref=f"{ECR}/w:v2", kept=f"{ECR}/w:v1") == sentence


def test_a_new_tag_of_any_other_image_repairs_nothing(world: FakeWorld) -> None:
    in_ecr(world, f"{ECR}/w:v2", "v2")
    world.ecr.manifests |= {("w", "v2"): manifest("d", "a", "1"), ("w", "v1"): manifest("e", "b", "1")}
    world.engine.held.append(image("c", f"{ECR}/w:v1"))
    told_of = told(world, "new_tag", ref=f"{ECR}/w:v2", kept=f"{ECR}/w:v1")
    assert told_of == f"✗ {ECR}/w:v2 não é a imagem corrigida, que o engine tem em {ECR}/w:v1."


TOO_MUCH = "✗ A política de u deixa até apagar o repositório: é mais do que um push precisa."


@pytest.mark.parametrize(
    ("own", "attached", "sentence"),
    [
        (["ecr:PutImage"], [], "✓ Engine, manifest e describe-images concordam: sha256:dddddddddddd, 15 B."),
        ([], ["ecr:PutImage"], "✓ Engine, manifest e describe-images concordam: sha256:dddddddddddd, 15 B."),
        (["ecr:*"], [], TOO_MUCH),
        (["ecr:PutImage"], ["ecr:Delete*"], TOO_MUCH),
        (["ecr:BatchGetImage"], [], "✗ A política de u ainda não permite ecr:PutImage."),
    ],
)
def test_push_allowed(world: FakeWorld, own: list[str], attached: list[str], sentence: str) -> None:
    in_ecr(world, f"{ECR}/w:v1", "v1")
    policies(world, own, attached)
    assert told(world, "push_allowed", user="u", ref=f"{ECR}/w:v1") == sentence


def policies(world: FakeWorld, own: list[str], attached: list[str]) -> None:
    """The user has an inline policy and an attached one that allow these actions."""

    def allowing(actions: list[str]) -> dict[str, Any]:
        return {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}

    world.cloud.answers |= {
        ("iam", "list_user_policies"): {"PolicyNames": ["p"]},
        ("iam", "get_user_policy"): {"PolicyDocument": allowing(own)},
        ("iam", "list_attached_user_policies"): {"AttachedPolicies": [{"PolicyArn": "arn:p"}]},
        ("iam", "get_policy"): {"Policy": {"DefaultVersionId": "v1"}},
        ("iam", "get_policy_version"): {"PolicyVersion": {"Document": allowing(attached)}},
    }


@pytest.mark.parametrize(
    ("statuses", "kept", "sentence"),
    [
        (["Active"], "AKIANEW000000001", "✓ u tem a access key AKIA…0001 ativa, guardada em arquivo só seu."),
        (["Active", "Active"], "AKIANEW000000001", "✗ u tem 2 access keys: ativa, ativa."),
        (["Active"], "AKIAOLD000000000", "✗ A access key do arquivo não está ativa."),
    ],
)
def test_key_rotated(world: FakeWorld, tmp_path: Path, statuses: list[str], kept: str, sentence: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"AccessKey": {"AccessKeyId": kept, "SecretAccessKey": "s"}}))
    file.chmod(0o600)
    keys = [{"AccessKeyId": f"AKIANEW00000000{n}", "Status": status} for n, status in enumerate(statuses, start=1)]
    world.cloud.answers["iam", "list_access_keys"] = {"AccessKeyMetadata": keys}
    assert told(world, "key_rotated", user="u", file=str(file)) == sentence


# Images, as anybody who has them reads them -------------------------------------------------------


@pytest.fixture
def built(world: FakeWorld) -> FakeWorld:
    """The engine has the image `x:1`; `saves` says what is in it."""
    world.engine.held.append(image("a", "x:1"))
    return world


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"app/kept": ""}, "✓ x:1 tem app/kept: a pasta do script foi o build context."),
        ({"app/other": ""}, "✗ x:1 não veio da pasta do script: falta app/kept."),
    ],
)
def test_context_arrived(built: FakeWorld, saves: Saves, files: Mapping[str, str], sentence: str) -> None:
    saves({"etc/os-release": ""}, files)
    assert told(built, "context_arrived", ref="x:1", kept="app/kept") == sentence


LEAK = "aws_secret_access_key = " + "wJalrXUtnF" * 4


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (({"app/kept": "x"},), "✓ Nenhuma das 1 layers de x:1 tem app/secret."),
        (({"app/kept": "", "app/secret": "x"}, {"app/.wh.secret": ""}), "✗ app/secret ainda está numa layer de x:1."),
        (
            ({"app/kept": "", "app/renamed": LEAK},),
            "✗ Uma layer de x:1 ainda tem um segredo, com outro nome: chave secreta da AWS.",
        ),
        (({"app/other": "x"},), "✗ x:1 não tem app/kept: o build context saiu vazio."),
    ],
)
def test_secret_absent(built: FakeWorld, saves: Saves, layers: tuple[Mapping[str, str], ...], sentence: str) -> None:
    saves(*layers)
    assert told(built, "secret_absent", ref="x:1", path="app/secret", kept="app/kept") == sentence


@pytest.mark.parametrize(
    ("environment", "history", "files", "sentence"),
    [
        ({}, "RUN true", {"app/kept": ""}, "✓ x:1 tem app/kept, e o token não está no histórico."),
        ({}, "ARG TOKEN", {"app/kept": ""}, "✓ x:1 tem app/kept, e o token não está no histórico."),
        ({"TOKEN": "t"}, "RUN true", {"app/kept": ""}, "✗ Quem tem x:1 ainda lê o token no histórico."),
        ({}, "|1 TOKEN=t /bin/sh", {"app/kept": ""}, "✗ Quem tem x:1 ainda lê o token no histórico."),
        ({}, "RUN true", {"app/kept": "a-false-token"}, "✗ O token está escrito dentro de x:1."),
        ({}, "RUN true", {"app/other": ""}, "✗ x:1 não tem app/kept."),
    ],
)
def test_argument_absent(
    world: FakeWorld, saves: Saves, environment: dict[str, str], history: str, files: Mapping[str, str], sentence: str
) -> None:
    world.engine.held.append(image("a", "x:1", environment=environment))
    world.engine.told.append(HistoryEntry(history, 0))
    saves(files)
    asked = {"ref": "x:1", "argument": "TOKEN", "tokens": ["a-false-token"], "kept": "app/kept"}
    assert told(world, "argument_absent", **asked) == sentence


# Containers -------------------------------------------------------------------------------------

BY_DIGEST = f"{HUB}/aluno/w@{digest('d')}"
SAME = "homologacao e producao: a mesma imagem, valores diferentes."


@pytest.mark.parametrize(
    ("version", "second", "sentence"),
    [
        ("clinica-1", {}, f"✓ {SAME} producao fixa o digest."),
        ("clinica-1", {"image_id": digest("b")}, "✗ producao não roda a imagem que foi aprovada em homologação."),
        ("clinica-1", {"exit_code": 1}, "✗ Não está rodando: producao."),
        ("clinica-2", {}, "✗ Os dois rodam a mesma imagem, mas não a que foi aprovada em homologação."),
        ("clinica-1", {"image": "w:v1"}, "✗ producao ainda usa o nome w:v1, que pode mudar de imagem."),
    ],
)
def test_same_by_digest(world: FakeWorld, page: FakePage, version: str, second: dict[str, Any], sentence: str) -> None:
    world.engine.held.append(image("a", labels={VERSION: version}))
    changes = {"image": BY_DIGEST, "environment": {"APP_ENV": "producao"}, "ports": (page.port,), **second}
    world.engine.running += [
        container("homologacao", environment={"APP_ENV": "homologacao"}, ports=(page.port,)),
        container("producao", **changes),
    ]
    asked = {"names": ["homologacao", "producao"], "pinned": "producao", "version": "clinica-1"}
    assert told(world, "same_by_digest", **asked) == sentence


def test_an_image_that_nobody_has_any_more_was_not_approved(world: FakeWorld, page: FakePage) -> None:
    world.engine.running.append(container("producao", image=BY_DIGEST, ports=(page.port,)))
    verdict = run(world, "same_by_digest", names=["producao"], pinned="producao", version="clinica-1")
    assert verdict.observed == "Os dois rodam a mesma imagem, mas não a que foi aprovada em homologação."


# The end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "folder", "sentence"),
    [
        (False, False, "✓ Nenhum caso aberto, e nada da clínica no laboratório."),
        (True, False, "✗ O caso 1 continua aberto."),
        (False, True, "✗ Ainda existe: pasta clinica."),
    ],
)
def test_clinic_closed(world: FakeWorld, opened: bool, folder: bool, sentence: str) -> None:
    world.cloud.answers["ecr", "describe_repositories"] = {"repositories": []}
    world.cloud.answers["iam", "list_users"] = {"Users": []}
    world.cloud.answers["iam", "list_virtual_mfa_devices"] = {"VirtualMFADevices": []}
    if opened:
        OpenCase("sem-login", 0, 0, {}, 0).save(world.settings)
    if folder:
        (world.settings.work / "clinica").mkdir()
    assert told(world, "clinic_closed") == sentence

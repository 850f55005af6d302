"""Checks of the lab itself: the engine, the sandbox, and what the gateway saw."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import CloudError
from labs.course.progress import Progress

from .fakes import FakeWorld, image, manifest
from .verdicts import run, told

EVENT = {
    "seq": 1,
    "kind": "refused",
    "service": "hub",
    "repository": "a/w",
    "code": "DENIED",
    "message": "denied",
    "user": "",
    "subject": "push",
}
NOT_YET = "✗ O registry ainda não recusou esta requisição: ela não chegou lá."


def test_engine_answers(world: FakeWorld) -> None:
    assert told(world, "engine_answers") == "✓ O Docker Engine responde: versão 20.10.24."


@pytest.mark.parametrize(
    ("hub", "ecr", "sentence"),
    [
        (True, True, "✓ Engine, Docker Hub, ECR e AWS respondem."),
        (False, True, "✗ Não responde: Docker Hub."),
        (True, False, "✗ Não responde: ECR."),
        (False, False, "✗ Não responde: Docker Hub, ECR."),
    ],
)
def test_sandbox_healthy(world: FakeWorld, hub: bool, ecr: bool, sentence: str) -> None:
    world.hub.up, world.ecr.up = hub, ecr
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:root"}
    assert told(world, "sandbox_healthy") == sentence


def test_a_sandbox_whose_aws_refuses_is_not_healthy(world: FakeWorld) -> None:
    world.cloud.answers["sts", "get_caller_identity"] = CloudError("A AWS recusou.", "AccessDenied", "", "AccessDenied")
    assert told(world, "sandbox_healthy") == "✗ A AWS recusou. AccessDenied"


@pytest.mark.parametrize(
    ("recorded", "sentence"),
    [
        (True, "✓ Recusado: denied."),
        (False, "✗ Ao vivo, só o botão comprova uma recusa: ele lê a resposta."),
        (None, "✗ Ao vivo, só o botão comprova uma recusa: ele lê a resposta."),
    ],
)
def test_refusal_witnessed(world: FakeWorld, recorded: bool | None, sentence: str) -> None:
    if recorded is not None:
        progress = Progress(world.settings)
        progress.record("04-push/denied", passed=recorded, observed="Recusado: denied.", seconds=0, evidence={})
    assert told(world, "refusal_witnessed", step="04-push/denied") == sentence


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"service": "hub", "repository": "a/w"}, "✓ Recusado, como esperado. A recusa: denied"),
        ({"service": "hub", "code": "DENIED", "message": "den"}, "✓ Recusado, como esperado. A recusa: denied"),
        ({"service": "hub", "repository": "b/w"}, NOT_YET),
        ({"service": "hub", "code": "OTHER"}, NOT_YET),
        ({"service": "hub", "message": "not found"}, NOT_YET),
        ({"service": "ecr"}, NOT_YET),
        ({"service": "aws"}, "✗ A AWS ainda não recusou esta requisição: ela não chegou lá."),
        ({"service": "hub", "user": "", "subject": "push"}, "✓ Recusado, como esperado. A recusa: denied"),
        ({"service": "hub", "user": "aluno"}, NOT_YET),
        ({"service": "hub", "subject": "pull"}, NOT_YET),
    ],
)
def test_refused_reads_what_the_gateway_saw(world: FakeWorld, asked: dict[str, Any], sentence: str) -> None:
    assert told(world, "refused", service="hub", repository="a/w") == NOT_YET
    world.admin.seen.append({**EVENT, "seq": 2, "kind": "push"})
    assert told(world, "refused", service="hub", repository="a/w") == NOT_YET, "what passed is no refusal"
    world.admin.seen.append(EVENT)
    assert told(world, "refused", **asked) == sentence


@pytest.mark.parametrize(("held", "passes"), [("a", False), ("b", True)])
def test_a_refusal_to_change_a_tag_needs_another_image(world: FakeWorld, held: str, passes: bool) -> None:
    name = "127.0.0.1:5002/w:v1"
    world.admin.seen.append(EVENT)
    world.engine.held.append(image(held, name))
    world.ecr.manifests["w", "v1"] = manifest("d", "a", "1")
    same = f"✗ O engine e o registry têm a mesma imagem em {name}: nada ia ser trocado."
    assert told(world, "refused", service="hub", changed=name) == (
        "✓ Recusado, como esperado. A recusa: denied" if passes else same
    )
    assert run(world, "refused", service="hub", changed=name).unseen is not passes


def test_a_refusal_without_words_is_told_by_its_code(world: FakeWorld) -> None:
    world.admin.seen.append({**EVENT, "message": ""})
    verdict = run(world, "refused", service="hub")
    assert verdict.observed == "Recusado, como esperado. A recusa: DENIED" and verdict.evidence == {"event": "1"}

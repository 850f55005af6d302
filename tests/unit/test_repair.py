"""Which next commands a button may run."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.explain import explain
from labs.base.settings import Ports, Settings
from labs.running.repair import repair

HUB_LOGIN = 'docker login {} --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
ECR_PUBLIC_LOGIN = (
    "aws ecr-public get-login-password --region us-east-1 --profile console"
    " | docker login --username AWS --password-stdin {}"
)
ECR_LOGIN = "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin {}"


@pytest.fixture
def lab(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, ports=Ports(5001, 5002, 5003, 5004))


@pytest.mark.parametrize(
    "command",
    [
        "python3 -m labs up",
        "python3 -m labs.account aluno",
        'python3 -m labs.account "$HUB_USER"',
        HUB_LOGIN.format("$HUB_REGISTRY"),
        ECR_LOGIN.format("$ECR_REGISTRY"),
        ECR_PUBLIC_LOGIN.format("$ECR_PUBLIC_REGISTRY"),
        "aws ecr-public create-repository --repository-name ola --region us-east-1 --profile console",
        "docker tag widget-server:v1 $ECR_REGISTRY/widget-server-prod:v1.0.1",
        "docker push 127.0.0.1:5001/aluno/widget-server:v1",
        "docker pull $HUB_REGISTRY/library/ola-registry:1.0",
        "docker build -t widget-server:v1 .",
        "aws ecr create-repository --repository-name nao-existe",
        "aws sts get-caller-identity",
        "cp -b exemplos/Dockerfile.v1 Dockerfile",
    ],
)
def test_a_command_of_the_lab_that_needs_no_person_may_run(command: str, lab: Settings) -> None:
    assert repair(command, lab) == command


@pytest.mark.parametrize(
    "command",
    [
        *("", "Olhe o ponto.", "aws configure", "python3 -m labs.sso --profile sso", "python3 -m labs.cleanup"),
        *("docker rm -f widget-v1", "docker rmi x", "docker system prune", "docker ps -a", "sudo true"),
        "python3 -m labs reset --yes",
        "python3 -m labs up; rm -rf /",
        "python3 -m labs up && true",
        "docker push x $(rm -rf /)",
        "docker push `id`",
        "docker push x\ny",
        "docker tag --help x",
        "docker tag widget-server:v1 widget-server:v1",
        "docker push --all-tags",
        "docker build -t x -f /etc/passwd .",
        "aws ecr create-repository --repository-name a' --profile console",
        "cp -b exemplos/x /etc/passwd",
        "docker login registry-1.docker.io",
        "docker login docker.example.com:5001",
    ],
)
def test_what_deletes_asks_or_hides_something_is_typed_by_the_learner(command: str, lab: Settings) -> None:
    assert repair(command, lab) == ""


@pytest.mark.parametrize(
    ("registry", "wanted"),
    [
        ("$HUB_REGISTRY", HUB_LOGIN),
        ("127.0.0.1:5001", HUB_LOGIN),
        ("$ECR_REGISTRY", ECR_LOGIN),
        ("127.0.0.1:5002", ECR_LOGIN),
        ("$ECR_PUBLIC_REGISTRY", ECR_PUBLIC_LOGIN),
        ("127.0.0.1:5004", ECR_PUBLIC_LOGIN),
    ],
)
def test_a_login_becomes_one_that_asks_nothing(registry: str, wanted: str, lab: Settings) -> None:
    assert repair(f"docker login {registry}", lab) == wanted.format(registry)


@pytest.mark.parametrize(
    "message",
    [
        "no basic auth credentials",
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        "name unknown: The repository with name 'nao-existe' does not exist in the registry with id '123456789012'",
        "denied: requested access to the resource is denied",
        "toomanyrequests: You have reached your pull rate limit",
        "Cannot connect to the Docker daemon",
    ],
)
def test_what_learners_meet_most_has_a_repair(message: str, lab: Settings) -> None:
    """The table of explanations names the repairs; a rewording there must not lose the buttons."""
    assert repair(explain(message).next_command, lab)

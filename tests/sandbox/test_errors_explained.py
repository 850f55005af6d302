"""Bad input and a missing part: each gets a message that says what happened, what was observed, what to type.

The observed words are those of the real engine, registries and AWS API of the sandbox.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labs.base.errors import EngineUnavailable, LabError, StateError
from labs.base.settings import Ports, Settings
from labs.course.command_line import CommandLine
from labs.running.commands import Context, execute
from labs.running.runner import Runner
from labs.seams.world import World

Shell = Callable[..., "subprocess.CompletedProcess[str]"]
HUB = "$HUB_REGISTRY/$HUB_USER"
HUB_LOGIN = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
ECR_LOGIN = (
    "aws ecr get-login-password --region us-east-2 --profile console"
    " | docker login --username AWS --password-stdin $ECR_REGISTRY"
)


@dataclass(frozen=True)
class Weather:
    """A command that must fail, what makes it fail, what the tool says, and what to type next."""

    command: str
    says: str
    next_command: str
    before: str = "true"
    after: str = "true"


IMAGE = "labs/python-base:3"
CASES = {
    "push without login": Weather(
        f"docker push {HUB}/bw:1",
        "denied: requested access to the resource is denied",
        "docker login",
        f"docker logout; docker tag {IMAGE} {HUB}/bw:1",
    ),
    "wrong password": Weather(
        "docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < wrong",
        "unauthorized: incorrect username or password",
        "docker login",
        "echo nope > wrong",
        "rm wrong",
    ),
    "another account's namespace": Weather(
        "docker push $HUB_REGISTRY/acme/bw:1",
        "denied: requested access to the resource is denied",
        "docker login",
        f"{HUB_LOGIN} && docker tag {IMAGE} $HUB_REGISTRY/acme/bw:1",
    ),
    "ECR without login": Weather(
        "docker push $ECR_REGISTRY/bw:1",
        "no basic auth credentials",
        "get-login-password",
        f"docker logout $ECR_REGISTRY; docker tag {IMAGE} $ECR_REGISTRY/bw:1",
    ),
    "unknown ECR repository": Weather(
        "docker push $ECR_REGISTRY/bw-missing:1",
        "The repository with name 'bw-missing' does not exist",
        "aws ecr create-repository --repository-name bw-missing",
        f"{ECR_LOGIN} && docker tag {IMAGE} $ECR_REGISTRY/bw-missing:1",
    ),
    "expired token": Weather(
        "docker push $ECR_REGISTRY/bw-missing:1",
        "Your authorization token has expired",
        "get-login-password",
        f"{ECR_LOGIN} && docker tag {IMAGE} $ECR_REGISTRY/bw-missing:1 && python3 -m labs.sandbox clock +13h",
        "python3 -m labs.sandbox clock now",
    ),
    "ECR login of a key that was deactivated": Weather(
        "docker push $ECR_REGISTRY/bw-missing:1",
        "The security token included in the request is invalid",
        "get-login-password",
        "aws iam create-user --user-name bw-dead --profile console"
        " && aws iam put-user-policy --user-name bw-dead --policy-name p --policy-document file://aws/ecr-policy.json"
        " --profile console"
        " && set -- $(aws iam create-access-key --user-name bw-dead --profile console"
        " --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)"
        " && aws configure set aws_access_key_id $1 --profile bw-dead"
        " && aws configure set aws_secret_access_key $2 --profile bw-dead"
        f" && {ECR_LOGIN.replace('console', 'bw-dead')} && docker tag {IMAGE} $ECR_REGISTRY/bw-missing:1"
        " && aws iam update-access-key --user-name bw-dead --access-key-id $1 --status Inactive --profile console",
        "aws iam delete-access-key --user-name bw-dead --profile console"
        " --access-key-id $(aws configure get aws_access_key_id --profile bw-dead);"
        " aws iam delete-user-policy --user-name bw-dead --policy-name p --profile console;"
        " aws iam delete-user --user-name bw-dead --profile console",
    ),
    "token of another region": Weather(
        "aws ecr get-login-password --region us-east-1 --profile console"
        " | docker login --username AWS --password-stdin $ECR_REGISTRY",
        "failed with status: 400 Bad Request",
        "aws ecr get-login-password --region us-east-2",
    ),
    "immutable tag": Weather(
        "docker push $ECR_REGISTRY/bw-fixed:1",
        "cannot be overwritten",
        "docker tag",
        "aws ecr create-repository --repository-name bw-fixed --image-tag-mutability IMMUTABLE --profile console"
        f" && {ECR_LOGIN} && docker tag {IMAGE} $ECR_REGISTRY/bw-fixed:1 && docker push $ECR_REGISTRY/bw-fixed:1"
        " && printf 'FROM labs/python-base:3\\nENV A=1\\n' | docker build -t $ECR_REGISTRY/bw-fixed:1 -",
        "aws ecr delete-repository --repository-name bw-fixed --force --profile console",
    ),
    "no such local image": Weather(f"docker push {HUB}/never-built:1", "does not exist locally", "docker image ls"),
    "private image of others": Weather("docker pull $HUB_REGISTRY/acme/segredo:1.0", "access", "docker login"),
    "upper case": Weather("docker build -t Widget:v1 .", "invalid", "docker tag"),
    "space in a name": Weather(f"docker tag {IMAGE} 'a b:1'", "invalid reference format", "docker tag"),
    "bad tag": Weather(f"docker tag {IMAGE} a:-1", "invalid reference format", "docker tag"),
    "Dockerfile with a syntax error": Weather(
        "docker build -t bw:1 -f Bad .", "unknown instruction", "cat -n Dockerfile", "echo FORM x > Bad", "rm Bad"
    ),
    "failing RUN": Weather(
        "docker build -t bw:1 -f Bad .",
        "returned a non-zero code: 3",
        "cat -n Dockerfile",
        f"printf 'FROM {IMAGE}\\nRUN exit 3\\n' > Bad",
        "rm Bad",
    ),
    "failing RUN that says why": Weather(
        "docker build -t bw:1 -f Bad .",
        "faltou o motivo",
        "cat -n Dockerfile",
        f"printf 'FROM {IMAGE}\\nRUN echo faltou o motivo >&2; exit 3\\n' > Bad",
        "rm Bad",
    ),
    "Hub repository of three levels": Weather(
        f"docker push {HUB}/a/b:1",
        "denied: requested access to the resource is denied",
        "docker login",
        f"{HUB_LOGIN} && docker tag {IMAGE} {HUB}/a/b:1",
        f"docker rmi {HUB}/a/b:1",
    ),
    "missing file": Weather(
        "docker build -t bw:1 -f Bad .",
        "COPY failed",
        "cat .dockerignore",
        f"printf 'FROM {IMAGE}\\nCOPY nothing /\\n' > Bad",
        "rm Bad",
    ),
    "missing Dockerfile": Weather("docker build -t bw:1 -f Nope .", "Nope", "ls"),
    "missing context": Weather("docker build -t bw:1", "requires", "docker build -t widget-server:v1 ."),
    "context that does not exist": Weather("docker build -t bw:1 nowhere", "not found", "pwd && ls"),
    "port taken": Weather(
        "docker run -d -p 3999:3333 labs/python-base:3 sleep 60",
        "port is already allocated",
        "docker ps",
        "docker run -d --name bw-port -p 3999:3333 labs/python-base:3 sleep 60",
        "docker rm -f bw-port $(docker ps -aq --filter status=created)",
    ),
    "container name taken": Weather(
        "docker run -d --name bw-name labs/python-base:3 sleep 60",
        "is already in use",
        "docker rm -f bw-name",
        "docker run -d --name bw-name labs/python-base:3 sleep 60",
        "docker rm -f bw-name",
    ),
    "unknown AWS profile": Weather("aws sts get-caller-identity --profile nobody", "nobody", "aws configure"),
    "unknown AWS operation": Weather("aws ecr make-coffee --profile console", "Invalid choice", "aws ecr help"),
    "unknown AWS option": Weather("aws ecr create-repository --nope x --profile console", "Unknown options", "help"),
    "missing parameter file": Weather(
        "aws iam put-user-policy --user-name x --policy-name y --policy-document file://no.json --profile console",
        "Unable to load paramfile",
        "ls",
    ),
    "unknown program": Weather("dokcer push x", "command not found", "labs env"),
}


@pytest.fixture
def context(lab: Settings) -> Iterator[Context]:
    world = World(lab)
    yield Context(lab, world.engine, world.cloud, lab.work / "widget-server")


def failure(command: str, context: Context) -> LabError:
    with pytest.raises(LabError) as caught:
        execute(CommandLine.of(command), context, lambda _: None)
    return caught.value


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_explained(name: str, context: Context, shell: Shell) -> None:
    case = CASES[name]
    prepared = shell(case.before, folder=context.folder)
    assert prepared.returncode == 0 or case.before.startswith("docker logout"), prepared.stderr
    try:
        error = failure(case.command, context)
    finally:
        shell(case.after, folder=context.folder)
    assert case.says in error.observed, error
    assert case.next_command in error.next_command, error
    assert error.what and "Traceback" not in str(error)


def test_a_deactivated_key_and_a_lost_secret_are_explained(context: Context, shell: Shell, lab: Settings) -> None:
    made = shell(
        "aws iam create-user --user-name bw --profile console"
        " && aws iam create-access-key --user-name bw --profile console"
    )
    key = json.loads("{" + made.stdout.partition('"AccessKey"')[2].join(['"AccessKey"', ""]))["AccessKey"]
    try:
        for name, secret in (("bw", key["SecretAccessKey"]), ("bw-lost", "lost" * 10)):
            shell(f"aws configure set aws_access_key_id {key['AccessKeyId']} --profile {name}", check=True)
            shell(f"aws configure set aws_secret_access_key {secret} --profile {name}", check=True)
        execute(CommandLine.of("aws sts get-caller-identity --profile bw"), context, lambda _: None)
        lost = failure("aws sts get-caller-identity --profile bw-lost", context)
        assert "SignatureDoesNotMatch" in lost.observed and lost.next_command == "aws configure"
        change = f"aws iam update-access-key --user-name bw --access-key-id {key['AccessKeyId']} --status Inactive"
        execute(CommandLine.of(f"{change} --profile console"), context, lambda _: None)
        dead = failure("aws sts get-caller-identity --profile bw", context)
        assert "InvalidClientTokenId" in dead.observed and "list-access-keys" in dead.next_command
    finally:
        shell(f"aws iam delete-access-key --user-name bw --access-key-id {key['AccessKeyId']} --profile console")
        shell("aws iam delete-user --user-name bw --profile console")


def test_no_engine_is_explained(lab: Settings) -> None:
    nowhere = lab.with_changes(engine_host=f"unix://{lab.run}/nowhere.sock")
    world = World(nowhere)
    context = Context(nowhere, world.engine, world.cloud, lab.work / "widget-server")
    error = failure(f"docker push {nowhere.hub_registry}/x:1", context)
    assert isinstance(error, EngineUnavailable) and error.next_command == "python3 -m labs up"
    assert error.observed == "No such file or directory"  # the system's words, not Python's
    built = failure("docker build -t x:1 .", context)  # the client's own
    assert (built.what, built.next_command) == ("O Docker Engine não responde.", "python3 -m labs up")


def test_no_sandbox_is_explained(lab: Settings) -> None:
    """Registries and AWS that do not answer, as after `down` or without a network."""
    silent = lab.with_changes(ports=Ports(9, 9, 9), home=lab.home / "elsewhere")
    (silent.work / "widget-server").mkdir(parents=True)
    (silent.home / "aws").mkdir()
    (silent.home / "aws" / "credentials").write_bytes(lab.aws_credentials_file.read_bytes())
    runner = Runner(silent)
    for lesson, step in (("00", "sandbox"), ("05", "create-budget"), ("04", "push-refused"), ("04", "make-private")):
        outcome = runner.run(lesson, step)
        assert not outcome.verdict.passed
        assert outcome.verdict.observed and outcome.verdict.hint, outcome
        assert "Traceback" not in outcome.verdict.observed


@pytest.mark.skipif(os.geteuid() != 0, reason="a full file system is made with a small tmpfs, which needs root")
def test_a_full_disk_is_explained_and_loses_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=True)
    try:
        settings = Settings(home=tmp_path).save()
        before = (tmp_path / "settings.json").read_bytes()
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "fill").write_bytes(b"x" * 2**20)
        with pytest.raises(StateError) as caught:
            settings.with_changes(hub_user="maria2026", engine_host="x" * 5000).save()
        assert "No space left" in caught.value.observed and "df -h" in caught.value.next_command
        assert (tmp_path / "settings.json").read_bytes() == before
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_damaged_settings_file_is_explained(tmp_path: Path) -> None:
    for content in ("", "{", '{"ports": 3}', '{"ports": {"hub": 1}, "nope": 1}'):
        (tmp_path / "settings.json").write_text(content)
        with pytest.raises(StateError) as caught:
            Settings.load(tmp_path)
        assert "danificado" in caught.value.next_command

"""Each message that a learner meets has its meaning and a next command, by the row that is about it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from labs.base.explain import ECR_LOGIN, HUB_LOGIN, LOOK, Row, claimed, explain, rows
from labs.course.command_line import CommandLine

MESSAGES = {
    "denied: requested access to the resource is denied": "docker login",
    "no basic auth credentials": "get-login-password",
    "denied: Your authorization token has expired. Reauthenticate and try again.": "get-login-password",
    "name unknown: The repository with name 'nao-existe' does not exist in the registry with id '1'": "create-repository --repository-name nao-existe",
    "tag invalid: The image tag 'v1' already exists in the 'x' repository and cannot be overwritten because the tag is immutable.": "docker tag",
    "login attempt to http://127.0.0.1:5002/v2/ failed with status: 400 Bad Request": "get-login-password",
    "dial tcp: lookup 210987654321.dkr.ecr.us-east-2.amazonaws.com: no such host": "$ECR_REGISTRY",
    'Get "http://127.0.0.1:5001/v2/": unauthorized: incorrect username or password': "docker login",
    "pull access denied for x/y, repository does not exist or may require 'docker login'": "docker login",
    "invalid reference format: repository name must be lowercase": "docker tag",
    "invalid reference format: repository name (library/Widget-Server) must be lowercase": "docker tag",
    "invalid reference format": "docker tag",
    "dockerfile parse error line 3: unknown instruction: FORM": "cat -n Dockerfile",
    "The command '/bin/sh -c false' returned a non-zero code: 1": "cat -n Dockerfile",
    "COPY failed: file not found in build context": ".dockerignore",
    "driver failed programming external connectivity: Bind for 127.0.0.1:3000 failed: port is already allocated": "publish=3000",
    "Error starting userland proxy: listen tcp4 127.0.0.1:3001: bind: address already in use": "publish=3001",
    'Conflict. The container name "/widget-v1" is already in use by container': "docker rm -f widget-v1",
    "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation": "list-access-keys",
    'Unable to locate credentials. You can configure credentials by running "aws configure".': "aws configure",
    "An error occurred (SignatureDoesNotMatch) when calling": "aws configure",
    "write /data: no space left on device": "df -h",
    "denied: no space left on device in the registry's store": "df -h",
    "An error occurred (ServiceFailure) when calling the CreateUser operation: The lab cannot write to its disk.": "df -h",
    "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?": "labs up",
    "dial tcp 127.0.0.1:5001: connect: connection refused": "labs status",
    "toomanyrequests: You have reached your pull rate limit.": "docker login",
    "User: arn:aws:iam::1:user/u is not authorized to perform: ecr:PutImage on resource": "list-user-policies",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_known_message_has_a_meaning_and_a_next_command(message: str) -> None:
    explanation = explain(message)
    assert explanation.what
    assert MESSAGES[message] in explanation.next_command


@dataclass(frozen=True)
class Said:
    """A message as a tool prints it; the head of the file says what the fields are."""

    row: str
    text: str
    about: str
    next: str | None = None
    asked: tuple[str, ...] = ()


CORPUS = [
    Said(row, **message)
    for row, messages in tomllib.loads((Path(__file__).parent / "data" / "messages.toml").read_text("utf-8")).items()
    for message in messages
]


@pytest.mark.parametrize("said", CORPUS, ids=lambda said: f"{said.row}: {said.text[:60]}")
def test_a_message_is_claimed_by_its_own_row_and_by_none_before_it(said: Said) -> None:
    row, _ = claimed(said.text, said.asked)
    assert row and row.name == said.row


@pytest.mark.parametrize("said", CORPUS, ids=lambda said: f"{said.row}: {said.text[:60]}")
def test_an_explanation_speaks_of_what_happened(said: Said) -> None:
    found = explain(said.text, said.asked)
    assert re.search(said.about, f"{found.what} {found.next_command}"), found
    assert "\\" not in found.what + found.next_command.replace("'^\\['", "")
    if said.next is not None:
        assert said.next in found.next_command and bool(said.next) == bool(found.next_command), found


def test_each_row_of_the_table_has_a_message() -> None:
    assert {said.row for said in CORPUS} == {row.name for row in rows()}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_next_command_is_a_command_and_a_meaning_is_short(row: Row) -> None:
    assert not CommandLine.of(row.next).flaw
    assert 15 < len(row.what) < 130 and row.what.endswith(".")


def test_an_unknown_message_is_not_guessed() -> None:
    assert explain("something else entirely").what == ""


@pytest.mark.parametrize(
    "message",
    ["something else entirely", "the kettle boils over", "Error response from daemon: a new sentence", "warning: x"],
)
def test_an_unknown_message_says_what_to_look_at(message: str) -> None:
    found = explain(message, ["hub", "push"])
    assert (found.what, found.next_command) == ("", "")
    assert found.after("Não consegui enviar x.") == f"Não consegui enviar x. {LOOK}"


# Who refused ----------------------------------------------------------------------------------------

VARIABLES = {"HUB_REGISTRY": "127.0.0.1:5001", "ECR_REGISTRY": "127.0.0.1:5002", "HUB_USER": "aluno"}


@pytest.mark.parametrize(
    ("command", "message", "login"),
    [
        ("docker push $ECR_REGISTRY/x:1", "denied: The security token included in the request is invalid.", ECR_LOGIN),
        ("docker push 127.0.0.1:5002/x:1", "pull access denied for x", ECR_LOGIN),
        ("docker pull 123456789012.dkr-ecr.us-east-2.on.aws/x", "unauthorized: something", ECR_LOGIN),
        ("docker push $HUB_REGISTRY/aluno/x:1", "unauthorized: something", HUB_LOGIN),
        ("docker push aluno/x:1", "denied: requested access to the resource is denied", HUB_LOGIN),
        ("docker run -d $ECR_REGISTRY/x:1", "unauthorized: something", ECR_LOGIN),
        ("for t in a b; do docker push $ECR_REGISTRY/x:$t; done", "unauthorized: something", ECR_LOGIN),
    ],
)
def test_a_refusal_is_explained_by_the_registry_that_refused(command: str, message: str, login: str) -> None:
    assert explain(message, CommandLine.of(command).asked(VARIABLES)).next_command == login


@pytest.mark.parametrize("said", [said for said in CORPUS if "ecr" in said.asked], ids=lambda said: said.text[:60])
def test_a_refusal_of_ecr_never_offers_a_login_at_the_hub(said: Said) -> None:
    assert HUB_LOGIN not in explain(said.text, said.asked).next_command


@pytest.mark.parametrize("said", [said for said in CORPUS if "iam" not in said.asked], ids=lambda said: said.text[:60])
def test_only_iam_sends_to_the_list_of_users(said: Said) -> None:
    assert "list-users" not in explain(said.text, said.asked).next_command


def test_a_line_tells_whom_it_asks() -> None:
    line = CommandLine.of("aws ecr get-login-password | docker login --username AWS --password-stdin $ECR_REGISTRY")
    assert line.asked(VARIABLES) == {"aws", "ecr", "engine", "login"}
    assert CommandLine.of("ls").asked(VARIABLES) == frozenset()

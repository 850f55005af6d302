"""Each message that a learner meets has its meaning and a next command."""

from __future__ import annotations

import pytest

from labs.base.explain import explain

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
    'Conflict. The container name "/widget-v1" is already in use by container': "docker ps -a --filter name=widget-v1",
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


def test_an_unknown_message_is_not_guessed() -> None:
    assert explain("something else entirely").what == ""

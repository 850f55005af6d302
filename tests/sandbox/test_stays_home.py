"""No step of the sandbox leaves the machine, whatever the learner's own environment says (proxies, endpoints)."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from labs.base.settings import CLONE, Settings
from labs.running.runner import Runner


@dataclass
class Stranger:
    """What stands at another address; it notes the first bytes of whoever connects."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """A machine whose traffic would all go here."""
        address = f"http://127.0.0.1:{self.port}"
        proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"), address)
        services = ("", "_IAM", "_STS", "_ECR", "_BUDGETS", "_SSO_OIDC")
        endpoints = {f"AWS_ENDPOINT_URL{service}": address for service in services}
        return proxies | endpoints | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_REGION": "sa-east-1"}


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stranger]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        found = Stranger(server.getsockname()[1])

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    found.heard.append(connection.recv(200))

        thread = threading.Thread(target=listen)
        thread.start()
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        try:
            yield found
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()


def test_by_button_and_typed_nothing_goes_to_another_address(new_lab: Settings, stranger: Stranger) -> None:
    runner = Runner(Settings.load(new_lab.home))
    for path in ("04-push-docker-hub/login", "05-custos-na-aws/create-budget", "06-credenciais-aws/create-user"):
        lesson, _, step = path.partition("/")
        assert runner.run(lesson, step).verdict.passed, path
    # Most of these are run by bash: what it starts reads the environment itself.
    lessons = {"04-push-docker-hub": ("push-v1", "make-private"), "06-credenciais-aws": ("policy", "create-key")}
    for lesson, steps in lessons.items():
        runner.prepare(lesson)
        for step in steps:
            outcome = runner.run(lesson, step)
            assert outcome.verdict.passed, outcome.verdict
    lines = (
        "aws sts get-caller-identity --profile console",
        "aws iam list-users --profile console",
        "aws ecr describe-repositories --profile console",
        'curl -sf --netrc-file "$HUB_NETRC" "$HUB_API/v2/repositories/$HUB_USER/"',
    )
    typed = " && ".join(('eval "$(python3 -m labs env)"', *lines))
    environment = {**os.environ, "LABS_HOME": str(new_lab.home), "PYTHONPATH": str(CLONE)}
    done = subprocess.run(
        ["bash", "-c", typed], cwd=CLONE, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert stranger.heard == []


def test_without_the_labs_environment_they_would(stranger: Stranger) -> None:
    """The test of the test: this environment does lead astray."""
    line = "curl -s http://127.0.0.1:9/"
    subprocess.run(["bash", "-c", line], capture_output=True, timeout=30, check=False)
    assert stranger.heard

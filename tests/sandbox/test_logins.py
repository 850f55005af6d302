"""Docker's logins, typed and by button: both find what the other kept, in the file or with a credential helper."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.base.settings import Settings
from labs.course.catalog import CheckSpec, Step
from labs.running.judge import judge
from labs.seams import docker_files
from labs.seams.world import World
from tests.conftest import Shell
from tests.credential_helper import HELPER

TYPED = 'docker login "$HUB_REGISTRY" -u "$HUB_USER" --password-stdin < "$HUB_TOKEN_FILE"'


@pytest.fixture
def config(lab: Settings) -> Iterator[Path]:
    """The lab's configuration of Docker, as it was again afterwards."""
    path = lab.docker_config / "config.json"
    before = path.read_text()
    try:
        yield path
    finally:
        path.write_text(before)


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`docker-credential-secretservice` on the PATH, which docker chooses by itself; returns what it keeps."""
    for name in ("secretservice", "pass"):
        (tmp_path / f"docker-credential-{name}").write_text(HELPER)
        (tmp_path / f"docker-credential-{name}").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "docker-credential-secretservice.json"


def found(lab: Settings, kind: str, registry: str = "") -> bool:
    step = Step(
        id="s", title="s", command="c", hint="", check=CheckSpec(kind, {"registry": registry or lab.hub_registry})
    )
    return judge(step, World(lab)).passed


def test_docker_keeps_logins_in_the_labs_file_though_a_helper_is_there(
    lab: Settings, shell: Shell, config: Path, helper: Path
) -> None:
    docker_files.prepare(lab)
    assert shell(TYPED).returncode == 0
    assert docker_files.key(lab.hub_registry) in json.loads(config.read_text())["auths"] and not helper.exists()
    assert found(lab, "logged_in") and not found(lab, "logged_out")
    assert shell("docker logout").returncode == 0
    assert found(lab, "logged_out") and not found(lab, "logged_in")
    assert shell(TYPED).returncode == 0 and not helper.exists(), "nor after a logout"


def test_a_helper_that_docker_has_chosen_is_asked_by_the_kit_too(
    lab: Settings, shell: Shell, config: Path, helper: Path
) -> None:
    config.unlink()
    assert shell(TYPED).returncode == 0
    assert docker_files.key(lab.hub_registry) in json.loads(helper.read_text()), "docker chose it by itself"
    assert found(lab, "logged_in") and not found(lab, "logged_out")
    assert shell("docker logout").returncode == 0
    assert found(lab, "logged_out")
    token = lab.hub_token_file.read_text().strip()
    World(lab).engine.login(lab.hub_registry, lab.hub_user, token)
    assert json.loads(helper.read_text())[docker_files.key(lab.hub_registry)]["Secret"] == token
    assert token not in config.read_text() and 'auth":' not in config.read_text()
    again = shell('docker login "$HUB_REGISTRY" < /dev/null')
    assert again.returncode == 0, f"the terminal has the button's login: {again.stderr}"
    docker_files.forget_login(lab, lab.hub_registry)
    assert shell('docker login "$HUB_REGISTRY" < /dev/null').returncode != 0


@pytest.mark.parametrize("form", ["http://{}", "https://{}/v1/"])
def test_a_login_under_an_older_address_serves_both(lab: Settings, shell: Shell, config: Path, form: str) -> None:
    password = shell("aws ecr get-login-password --profile console").stdout.strip()
    auth = docker_files.packed("AWS", password)
    config.write_text(json.dumps({"auths": {form.format(lab.ecr_registry): {"auth": auth}}}))
    assert found(lab, "logged_in", lab.ecr_registry) and not found(lab, "logged_out", lab.ecr_registry)
    assert shell('docker login "$ECR_REGISTRY" < /dev/null').returncode == 0

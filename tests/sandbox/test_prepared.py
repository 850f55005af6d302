"""What `up` prepares for the learner: accounts, logins, two ready-made images on the Hub, working copies, wheels."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from labs.base.settings import Settings

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def logged_out(docker_cli: Shell, lab: Settings) -> Iterator[None]:
    docker_cli("logout")
    yield
    docker_cli("logout")


def test_secrets_are_the_learners_alone(lab: Settings) -> None:
    assert lab.secrets.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in lab.secrets.iterdir())
    assert lab.aws_credentials_file.stat().st_mode & 0o077 == 0


def test_the_hub_token_logs_in(lab: Settings, shell: Shell, logged_out: None) -> None:
    done = shell('docker login -u "$HUB_USER" --password-stdin "$HUB_REGISTRY" < "$HUB_TOKEN_FILE"')
    assert done.returncode == 0, done.stderr
    done = shell('curl -fsS --netrc-file "$HUB_NETRC" "$HUB_API/v2/repositories/$HUB_USER/"')
    assert done.returncode == 0, done.stderr


def test_the_public_image_pulls_and_speaks_without_login(lab: Settings, docker_cli: Shell, logged_out: None) -> None:
    image = f"{lab.hub_registry}/library/ola-registry:1.0"
    try:
        done = docker_cli(f"run --rm {image}")
        assert done.returncode == 0, done.stderr
        assert "registry" in done.stdout
    finally:
        docker_cli(f"rmi -f {image}")


def test_the_private_image_is_refused_to_others(lab: Settings, docker_cli: Shell, logged_out: None) -> None:
    done = docker_cli(f"pull {lab.hub_registry}/acme/segredo:1.0")
    assert done.returncode != 0
    assert "denied" in done.stderr or "unauthorized" in done.stderr


def test_up_leaves_only_the_base_image_in_the_engine(lab: Settings, docker_cli: Shell) -> None:
    assert "segredo" not in docker_cli("image ls --format '{{.Repository}}'").stdout


def test_the_console_profile_works_at_once(shell: Shell, lab: Settings) -> None:
    done = shell("aws sts get-caller-identity --profile console --output text --query Account")
    assert done.stdout.strip() == lab.account, done.stderr


def test_the_build_needs_no_network(lab: Settings, shell: Shell) -> None:
    assert list((lab.work / "widget-server" / "wheels").glob("*.whl"))
    try:
        done = shell("docker build -q --network none -t tests/offline .", folder=lab.work / "widget-server")
        assert done.returncode == 0, done.stderr
    finally:
        shell("docker rmi -f tests/offline")

"""The Docker client's own configuration: logins come and go, and nothing else in the file changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import EngineError
from labs.base.settings import Settings
from labs.seams import docker_files
from labs.secrecy.values import known


@pytest.fixture
def config(settings: Settings) -> Path:
    path = settings.docker_config / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def read(config: Path) -> Any:
    return json.loads(config.read_text())


def test_a_login_is_kept_as_docker_keeps_it_and_the_rest_stays(settings: Settings, config: Path) -> None:
    config.write_text(json.dumps({"auths": {"other.example": {"auth": "eA=="}}, "detachKeys": "ctrl-q"}))
    docker_files.set_login(settings, "127.0.0.1:5001", docker_files.packed("ana", "a:b"))
    assert read(config) == {
        "auths": {"other.example": {"auth": "eA=="}, "127.0.0.1:5001": {"auth": "YW5hOmE6Yg=="}},
        "detachKeys": "ctrl-q",
    }
    assert config.stat().st_mode & 0o777 == 0o600
    auth = docker_files.login(settings, "127.0.0.1:5001")
    assert auth and docker_files.unpacked(auth) == ("ana", "a:b")
    docker_files.forget_login(settings, "127.0.0.1:5001")
    assert read(config) == {"auths": {"other.example": {"auth": "eA=="}}, "detachKeys": "ctrl-q"}


def test_docker_hub_stands_under_the_address_that_docker_uses(settings: Settings, config: Path) -> None:
    docker_files.set_login(settings, "docker.io", "aHVi")
    assert list(read(config)["auths"]) == [docker_files.HUB_KEY]
    assert docker_files.login(settings, "docker.io") == "aHVi"
    docker_files.forget_login(settings, "docker.io")
    assert docker_files.logins(settings) == {}


def test_nobody_logged_in_is_no_error_and_writes_nothing(settings: Settings, config: Path) -> None:
    docker_files.forget_login(settings, "docker.io")
    assert docker_files.login(settings, "docker.io") is None and not config.exists()
    config.write_text('{"auths": null}')
    assert docker_files.logins(settings) == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": ["x"]}'])
def test_a_damaged_file_is_said_and_hides_no_other_secret(settings: Settings, config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(EngineError, match="danificada"):
        docker_files.login(settings, "docker.io")
    settings.hub_token_file.parent.mkdir(exist_ok=True)
    settings.hub_token_file.write_text("a-token-of-this-test")
    assert "a-token-of-this-test" in known(settings)


def test_entries_without_a_password_are_no_logins(settings: Settings, config: Path) -> None:
    config.write_text(json.dumps({"auths": {"a": {}, "b": {"auth": 7}, "c": "x", "d": {"auth": "eDp5"}}}))
    assert docker_files.logins(settings) == {"d": "eDp5"}
    assert docker_files.unpacked("%%%") is None and docker_files.unpacked("") is None

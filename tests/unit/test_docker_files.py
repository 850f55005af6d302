"""The Docker client's own configuration: logins come and go, and nothing else in the file changes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import EngineError
from labs.base.settings import Settings
from labs.seams import docker_files
from labs.secrecy.values import known
from tests.credential_helper import HELPER


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


FORMS = {
    "as docker login writes it": {"127.0.0.1:5001": {"auth": "YW5hOmI="}},
    "an address with a scheme": {"http://127.0.0.1:5001": {"auth": "YW5hOmI="}},
    "an address with a path": {"https://127.0.0.1:5001/v1/": {"auth": "YW5hOmI="}},
    "user and password": {"127.0.0.1:5001": {"username": "ana", "password": "b"}},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_login_is_found_in_every_form_that_docker_reads(settings: Settings, config: Path, form: str) -> None:
    config.write_text(json.dumps({"auths": {"other.example": {"auth": "eDp5"}, **FORMS[form]}}))
    auth = docker_files.login(settings, "127.0.0.1:5001")
    assert auth and docker_files.unpacked(auth) == ("ana", "b")
    assert docker_files.login(settings, "127.0.0.1:5002") is None
    docker_files.forget_login(settings, "127.0.0.1:5001")
    assert read(config) == {"auths": {"other.example": {"auth": "eDp5"}}}


def test_a_login_that_is_a_token_is_one(settings: Settings, config: Path) -> None:
    config.write_text(json.dumps({"auths": {"127.0.0.1:5001": {"auth": "PHRva2VuPjo=", "identitytoken": "longo"}}}))
    auth = docker_files.login(settings, "127.0.0.1:5001")
    assert auth and docker_files.unpacked(auth) == (docker_files.TOKEN_USER, "longo")
    docker_files.set_login(settings, "127.0.0.1:5002", auth)
    assert read(config)["auths"]["127.0.0.1:5002"] == {"identitytoken": "longo"}


# Credential helpers -------------------------------------------------------------------------------


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`docker-credential-caixa` on the PATH; returns the file in which it keeps logins."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-caixa"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "docker-credential-caixa.json"


@pytest.mark.parametrize(
    "chosen", [{"credsStore": "caixa"}, {"credHelpers": {"127.0.0.1:5001": "caixa"}, "credsStore": "desktop"}]
)
def test_a_helper_keeps_gives_and_forgets_a_login(
    settings: Settings, config: Path, helper: Path, chosen: dict[str, Any]
) -> None:
    config.write_text(json.dumps(chosen))
    assert docker_files.login(settings, "127.0.0.1:5001") is None
    docker_files.set_login(settings, "127.0.0.1:5001", docker_files.packed("ana", "senha"))
    stored = {"ServerURL": "127.0.0.1:5001", "Username": "ana", "Secret": "senha"}
    assert json.loads(helper.read_text()) == {"127.0.0.1:5001": stored}
    assert read(config) == chosen | {"auths": {"127.0.0.1:5001": {}}}, "as docker login leaves it: no password"
    auth = docker_files.login(settings, "127.0.0.1:5001")
    assert auth and docker_files.unpacked(auth) == ("ana", "senha")
    assert docker_files.logins(settings) == {"127.0.0.1:5001": auth}
    docker_files.forget_login(settings, "127.0.0.1:5001")
    assert json.loads(helper.read_text()) == {} and docker_files.login(settings, "127.0.0.1:5001") is None
    docker_files.forget_login(settings, "127.0.0.1:5001")


def test_a_secret_in_a_helper_is_known_as_one(settings: Settings, config: Path, helper: Path) -> None:
    config.write_text('{"credsStore": "caixa"}')
    docker_files.set_login(settings, "127.0.0.1:5001", docker_files.packed("ana", "senha-na-caixa"))
    assert "senha-na-caixa" in known(settings)


def test_a_registry_that_names_no_helper_uses_the_file(settings: Settings, config: Path, helper: Path) -> None:
    config.write_text(json.dumps({"credsStore": "caixa", "credHelpers": {"127.0.0.1:5001": ""}}))
    docker_files.set_login(settings, "127.0.0.1:5001", docker_files.packed("ana", "b"))
    assert read(config)["auths"] == {"127.0.0.1:5001": {"auth": "YW5hOmI="}} and not helper.exists()


@pytest.mark.parametrize("name", ["desktop", "../caixa", "quebrada", "muda"])
def test_a_helper_that_does_not_answer_is_said(settings: Settings, config: Path, helper: Path, name: str) -> None:
    for broken, text in (("quebrada", "#!/bin/sh\necho o chaveiro está trancado; exit 1\n"), ("muda", "#!/bin/sh\n")):
        program = helper.with_name(f"docker-credential-{broken}")
        program.write_text(text)
        program.chmod(0o755)
    config.write_text(json.dumps({"credsStore": name}))
    with pytest.raises(EngineError, match=f"docker-credential-{name}") as said:
        docker_files.login(settings, "127.0.0.1:5001")
    assert said.value.observed and "python3 -m labs up" in said.value.next_command


# What `up` makes sure of --------------------------------------------------------------------------


def test_docker_chooses_no_helper_by_itself(
    settings: Settings, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docker/cli asks a helper that it finds only where the file has no `auths`, no store and no helper."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    docker_files.prepare(settings)
    assert read(config) == {"auths": {docker_files.NOBODY: {}}} and docker_files.logins(settings) == {}
    docker_files.set_login(settings, "127.0.0.1:5001", "YW5hOmI=")
    docker_files.forget_login(settings, "127.0.0.1:5001")
    assert read(config)["auths"], "nor after a logout"
    for kept in ({"credsStore": "caixa"}, {"credHelpers": {"x": "caixa"}}, {"auths": {"x": {"auth": "eDp5"}}}):
        config.write_text(json.dumps(kept))
        docker_files.prepare(settings)
        assert read(config) == kept, "what somebody chose stays"
    config.write_text("{")
    docker_files.prepare(settings)
    assert config.read_text() == "{", "and what is damaged is said by whoever needs it"


def test_the_machines_plugins_are_found_and_nothing_else_of_its_file(
    settings: Settings, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    (tmp_path / ".docker" / "cli-plugins").mkdir(parents=True)
    extra = tmp_path / "extra"
    extra.mkdir()
    own = {"cliPluginsExtraDirs": [str(extra), "/nowhere", 7, "."], "credsStore": "desktop", "proxies": {"default": {}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(own))
    docker_files.prepare(settings)
    folders = [str(extra), str(tmp_path / ".docker" / "cli-plugins")]
    assert read(config) == {"auths": {docker_files.NOBODY: {}}, "cliPluginsExtraDirs": folders}


def test_plugins_that_the_machine_gets_later_are_found_and_its_own_folder_too(
    settings: Settings, config: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`DOCKER_CONFIG` of the machine moves its plugins; that of a terminal of this lab says nothing of the machine."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DOCKER_CONFIG", str(config.parent))
    docker_files.prepare(settings)
    assert "cliPluginsExtraDirs" not in read(config)
    (later := home / ".docker" / "cli-plugins").mkdir(parents=True)
    (moved := home / "moved" / "cli-plugins").mkdir(parents=True)
    docker_files.prepare(settings)
    assert read(config)["cliPluginsExtraDirs"] == [str(later)]
    monkeypatch.setenv("DOCKER_CONFIG", str(moved.parent))
    docker_files.prepare(settings)
    assert read(config)["cliPluginsExtraDirs"] == [str(later), str(moved)]
    later.rmdir()
    docker_files.prepare(settings)
    assert read(config)["cliPluginsExtraDirs"] == [str(later), str(moved)], "the client passes over what is gone"

"""What of the machine's environment stays out of the lab, by every door: steps, terminals, JupyterLab, own calls."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from labs.base.events import Line
from labs.base.foreign import is_foreign, leaving, with_programs_first, without_foreign
from labs.base.settings import CLONE, Ports, Settings
from labs.course.command_line import CommandLine
from labs.jupyter import server
from labs.running.commands import Context, execute
from labs.sandbox import real_names
from labs.seams import docker_client

from .fakes import FakeCloud, FakeEngine

OUT = (
    *("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH", "DOCKER_CONTEXT", "DOCKER_API_VERSION", "DOCKER_BUILDKIT"),
    *("DOCKER_CONTENT_TRUST", "DOCKER_CONTENT_TRUST_SERVER", "DOCKER_DEFAULT_PLATFORM", "DOCKER_AUTH_CONFIG"),
    *("DOCKER_CUSTOM_HEADERS", "BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDKIT_PROGRESS", "BUILDKIT_HOST"),
    *("SOURCE_DATE_EPOCH", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "CONTAINER_HOST", "REGISTRY_AUTH_FILE"),
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"),
    *("AWS_ENDPOINT_URL_ECR", "AWS_USE_FIPS_ENDPOINT", "AWS_MAX_ATTEMPTS", "AWS_DATA_PATH", "AWS_CREDENTIAL_FILE"),
    *("AWS_CLI_AUTO_PROMPT", "AWS_DEFAULT_OUTPUT", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_BEARER_TOKEN_BEDROCK"),
    *("PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONINSPECT", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH"),
    *("BASH_ENV", "ENV", "CDPATH", "SHELLOPTS", "BASH_FUNC_docker%%", "OTEL_EXPORTER_OTLP_ENDPOINT", "TAR_OPTIONS"),
)
STAY = (
    *(
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
        "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
    ),
    *("PIP_INDEX_URL", "PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "HOME", "PATH", "LANG", "LC_ALL", "TZ", "TERM", "TMPDIR"),
    *("DOCKER_HOST", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTERHUB_SERVICE_PREFIX", "LABS_HOME", "ENVIRON"),
)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OUT:
        if name not in ("PYTHONHOME", "SHELLOPTS"):  # neither Python nor bash would start
            monkeypatch.setenv(name, "() { echo da máquina; }" if "%%" in name else "da máquina")


def foreign_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if "da máquina" in line]


@pytest.mark.parametrize("name", OUT)
def test_it_stays_out(name: str) -> None:
    assert is_foreign(name)


@pytest.mark.parametrize("name", STAY)
def test_it_stays(name: str) -> None:
    assert not is_foreign(name) and without_foreign({name: "x"}) == {name: "x"}


@pytest.mark.usefixtures("machine")
def test_a_step_through_bash_sees_none_of_it(settings: Settings) -> None:
    said: list[str] = []
    context = Context(settings, FakeEngine(), FakeCloud(), settings.work / "widget-server")
    execute(CommandLine.of("env; type docker"), context, lambda e: said.append(e.text) if isinstance(e, Line) else None)
    assert any(line.startswith("DOCKER_CONFIG=") for line in said) and not foreign_in("\n".join(said))


@pytest.mark.usefixtures("machine")
def test_jupyterlab_and_the_kits_own_docker_see_none_of_it(settings: Settings) -> None:
    for environment in (server.environment(settings), docker_client._environment(settings)):
        assert not [name for name, value in environment.items() if "da máquina" in value]
        assert environment["DOCKER_CONFIG"] == str(settings.docker_config)
        assert environment["BOTO_CONFIG"] == os.devnull


@pytest.mark.usefixtures("machine")
def test_a_shell_that_becomes_the_labs_drops_variables_aliases_and_functions(settings: Settings) -> None:
    lines = [f"export {name}='{value}'" for name, value in settings.environment().items()]
    lines += leaving(os.environ, settings.environment())
    before = "shopt -s expand_aliases\naws() { echo da máquina; }\nalias curl='echo da máquina'\n"
    after = "env\ntype aws\nalias\n"
    plain = {name: value for name, value in os.environ.items() if name != "BASH_ENV"}  # bash has read it before
    done = subprocess.run(
        ["bash"], env=plain, input="\n".join([before, *lines, after]), capture_output=True, text=True, check=False
    )
    seen = foreign_in(done.stdout)
    assert "DOCKER_CONFIG=" in done.stdout and not seen and not done.stderr


def test_the_labs_programs_come_first() -> None:
    assert with_programs_first("/usr/local/bin:/lab/bin:/usr/bin", "/lab/bin") == "/lab/bin:/usr/local/bin:/usr/bin"


def test_a_command_for_one_lab_in_a_terminal_of_another_is_not_led_to_the_others_registries(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, machine = Settings(home=tmp_path / "other"), tmp_path / "machine"
    for folder in (other.programs, machine):
        folder.mkdir(parents=True)
        (folder / "docker").write_text("#!/bin/sh\n")
        (folder / "docker").chmod(0o700)
    here = settings.with_changes(engine_host=settings.private_engine, ports=Ports(names=3128))
    monkeypatch.setenv("PATH", f"{other.programs}:{machine}:/usr/bin")
    for lab in (settings, here):
        assert str(other.programs) not in lab.environment()["PATH"].split(":")
    assert here.environment()["PATH"].split(":")[0] == str(here.programs)
    real_names.prepare(here)
    front = (here.programs / "docker").read_text("utf-8")
    assert f"{machine}/docker" in front and str(other.programs) not in front


def test_curls_own_file_is_not_the_persons(settings: Settings, tmp_path: Path) -> None:
    """curl(1): the first folder that has a `.curlrc` wins, and `CURL_HOME` is asked first."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".curlrc").write_text('write-out = "da máquina"\n')
    settings.curl_home.mkdir()
    (settings.curl_home / ".curlrc").touch()
    (tmp_path / "page").write_text("página")
    environment = os.environ | settings.environment() | {"HOME": str(tmp_path / "home")}
    command = ["curl", "-s", f"file://{tmp_path}/page"]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "página"


def test_the_documentation_names_every_row() -> None:
    told = (CLONE / "docs" / "sandbox.md").read_text("utf-8")
    names = ("DOCKER_", "BUILDX_", "COMPOSE_", "CONTAINER_", "OTEL_", "AWS_", "BOTO_", "PYTHON", "JUPYTER_", "BASH_ENV")
    assert [name for name in (*names, "TAR_OPTIONS", "CURL_HOME") if f"`{name}" not in told] == []

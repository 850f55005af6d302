"""The course on a machine with a life of its own: left-over files in the home, variables, aliases, a umask of 077."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labs.base.settings import CLONE, Settings

FILES = {
    ".docker/config.json": '{"credsStore": "desktop", "proxies": {"default": {"httpProxy": "http://maria:segredo@x"}}}',
    ".curlrc": 'proxy = "http://127.0.0.1:9"\nuser = "maria:segredo"\nwrite-out = "da máquina"\n',
    ".netrc": "machine 127.0.0.1 login maria password segredo\n",
    ".boto": "[Credentials]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n",
    ".aws/config": "[default]\nendpoint_url = http://127.0.0.1:9\ncredential_process = /bin/false\n",
    ".aws/credentials": "[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n",
    ".bashrc": "alias docker='sudo docker'\naws() { echo da máquina; }\n",
}
VARIABLES = {
    "DOCKER_TLS_VERIFY": "1",
    "DOCKER_CERT_PATH": "/nenhum",
    "DOCKER_HOST": "tcp://192.0.2.7:2376",
    "DOCKER_CONTENT_TRUST": "1",
    "DOCKER_DEFAULT_PLATFORM": "linux/arm64",
    "DOCKER_API_VERSION": "1.10",
    "COMPOSE_FILE": "/nenhum",
    "BUILDX_BUILDER": "remoto",
    "AWS_PROFILE": "empresa",
    "AWS_MAX_ATTEMPTS": "muitas",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_CA_BUNDLE": "/nenhum.pem",
    "PYTHONSTARTUP": "/nenhum",
    "CDPATH": "/usr",
    "TAR_OPTIONS": "--verbose",
    "LC_ALL": "C",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}
STEPS = ["02-build/build-v1", "02-build/run-v1", "02-build/stop-v1"]
STEPS += ["04-push-docker-hub/login", "04-push-docker-hub/push-v1"]
STEPS += ["06-credenciais-aws/create-user", "06-credenciais-aws/policy", "06-credenciais-aws/create-key"]
BY_BUTTON = """
import os, pathlib, sys
os.umask(0o077)
from labs import sandbox
from labs.base.settings import Settings
from labs.running.runner import Runner
runner = Runner(sandbox.up(Settings(home=pathlib.Path(sys.argv[1])), lambda _: None))
for path in sys.argv[2:]:
    lesson, _, step = path.partition("/")
    runner.prepare(lesson)
    verdict = runner.run(lesson, step).verdict
    print("ok" if verdict.passed else f"{path}: {verdict.observed}")
"""
TYPED = """
shopt -s expand_aliases; . ~/.bashrc; eval "$("$1" -m labs env)"
cd "$LAB_WORK/widget-server" && docker build -q -t widget-server:v1 . && docker version --format '{{.Server.Version}}'
docker login "$HUB_REGISTRY" -u "$HUB_USER" --password-stdin < "$HUB_TOKEN_FILE"
aws sts get-caller-identity --profile console --output text --query Arn
curl -sf --netrc-file "$HUB_NETRC" "$HUB_API/v2/repositories/$HUB_USER/"
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of that machine, whose home holds those files."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return os.environ | VARIABLES | {"HOME": str(tmp_path), "PYTHONPATH": str(CLONE)}


def test_the_course_goes_on_as_anywhere(machine: dict[str, str], new_home: Callable[[str], Settings]) -> None:
    home = new_home("machine").home
    environment = machine | {"LABS_HOME": str(home)}
    command = [sys.executable, "-c", BY_BUTTON, str(home), *STEPS]
    done = subprocess.run(command, cwd=CLONE, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and done.stdout.split() == ["ok"] * len(STEPS), done.stdout + done.stderr
    done = subprocess.run(
        ["bash", "-c", TYPED, "bash", sys.executable],
        cwd=CLONE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Login Succeeded" in said and "assumed-role/Administrador" in said, said
    assert '"name": "widget-server"' in said and "da máquina" not in said and "sudo" not in said, said

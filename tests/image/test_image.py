"""The lab in one container: a whole course without a network, what it may do, what of it stays."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest

from labs.base.settings import CLONE
from labs.seams.unix_http import request

from .outer import IMAGE, PORT, Outer

LARGEST = 900_000_000
"""Bytes of the image, as the engine counts them."""


@pytest.fixture(scope="module")
def said(outer: Outer) -> str:
    """The first start's words."""
    return outer.up()


def address(said: str) -> str:
    found = re.search(r"JupyterLab pronto: (\S+)", said)
    assert found, said
    return found[1]


def test_the_image_is_small_enough(outer: Outer) -> None:
    assert outer.inspect(IMAGE)["Size"] <= LARGEST


def test_jupyterlab_answers_where_the_address_says_and_to_nobody_elses_name(outer: Outer, said: str) -> None:
    parts = urlsplit(address(said))
    assert parts.netloc == f"127.0.0.1:{PORT}" and parts.path == "/lab/tree/notebooks/00-comece-aqui.ipynb"
    origin, headers = f"http://{parts.netloc}", {"Authorization": f"token {parts.query.removeprefix('token=')}"}
    assert request(origin, "GET", "/api/contents", headers=headers).status == 200
    assert request(origin, "GET", "/api/contents").status == 403
    assert request(origin, "GET", "/api/contents", headers={**headers, "Host": "evil.example"}).status == 403


def test_it_gets_what_compose_says_and_nothing_of_the_host(outer: Outer, said: str) -> None:
    known = outer.inspect(outer.container())
    host = known["HostConfig"]
    added = sorted(right.removeprefix("CAP_") for right in host["CapAdd"])  # newer engines write it in full
    assert added == ["NET_ADMIN", "SYS_ADMIN"] and not host["Privileged"]
    assert [mount["Type"] for mount in known["Mounts"]] == ["volume"]
    assert host["Devices"] in (None, []) and host["PidMode"] == "" and host["NetworkMode"] != "host"
    published = [one for bound in host["PortBindings"].values() for one in bound]
    assert published and {one["HostIp"] for one in published} == {"127.0.0.1"}
    (profile,) = [one for one in host["SecurityOpt"] if one.startswith("seccomp=")]
    refused = {name for rule in json.loads(profile.removeprefix("seccomp="))["syscalls"] for name in rule["names"]}
    assert {"keyctl", "init_module", "kexec_load", "open_by_handle_at"} <= refused


def test_its_docker_is_a_current_one_with_buildx(outer: Outer, said: str) -> None:
    shell = 'eval "$(python3 -m labs env)"; docker version --format "{{.Server.Version}}"; docker buildx version'
    words = outer.docker("exec", outer.container(), "bash", "-c", shell).stdout.splitlines()
    assert int(words[0].split(".")[0]) >= 26 and words[1].startswith("github.com/docker/buildx")
    assert "Nada falta." in outer.inside("labs", "doctor").stdout


def test_a_whole_course_passes_and_outlives_the_container(outer: Outer, said: str) -> None:
    """Without any network: the outer engine has none."""
    done = outer.inside("labs", "run", "--json", seconds=900, check=False)
    steps = json.loads(done.stdout)
    assert [step for step in steps if not step["passed"]] == [] and len(steps) > 140
    before = outer.inside("labs.journey").stdout
    images = _images(outer)
    outer.compose("down", "--timeout", "60", seconds=180)
    assert outer.container() == ""
    again = outer.up()
    assert urlsplit(address(again)).query == urlsplit(address(said)).query, "an open tab goes on"
    assert "Importando" not in again and "Publicando" not in again
    assert outer.inside("labs.journey").stdout == before
    assert _images(outer) == images
    _a_container_is_reached_from_outside(outer)


def test_the_same_course_passes_typed_with_the_names_of_real_life(outer: Outer, said: str) -> None:
    """Letter by letter what the cards show, in a lab's terminal, and still without any network."""
    outer.compose("down", "--volumes", "--timeout", "60", seconds=180)
    outer.up()
    source = (CLONE / "tests" / "terminal.py").read_text("utf-8")
    done = outer.docker("exec", "--interactive", outer.container(), "python3", "-", stdin=source, seconds=900)
    steps = json.loads(done.stdout)
    assert [step for step in steps if not step["passed"]] == [] and len(steps) > 140
    commands = "\n".join(step["command"] for step in steps)
    assert "docker push aluno/widget-server:v1\n" in commands and "docker login --username aluno " in commands
    assert "docker push 123456789012.dkr.ecr.us-east-2.amazonaws.com/widget-server:v1\n" in commands
    assert "docker build -t widget-server:v1 .\n" in commands
    assert "_REGISTRY" not in commands


def _images(outer: Outer) -> list[str]:
    shell = 'eval "$(python3 -m labs env)"; docker images --no-trunc --format "{{.Repository}}:{{.Tag}} {{.ID}}"'
    return sorted(outer.docker("exec", outer.container(), "bash", "-c", shell).stdout.splitlines())


def _a_container_is_reached_from_outside(outer: Outer) -> None:
    """The lessons' literal address, in the learner's own browser."""
    run = "docker run -d --rm --name fora -p 3000:3000 labs/python-base:3 python3 -m http.server 3000"
    outer.docker("exec", outer.container(), "bash", "-c", f'eval "$(python3 -m labs env)"; {run}')
    outer.docker(
        "exec",
        outer.container(),
        "bash",
        "-c",
        "for i in $(seq 50); do curl -sf 127.0.0.1:3000 && exit; sleep .2; done",
    )
    assert request("http://127.0.0.1:3000", "GET", "/", timeout=10).status == 200


@pytest.mark.parametrize(
    ("options", "means"),
    [
        ((), "perfil de seccomp"),
        (
            ("--security-opt=seccomp=deploy/image/seccomp.json", "--entrypoint=/opt/venv/bin/python3"),
            "grupos de controle",
        ),
    ],
)
def test_a_container_that_may_too_little_is_told_in_words(outer: Outer, options: tuple[str, ...], means: str) -> None:
    command = ("python3", "-m", "labs", "up")
    words = command[1:] if any("entrypoint" in option for option in options) else command
    rights = ("--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN", "--security-opt=apparmor=unconfined")
    done = outer.docker("run", "--rm", *rights, *options, IMAGE, *words, seconds=240, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "nenhum container roda nele" in said and means in said, said
    assert "Traceback" not in said and "Laboratório de pé" not in said

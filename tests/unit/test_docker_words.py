"""The docker client's options, compared with the client itself, and what a docker command makes in any spelling."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from labs.base.settings import CLONE
from labs.base.things import CONTAINER, HUB, IMAGE, NETWORK, VOLUME, Thing
from labs.course.command_line import CommandLine
from labs.course.docker_words import LONG, WITHOUT_VALUE, DockerWords

VARIABLES = {"HUB_REGISTRY": "127.0.0.1:1", "HUB_USER": "maria", "X": "y"}
_OPTION = re.compile(r"^ +(?:(-\w), )?(--[\w-]+)(?: ([\w-]+))?(?:  |$)", re.MULTILINE)


def asked(text: str) -> DockerWords:
    words = CommandLine.of(text).programs[-1].asks
    assert isinstance(words, DockerWords)
    return words


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker client")
@pytest.mark.parametrize("verb", WITHOUT_VALUE)
def test_the_table_is_the_clients(verb: str) -> None:
    said = subprocess.run(["docker", *verb.split(), "--help"], capture_output=True, text=True, check=True).stdout
    for short, long, kind in _OPTION.findall(said):
        for name in filter(None, (short, long)):
            assert (name in WITHOUT_VALUE[verb]) is (not kind), f"docker {verb} {name} {kind}"
        if short in LONG.get(verb, {}):
            assert LONG[verb][short] == long


RUN = (
    "--restart always --memory 64m --network=lab -w /app --hostname h --label a=b --label=c=d -u 1000 --cpus 1"
    " --mount type=bind,source=/a,target=/b -v /a:/b --gpus all --not-invented-yet value --health-cmd 'a b' -itd -h x"
)


@pytest.mark.parametrize(
    "command",
    [
        "docker run --name x -d i:1",
        "docker container run --name x -d i:1",
        "docker create --name x i:1",
        "docker container create --name=x i:1",
        f"docker run {RUN} --name x i:1 --name y",
        f"docker run --name x {RUN} i:1 sh -c 'docker run --rm z'",
        "docker --context c run --name x i:1",
        "docker -H unix:///s --debug container run --name x i:1",
        "docker run --rm=false --name x i:1",
        "docker run --name old --name x -- i:1",
        "A=1 B=2 docker run --name x i:1",
        "sudo docker run --name x i:1",
        "sudo -E env A=1 docker run --name x i:1",
        "time docker run --name x i:1",
        "/usr/bin/docker run --name x i:1",
        "bash -c 'docker run --name x i:1'",
        "id=$(docker run -d --name x i:1)",
        "if docker run --name x i:1; then echo; fi",
    ],
)
def test_a_container_is_told_in_every_spelling(command: str) -> None:
    assert CommandLine.of(command).creates(VARIABLES, CLONE) == (Thing(CONTAINER, "x"),)


@pytest.mark.parametrize(
    ("options", "ports"),
    [
        ("-p 3000:3333", "3000"),
        ("-p3000:3333", "3000"),
        ("--publish=127.0.0.1:3000:3333/tcp", "3000"),
        ("-p127.0.0.1:3000:3333/tcp", "3000"),
        ("-p [::1]:3000:3333", "3000"),
        ("-dp 3001:1 -p 3000:2/udp", "3000,3001"),
        ("-itdp3000:3333", "3000"),
        ("-p 3000-3002:3000-3002", "3000,3001,3002"),
        ("-p published=3000,target=3333", "3000"),
        ("-p 3333", ""),
        ("-p 127.0.0.1::3333", ""),
        ("-P", ""),
    ],
)
def test_a_container_without_a_name_is_known_by_its_ports(options: str, ports: str) -> None:
    assert CommandLine.of(f"docker run {options} i:1").creates({}, CLONE) == (Thing(CONTAINER, f"@i:1#{ports}"),)


@pytest.mark.parametrize(
    ("command", "things"),
    [
        ("docker buildx build --load -t a:1 .", [Thing(IMAGE, "a:1")]),
        ("docker image build --tag=a:1 --tag b .", [Thing(IMAGE, "a:1"), Thing(IMAGE, "b:latest")]),
        ("docker builder build -ta:1 --platform linux/amd64 .", [Thing(IMAGE, "a:1")]),
        ("docker build . -t a:1 --no-cache --progress plain --secret id=x", [Thing(IMAGE, "a:1")]),
        ("docker build -qt a:1 - < Dockerfile", [Thing(IMAGE, "a:1")]),
        (
            "docker buildx build --push -t 127.0.0.1:1/maria/a:1 .",
            [Thing(IMAGE, "127.0.0.1:1/maria/a:1"), Thing(HUB, "maria/a")],
        ),
        ("docker image tag a:1 b", [Thing(IMAGE, "b:latest")]),
        ("docker image pull --platform linux/arm64 a", [Thing(IMAGE, "a:latest")]),
        ("docker pull -q a:1", [Thing(IMAGE, "a:1")]),
        ("docker pull --all-tags a", []),
        ("docker image push -q $HUB_REGISTRY/$HUB_USER/a:1", [Thing(HUB, "maria/a")]),
        ("docker commit -m 'a b' x a:2", [Thing(IMAGE, "a:2")]),
        ("docker network create -d bridge --internal lab", [Thing(NETWORK, "lab")]),
        ("docker network create lab --subnet=10.0.0.0/24", [Thing(NETWORK, "lab")]),
        ("docker volume create --label a=b dados", [Thing(VOLUME, "dados")]),
        ("docker volume create", []),
        ("docker run --rm -v dados:/x i:1", [Thing(VOLUME, "dados")]),
        ("docker run --rm --mount type=volume,src=dados,dst=/x i:1", [Thing(VOLUME, "dados")]),
        ("docker run --rm -v ./x:/x -v /anonymous i:1", []),
        ("docker run --rm i:1 --rm=false", []),
        ("docker tag a:1 $NOBODY_KNOWS", []),
        ("docker run -d $(docker images -q)", []),
        ("docker run --name", []),
        ("docker", []),
        ("docker compose up -d", []),
        ("docker buildx create --name b", []),
        ("docker image ls a", []),
    ],
)
def test_what_it_makes(command: str, things: list[Thing]) -> None:
    assert list(CommandLine.of(command).creates(VARIABLES, CLONE)) == things


@pytest.mark.parametrize(
    ("command", "things"),
    [
        ("docker rm -f a b", [Thing(CONTAINER, "a"), Thing(CONTAINER, "b")]),
        ("docker container rm --force --volumes a", [Thing(CONTAINER, "a")]),
        ("docker container remove a -v", [Thing(CONTAINER, "a")]),
        ("docker image rm --platform linux/amd64 a:1", [Thing(IMAGE, "a:1")]),
        ("docker image remove -f a:1", [Thing(IMAGE, "a:1")]),
        ("docker network rm lab", [Thing(NETWORK, "lab")]),
        ("docker volume remove -f dados", [Thing(VOLUME, "dados")]),
        ("docker rm -f $(docker ps -aq)", []),
        ("docker container prune -f", []),
    ],
)
def test_what_it_removes(command: str, things: list[Thing]) -> None:
    assert list(CommandLine.of(command).removes({})) == things


@pytest.mark.parametrize(
    ("command", "things"),
    [
        ("docker stop -t 3 a b", [Thing(CONTAINER, "a"), Thing(CONTAINER, "b")]),
        ("docker exec -it -e A=b a ls x", [Thing(CONTAINER, "a")]),
        ("docker container logs -f --tail 3 a", [Thing(CONTAINER, "a")]),
        ("docker push a:1", [Thing(IMAGE, "a:1")]),
        ("docker tag a b:2", [Thing(IMAGE, "a:latest")]),
        ("docker run -d -e A=b i:1 x", [Thing(IMAGE, "i:1")]),
        ("docker image save -o f a:1 b:1", [Thing(IMAGE, "a:1"), Thing(IMAGE, "b:1")]),
        ("docker ps", []),
    ],
)
def test_what_it_touches(command: str, things: list[Thing]) -> None:
    assert list(CommandLine.of(command).touches({})) == things


def test_an_option_without_a_value_at_the_end_is_no_crash() -> None:
    assert asked("docker run --memory").values("--memory")[0].text == ""
    assert asked("docker build -t").values("--tag")[0].text == ""


def test_another_engine_is_noticed() -> None:
    assert asked("docker --context x push a").elsewhere and not asked("docker push a").elsewhere

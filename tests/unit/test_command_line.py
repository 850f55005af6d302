"""A command as a value: every command that the course has ever had keeps its meaning, in every spelling."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import CommandError
from labs.base.settings import CLONE, Live, Settings
from labs.base.things import IN_ENGINE
from labs.course.catalog import load_course
from labs.course.command_line import CommandLine, Service
from labs.running import commands
from labs.running.commands import Context, execute

from .fakes import FakeWorld

DATA = Path(__file__).parent / "data" / "known_commands.jsonl"
KNOWN = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
"""Commands of the course of both targets, with what was read from them before this module was there. A command that the
course drops may stay; a new one needs no line.
"""
APP = CLONE / "widget-server"
SPELLINGS = (
    (r"\bdocker build\b", "docker image build"),
    (r"\bdocker build\b", "docker builder build --progress=plain --platform linux/amd64"),
    (r"\bdocker build\b", "docker buildx build --load"),
    (r"\bdocker (push|pull|tag)\b", r"docker image \1"),
    (r"\bdocker (push|pull)\b", r"docker --config /x \1 --quiet"),
    (r"\bdocker run\b", "docker container run"),
    (r"\bdocker run\b", "docker run --restart=always --memory 64m --network lab -w /x --label a=b --unheard-of z -it"),
    (r"\bdocker rmi\b", "docker image rm -f"),
    (r"\bdocker rm\b", "docker container remove --volumes"),
    (r"\bdocker (?=\w)", "sudo docker "),
    (r"\bdocker (?=\w)", "DOCKER_BUILDKIT=1 time docker --context default "),
    (r"\baws (?=\w)", "aws --region us-east-2 --no-cli-pager "),
    (r"--(repository|user)-name ", r"--\1-name="),
    (r" -p (?=\d)", " --publish=127.0.0.1:"),
    (r" -t (?=[\w$])", " --tag="),
    (r" --name (?=\w)", " --name="),
)


def lab(settings: Settings, target: str) -> Settings:
    accounts = Live("maria", "210987654321", "sa-east-1", "maria@example.com")
    return settings.with_changes(live=accounts) if target == "live" else settings


def things(found: Any) -> list[list[str]]:
    return [[one.kind, one.name] for one in found]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known['target']}: {known['text'][:60]}")
def test_a_known_command_keeps_its_meaning(known: dict[str, Any], settings: Settings, world: FakeWorld) -> None:
    settings = lab(settings, known["target"])
    line, variables = CommandLine.of(known["text"]), settings.environment()
    assert not line.flaw
    assert things(line.creates(variables, APP)) == known["creates"]
    assert things(one for one in line.removes(variables) if one.kind in IN_ENGINE) == known["removes"]
    assert line.builds == known["builds"]
    if "guarded" in known:
        assert (not line.services(variables).isdisjoint((Service.AWS, Service.ECR))) is known["guarded"]
    if "parts" in known:
        context = Context(settings, world.engine, world.cloud, APP)
        assert [part.text for part in line.parts] == known["parts"]
        assert [part.text for part in line.parts if commands.seam_action(part, context) is None] == known["shell"]


@pytest.mark.parametrize(("pattern", "spelling"), SPELLINGS, ids=[spelling for _, spelling in SPELLINGS])
def test_another_spelling_makes_and_removes_the_same(pattern: str, spelling: str, settings: Settings) -> None:
    written_anew = 0
    for known in KNOWN:
        text = re.sub(pattern, spelling, known["text"])
        written_anew += text != known["text"]
        line, variables = CommandLine.of(text), lab(settings, known["target"]).environment()
        assert things(line.creates(variables, APP)) == known["creates"], text
        assert things(one for one in line.removes(variables) if one.kind in IN_ENGINE) == known["removes"], text
        assert line.builds == known["builds"], text
    assert written_anew


def test_every_command_of_the_course_can_be_read() -> None:
    for lesson in load_course().lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            for text in (step.command, step.solution, step.cleanup):
                assert not CommandLine.of(text).flaw, f"{lesson.id}/{step.id}: {text}"


def test_a_command_is_parsed_once() -> None:
    _, step = load_course().step("02-build/build-v1")
    assert step.line is step.line and CommandLine.of(step.command) is CommandLine.of(f"{step.command}\n")


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("docker ps", {Service.ENGINE}),
        ("docker push a", {Service.ENGINE, Service.HUB}),
        ("docker logout", {Service.ENGINE, Service.HUB}),
        ("docker pull $HUB_REGISTRY/a", {Service.ENGINE, Service.HUB}),
        ("docker tag a:1 $ECR_REGISTRY/a:1", {Service.ENGINE, Service.ECR}),
        ("docker push 127.0.0.1:5002/a:1", {Service.ENGINE, Service.ECR}),
        ("docker push $ECR_PUBLIC_REGISTRY/$ECR_PUBLIC_ALIAS/a:1", {Service.ENGINE, Service.ECR_PUBLIC}),
        ("docker pull 127.0.0.1:5004/a1b2c3d4/a:1", {Service.ENGINE, Service.ECR_PUBLIC}),
        ("docker pull 210987654321.dkr.ecr.sa-east-1.amazonaws.com/a", {Service.ENGINE, Service.ECR}),
        ("curl $HUB_API/v2", {Service.HUB}),
        ("aws sts get-caller-identity", {Service.AWS}),
        ("A=1 /usr/local/bin/aws sts get-caller-identity", {Service.AWS}),
        ("x $(aws configure get region)", {Service.AWS}),
        ("bash -c 'aws s3 ls && docker ps'", {Service.AWS, Service.ENGINE}),
        ("eval aws s3 ls", {Service.AWS}),
        ("echo x | xargs aws s3 rm", {Service.AWS}),
        ("python3 -m labs.sso --profile sso", {Service.KIT, Service.AWS}),
        ("python3 -m labs sso", {Service.KIT, Service.AWS}),
        ("python3 -m labs.certificate", {Service.KIT}),
        ("echo credenciais-aws > f", set()),
        ("echo 'unbalanced", set()),
    ],
)
def test_whom_it_talks_to(text: str, services: set[Service], settings: Settings) -> None:
    assert CommandLine.of(text).services(settings.environment()) == services


def test_the_case_that_it_opens() -> None:
    assert CommandLine.of("python3 -m labs.drill plantao && docker push x").opens_case
    assert CommandLine.of("python3 -m labs.drill 3").opens_case
    assert not CommandLine.of("python3 -m labs.drill --undo").opens_case
    assert not CommandLine.of("docker push x && python3 -m labs.drill plantao").opens_case
    assert not CommandLine.of("").opens_case


@pytest.mark.parametrize(
    "text", ["echo 'unbalanced", 'docker push "x', "(a && b", "echo $(date", "echo " + "$(" * 5000]
)
def test_what_cannot_be_read_says_so_when_it_runs(text: str, world: FakeWorld) -> None:
    line = CommandLine.of(text)
    assert line.flaw and not line.parts and line.creates({}, APP) == line.removes({}) == ()
    with pytest.raises(CommandError, match="nada foi executado") as caught:
        execute(line, Context(world.settings, world.engine, world.cloud, APP), lambda _: None)
    assert caught.value.observed and caught.value.next_command


@pytest.mark.parametrize(
    "text",
    [
        "sudo docker push a/b:1",
        "time docker push a/b:1",
        "/usr/bin/docker push a/b:1",
        "docker --context x push a/b:1",
        "docker push --quiet a/b:1",
        "docker push a/b:1 > /dev/null",
        "docker push a/b:1 &",
        "docker push a/b:$NOBODY_KNOWS",
        "docker push a/b:*",
        "bash -c 'docker push a/b:1'",
        "docker build -t a:1 -t a:2 .",
        "docker build --no-cache -t a:1 .",
        "docker build --build-arg TOKEN -t a:1 .",
        "docker build -",
        "docker build https://example.com/a.git",
        "docker login -u a -p b r",
        "aws s3 cp a b",
        "aws sts get-caller-identity --endpoint-url http://x",
        "aws sts get-caller-identity --output table",
        "aws ecr list-images --repository-name a b",
        "aws configure get region",
        "aws ecr get-login-password | docker login -u AWS --password-stdin r > f",
    ],
)
def test_what_the_seams_do_not_know_goes_to_the_shell(text: str, world: FakeWorld) -> None:
    context = Context(world.settings, world.engine, world.cloud, APP)
    assert [commands.seam_action(part, context) for part in CommandLine.of(text).parts] == [None]


@pytest.mark.parametrize(
    "text",
    [
        "docker image push a/b:1",
        "docker container run -d a:1 && docker image pull a:1",
        "aws --profile console ecr describe-repositories",
        "aws ecr create-repository --repository-name=a --output json",
        "aws --region us-east-2 ecr get-login-password | docker login -uAWS --password-stdin $ECR_REGISTRY",
        "python3 -m labs drill sem-login",
    ],
)
def test_the_long_spellings_reach_the_seams_too(text: str, world: FakeWorld) -> None:
    context = Context(world.settings, world.engine, world.cloud, APP)
    assert commands.seam_action(CommandLine.of(text).parts[-1], context) is not None


@pytest.mark.parametrize("shell", ["bash -c", "bash -lc", "sh -ec", "bash -e -c"])
def test_what_a_shell_is_told_to_run_is_read(shell: str) -> None:
    line = CommandLine.of(f"{shell} 'aws iam delete-user --user-name x'")
    assert Service.AWS in line.services({})


PYTHONS = ("python3 -m labs.sso", "python3 -mlabs.sso", "python3 -I -m labs.sso", "python -m labs sso")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_kits_own_commands_are_known_in_every_spelling(python: str) -> None:
    assert Service.AWS in CommandLine.of(python).services({})


def test_another_module_is_not_the_kit() -> None:
    assert not CommandLine.of("python3 -m http.server labs.sso").services({})

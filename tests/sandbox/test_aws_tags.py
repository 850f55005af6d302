"""What the course makes in AWS carries its tag, made by button or typed in a terminal."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.ownership import aws_tags
from labs.ownership.removal import remove_all
from labs.running.residue import items
from labs.running.runner import Runner

ACCOUNT = "123456789012"
MADE = {
    "05-custos-na-aws/create-budget": "curso-registries",
    "06-credenciais-aws/create-user": "widget-dev",
    "07-push-ecr/create-repository": "widget-server",
}


def tags_of(runner: Runner, path: str) -> list[dict[str, str]]:
    read, name = runner.world.cloud.read, MADE[path]
    found: list[dict[str, Any]]
    if path.startswith("05"):
        arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
        found = read("budgets", "list_tags_for_resource", ResourceARN=arn)["ResourceTags"]
    elif path.startswith("06"):
        found = read("iam", "list_user_tags", UserName=name)["Tags"]
    else:
        arn = f"arn:aws:ecr:us-east-2:{ACCOUNT}:repository/{name}"
        found = read("ecr", "list_tags_for_resource", resourceArn=arn)["tags"]
    return found


def type_in_a_terminal(settings: Settings, command: str) -> None:
    environment = {**os.environ, **settings.environment()}
    folder = settings.work / "widget-server"
    subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, check=True)


@pytest.mark.parametrize("typed", [False, True], ids=["button", "typed"])
def test_each_kind_of_thing_is_tagged_once_its_step_is_proven(new_lab: Settings, typed: bool) -> None:
    runner = Runner(new_lab)
    for path in MADE:
        lesson, step = path.split("/")
        assert all(outcome.verdict.passed for outcome in runner.prepare(lesson))
        if typed:
            type_in_a_terminal(new_lab, runner.course.step(path)[1].command)
            assert runner.verify(lesson, step).passed
        else:
            assert runner.run(lesson, step).verdict.passed
        assert tags_of(runner, path) == [aws_tags.COURSE_TAG], path
    assert remove_all(runner.world, lambda: items(runner.world), lambda _: None) == []
    for path in MADE:
        runner.progress.forget(path)

"""The AWS CLI's own options, compared with the CLI's list, and what an `aws` command makes in any spelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labs.base.things import BUDGET, ECR, ECR_PUBLIC, KEY, USER, Thing
from labs.course.aws_words import GLOBAL_FLAGS, GLOBAL_VALUES
from labs.course.command_line import CommandLine


def test_the_own_options_are_the_clis() -> None:
    awscli = pytest.importorskip("awscli")
    listed = json.loads((Path(awscli.__file__).parent / "data" / "cli.json").read_text("utf-8"))["options"]
    for name, told in listed.items():
        if name != "v2-debug":  # the migration help of version 1 alone
            assert f"--{name}" in (GLOBAL_FLAGS if told.get("action") else GLOBAL_VALUES), name


@pytest.mark.parametrize(
    "command",
    [
        "aws ecr create-repository --repository-name r",
        "aws ecr create-repository --repository-name=r --region us-east-2",
        "aws --profile p --region us-east-2 ecr create-repository --repository-name r",
        "aws ecr --profile p create-repository --debug --repository-name r --tags Key=a,Value=b Key=c,Value=d",
        "aws --no-cli-pager ecr create-repository --query repository.repositoryUri --output text --repository-name r",
        "AWS_PROFILE=p aws ecr create-repository --repository-name $NAME",
    ],
)
def test_a_repository_is_told_in_every_spelling(command: str, tmp_path: Path) -> None:
    assert CommandLine.of(command).creates({"NAME": "r"}, tmp_path) == (Thing(ECR, "r"),)


@pytest.mark.parametrize(
    ("command", "things"),
    [
        ("aws iam create-user --user-name u", [Thing(USER, "u")]),
        ("aws ecr-public create-repository --repository-name p --region us-east-1", [Thing(ECR_PUBLIC, "p")]),
        ("aws iam create-access-key --user-name=u", [Thing(KEY, "u")]),
        ("aws iam create-access-key", []),
        ("aws budgets create-budget --account-id 1 --budget BudgetName=b,TimeUnit=MONTHLY", [Thing(BUDGET, "b")]),
        ("aws budgets create-budget --budget '{\"none\": 1}'", []),
        ("aws budgets create-budget --budget file://there.json", [Thing(BUDGET, "f")]),
        ("aws budgets create-budget --budget file://none.json", []),
        ("aws ecr create-repository --repository-name $(date)", []),
        ("aws ecr describe-repositories --repository-names r", []),
        ("aws", []),
    ],
)
def test_what_it_makes(command: str, things: list[Thing], tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text('{"BudgetName": "f"}')
    assert list(CommandLine.of(command).creates({}, tmp_path)) == things


def test_what_it_removes_and_touches() -> None:
    public = "aws ecr-public {} --repository-name p"
    assert CommandLine.of(public.format("delete-repository")).removes({}) == (Thing(ECR_PUBLIC, "p"),)
    assert CommandLine.of(public.format("describe-images")).touches({}) == (Thing(ECR_PUBLIC, "p"),)
    assert CommandLine.of("aws ecr delete-repository --force --repository-name r").removes({}) == (Thing(ECR, "r"),)
    assert CommandLine.of("aws budgets delete-budget --budget-name b").removes({}) == (Thing(BUDGET, "b"),)
    assert CommandLine.of("aws iam put-user-policy --user-name u --policy-name p").touches({}) == (Thing(USER, "u"),)
    assert CommandLine.of("aws iam create-user --user-name u").touches({}) == ()

"""Policies are evaluated as IAM does."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base import iam_policy

ARN = "arn:aws:ecr:us-east-2:123456789012:repository/app"


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": "ecr:*", "Resource": "*", **parts}]}


@pytest.mark.parametrize(
    ("policies", "verdict"),
    [
        ([], iam_policy.IMPLICIT),
        ([statement()], iam_policy.ALLOWED),
        ([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}], iam_policy.ALLOWED),
        ([statement(Action=["ECR:putimage"])], iam_policy.ALLOWED),
        ([statement(Action="ecr:Put?mage")], iam_policy.ALLOWED),
        ([statement(Action="ecr:Put")], iam_policy.IMPLICIT),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/app*")], iam_policy.ALLOWED),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/ap")], iam_policy.IMPLICIT),
        ([statement(Resource="arn:aws:ecr:*:123456789012:repository/APP")], iam_policy.IMPLICIT),
        ([statement(), statement("Deny", Action="ecr:PutImage")], iam_policy.EXPLICIT),
        ([statement("Deny", Action="ecr:PutImage"), statement()], iam_policy.EXPLICIT),
        ([statement(), statement("Deny", Action="ecr:Get*")], iam_policy.ALLOWED),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], iam_policy.ALLOWED),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "ecr:*", "Resource": "*"}]}], iam_policy.IMPLICIT),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": ARN}]}], iam_policy.IMPLICIT),
        ([statement(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-2"}})], iam_policy.ALLOWED),
        ([statement(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})], iam_policy.IMPLICIT),
        ([statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})], iam_policy.IMPLICIT),
        ([statement(Condition={"NumericLessThan": {"aws:RequestedRegion": 3}})], iam_policy.IMPLICIT),
        ([{"Statement": ["nonsense"]}], iam_policy.IMPLICIT),
    ],
)
def test_policies_are_evaluated_as_iam_does(policies: list[dict[str, Any]], verdict: str) -> None:
    context = {"aws:requestedregion": "us-east-2"}
    assert iam_policy.evaluate(policies, "ecr:PutImage", ARN, context) == verdict


def test_policy_variables_are_filled_in() -> None:
    own = statement(Resource="arn:aws:iam::1:user/${aws:username}", Action="iam:*")
    context = {"aws:username": "maria"}
    assert iam_policy.evaluate([own], "iam:GetUser", "arn:aws:iam::1:user/maria", context) == iam_policy.ALLOWED
    assert iam_policy.evaluate([own], "iam:GetUser", "arn:aws:iam::1:user/joana", context) == iam_policy.IMPLICIT


def test_an_explicit_deny_is_told() -> None:
    assert "with an explicit deny" in iam_policy.denial("u", "a:b", "*", iam_policy.EXPLICIT)

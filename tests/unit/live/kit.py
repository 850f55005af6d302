"""The live target without any network."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.settings import Live, Settings
from labs.live import accounts, guard
from labs.running.runner import Runner

from ..fakes import FakeWorld

ACCOUNTS = Live("maria", "210987654321", "sa-east-1", "maria@example.com")
ADMIN = {"Arn": "arn:aws:sts::210987654321:assumed-role/Admin/maria", "Account": "210987654321"}
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}


class Real(FakeWorld):
    """A world of the live target; its Hub notes what is asked of Docker Hub's API."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.cloud.answers |= {
            ("sts", "get_caller_identity"): ADMIN,
            ("ecr", "describe_repositories"): {"repositories": []},
            ("iam", "list_users"): {"Users": []},
            ("iam", "list_virtual_mfa_devices"): {"VirtualMFADevices": []},
            ("budgets", "describe_budgets"): {"Budgets": []},
        }

    def answer(self, service: str, method: str, value: Any) -> None:
        self.cloud.answers[service, method] = value


def runner(world: Real) -> Runner:
    return Runner(world.settings, world)


ANSWERS = ("210987654321", "sa-east-1", str(guard.estimate()))


def confirmed(world: Real, answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(accounts, "World", lambda _: world)
    given = iter(answers)
    accounts.confirm(world.settings, lambda _: next(given), said.append)
    return said

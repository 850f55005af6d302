"""The confirmation of the live target: what it shows, and what keeps it locked."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import LiveLocked
from labs.base.things import ECR, HUB, Thing
from labs.live import guard
from labs.ownership.ledger import Ledger
from labs.seams.registry import HubRepository

from .kit import ADMIN, ANSWERS, Real, confirmed


def test_the_confirmation_shows_account_region_identity_and_estimate(
    world: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "\n".join(confirmed(world, ANSWERS, monkeypatch))
    for words in ("maria", "210987654321", "sa-east-1", ADMIN["Arn"], "US$"):
        assert words in said
    guard.require_session(world.settings)
    assert world.hub_owner.created == ["maria/widget-server"]
    assert Ledger(world.settings).owns(Thing(HUB, "maria/widget-server"))


@pytest.mark.parametrize("number", range(3))
def test_any_wrong_answer_leaves_it_locked(world: Real, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tuple("sim" if place == number else answer for place, answer in enumerate(ANSWERS))
    with pytest.raises(LiveLocked):
        confirmed(world, wrong, monkeypatch)
    with pytest.raises(LiveLocked):
        guard.require_session(world.settings)
    assert world.hub_owner.created == []


@pytest.mark.parametrize(
    ("service", "method", "answer", "taken"),
    [
        ("ecr", "describe_repositories", {"repositories": [{"repositoryName": "widget-server"}]}, "widget-server"),
        (
            "iam",
            "list_virtual_mfa_devices",
            {"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::123456789012:mfa/widget-dev"}]},
            "widget-dev",
        ),
        ("iam", "list_users", {"Users": [{"UserName": "auditoria", "UserId": "AIDA1"}]}, "auditoria"),
        ("budgets", "describe_budgets", {"Budgets": [{"BudgetName": "desafio"}]}, "desafio"),
    ],
)
def test_names_that_are_taken_keep_it_locked(
    world: Real, service: str, method: str, answer: dict[str, Any], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answer(service, method, answer)
    with pytest.raises(LiveLocked, match="nomes que o curso usa") as caught:
        confirmed(world, ANSWERS, monkeypatch)
    assert taken in caught.value.observed


def test_the_learners_own_repository_on_the_hub_keeps_it_locked(world: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hub_owner.hub = [HubRepository("widget-server", True)]
    with pytest.raises(LiveLocked):
        confirmed(world, ANSWERS, monkeypatch)
    assert world.hub_owner.created == []


def test_look_alikes_in_the_account_are_left_alone(world: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    world.answer("ecr", "describe_repositories", {"repositories": [{"repositoryName": "widget-server-outro"}]})
    confirmed(world, ANSWERS, monkeypatch)
    assert not Ledger(world.settings).owns(Thing(ECR, "widget-server-outro"))

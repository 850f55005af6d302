"""What stands before a live step: the confirmation, the identity, the budget with an alert."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from labs.base.errors import CommandError, LiveLocked
from labs.base.settings import Settings
from labs.base.things import BUDGET, Thing
from labs.cli.main import main
from labs.clinic import cases
from labs.course import target_words
from labs.live import guard
from labs.ownership.ledger import Ledger
from labs.ownership.removal import require_nothing_live
from labs.running.judge import judge

from .kit import ACCOUNTS, ALERT, Real, runner


def test_nothing_live_runs_without_a_confirmation(world: Real) -> None:
    for lesson in target_words.course(world.settings).lessons:
        for step in lesson.steps:
            if not step.skip:
                outcome = runner(world).run(lesson.id, step.id)
                assert not outcome.verdict.passed and not outcome.ran
                assert outcome.verdict.hint == "python3 -m labs.target confirm"
    assert world.engine.calls == [] and world.cloud.calls == []
    assert Ledger(world.settings).entries() == ()


@pytest.mark.parametrize(
    "command",
    [
        "docker push maria/widget-server:v1",
        "aws ecr create-repository --repository-name widget-server",
        'docker login --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
    ],
)
def test_no_repair_button_acts_without_a_confirmation(world: Real, command: str) -> None:
    outcome = runner(world).repair("07-push-ecr", "push-ecr", command)
    assert outcome.verdict.hint == "python3 -m labs.target confirm" and not outcome.verdict.passed
    assert world.engine.calls == [] and world.cloud.calls == []
    assert Ledger(world.settings).entries() == ()


def test_a_repair_of_aws_is_guarded_as_its_step(world: Real) -> None:
    """Confirmed, but with the root user's key, or without a budget: nothing is made."""
    guard.write_session(world.settings)
    command = "aws ecr create-repository --repository-name widget-server"
    without_budget = runner(world).repair("07-push-ecr", "push-ecr", command)
    assert "budget" in without_budget.verdict.observed
    world.answer("sts", "get_caller_identity", {"Arn": "arn:aws:iam::210987654321:root", "Account": "210987654321"})
    assert "root" in runner(world).repair("07-push-ecr", "push-ecr", command).verdict.observed
    assert not any("create-repository" in call for call in world.cloud.calls)


def test_a_repair_notes_what_it_makes(world: Real) -> None:
    guard.write_session(world.settings)
    runner(world).repair("04-push-docker-hub", "push-v1", "docker push maria/widget-server:v1")
    assert Ledger(world.settings).entries()[0].name == "maria/widget-server"


def test_a_confirmation_ends_and_is_for_these_accounts_alone(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.write_session(real)
    guard.require_session(real)
    other = real.aimed_at(replace(ACCOUNTS, account="111111111111"))
    with pytest.raises(LiveLocked):
        guard.require_session(other)
    later = time.time() + guard.SESSION_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(LiveLocked):
        guard.require_session(real)


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"Arn": "arn:aws:iam::210987654321:root", "Account": "210987654321"}, "root"),
        ({"Arn": "arn:aws:iam::999999999999:user/x", "Account": "999999999999"}, "outra conta"),
    ],
)
def test_the_root_user_and_other_accounts_are_refused(world: Real, identity: dict[str, str], words: str) -> None:
    guard.write_session(world.settings)
    world.answer("sts", "get_caller_identity", identity)
    outcome = runner(world).run("06-credenciais-aws", "create-user")
    assert words in outcome.verdict.observed and not outcome.ran
    with pytest.raises(LiveLocked, match=words):
        guard.identity(world, "console")


def test_aws_stays_locked_until_a_budget_with_an_alert_is_read_back(world: Real) -> None:
    guard.write_session(world.settings)
    outcome = runner(world).run("06-credenciais-aws", "create-user")
    assert "budget" in outcome.verdict.observed and "05-custos-na-aws" in outcome.verdict.hint
    world.answer("budgets", "describe_budgets", {"Budgets": [{"BudgetName": "meu"}]})
    world.answer("budgets", "describe_notifications_for_budget", {"Notifications": []})
    with pytest.raises(LiveLocked):
        guard.require_budget(world)
    world.answer("budgets", "describe_notifications_for_budget", {"Notifications": [ALERT]})
    world.answer("budgets", "describe_subscribers_for_notification", {"Subscribers": [{"Address": "m@example.com"}]})
    assert guard.require_budget(world) == "meu"


def test_reset_refuses_while_real_accounts_hold_what_the_ledger_names(real: Settings) -> None:
    ledger = Ledger(real)
    ledger.note([Thing(BUDGET, "curso-registries")], "05-custos-na-aws/create-budget")
    require_nothing_live(real)  # a card was only looked at: nothing was confirmed, so nothing was made
    ledger.list_before(real.place, [])
    with pytest.raises(CommandError, match="contas de verdade"):
        require_nothing_live(real.sandboxed())


def test_a_refusal_is_witnessed_by_the_steps_own_run(world: Real) -> None:
    guard.write_session(world.settings)
    world.engine.refuse = "denied: requested access to the resource is denied"
    step = target_words.course(world.settings).step("04-push-docker-hub/push-refused")[1]
    assert not judge(step, world).passed
    assert runner(world).run("04-push-docker-hub", "push-refused").verdict.passed
    assert judge(step, world).passed


def test_the_clock_and_the_spend_are_the_sandboxs_alone(real: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "spend", "6.00"]) == 1
    assert "só mudam na sandbox" in capsys.readouterr().err


def test_the_clinic_plants_no_fault_in_a_real_account(world: Real) -> None:
    with pytest.raises(CommandError, match="só existe na sandbox"):
        cases.open_case(world, "sem-login", lambda _: None)

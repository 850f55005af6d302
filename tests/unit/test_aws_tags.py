"""The tag is put on what the lab made, and a tag that cannot be put costs no proof."""

from __future__ import annotations

import pytest

from labs.base.errors import CloudError, LiveLocked
from labs.base.events import Event, Line
from labs.base.things import USER, Thing
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.live import guard
from labs.ownership import aws_tags
from labs.running.runner import Runner

from .fakes import FakeCloud, FakeWorld

COMMAND = "aws iam create-user --user-name maria --profile console"
STEP = Step(id="user", title="user", command=COMMAND, hint="dica", check=CheckSpec("iam_user", {"user": "maria"}))


@pytest.fixture
def runner(world: FakeWorld) -> Runner:
    return Runner(world.settings, world, Course((Lesson("06-a", "A", 1, "", (), (STEP,)),)))


@pytest.fixture
def cloud(world: FakeWorld) -> FakeCloud:
    made = world.cloud
    assert isinstance(made, FakeCloud)
    user = {"User": {"Arn": "arn:aws:iam::123456789012:user/maria", "UserId": "AIDA1"}}
    made.answers |= {("iam", "get_user"): user, ("iam", "create-user"): user, ("iam", "tag_user"): {}}
    return made


def tagged(cloud: FakeCloud) -> bool:
    return any("tag_user" in call for call in cloud.calls)


def test_a_proven_step_tags_what_it_made_and_says_so(runner: Runner, cloud: FakeCloud) -> None:
    told: list[Event] = []
    assert runner.run("06-a", "user", told.append).verdict.passed
    assert tagged(cloud)
    assert any(isinstance(one, Line) and aws_tags.TEXT in one.text for one in told)


def test_a_tag_that_aws_refuses_is_told_and_costs_no_proof(runner: Runner, cloud: FakeCloud) -> None:
    cloud.answers["iam", "tag_user"] = CloudError("A AWS recusou.", "iam:TagUser is not authorized", "", "AccessDenied")
    told: list[Event] = []
    outcome = runner.run("06-a", "user", told.append)
    assert outcome.verdict.passed and runner.done("06-a", "user")
    assert any(isinstance(one, Line) and "ficou sem a tag" in one.text and "iam:TagUser" in one.text for one in told)


def test_a_look_tags_only_what_it_proves_for_the_first_time(runner: Runner, cloud: FakeCloud) -> None:
    assert runner.verify("06-a", "user").passed and tagged(cloud)
    cloud.calls.clear()
    assert runner.verify("06-a", "user").passed and not tagged(cloud)


def test_what_was_there_before_the_course_gets_no_tag(runner: Runner, cloud: FakeCloud) -> None:
    runner.ledger.list_before(runner.ledger.place(USER), [Thing(USER, "maria", "AIDA1")])
    assert runner.verify("06-a", "user").passed
    assert not tagged(cloud)


def test_live_nothing_is_tagged_before_the_confirmation(
    runner: Runner, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: object) -> None:
        raise LiveLocked("Ainda não confirmado.", "nenhuma confirmação", "python3 -m labs.target confirm")

    monkeypatch.setattr(type(runner.settings), "live", property(lambda _: True))
    monkeypatch.setattr(guard, "require_session", locked)
    runner.ledger.list_before(runner.ledger.place(USER), [])
    assert runner.verify("06-a", "user").passed
    assert not tagged(cloud)

"""What the pictures foretell and show, against what the engine and the registries then do."""

from __future__ import annotations

import re

from labs import pictures
from labs.base.settings import Settings
from labs.notebook import readings
from labs.pictures import Fate
from labs.running.runner import Runner

DONE: dict[str, Fate] = {"Layer already exists": "there", "Pushed": "travel"}
"""What Docker says of a layer (docker/distribution/push_v2.go) → what the preview calls it."""


def passed(runner: Runner, *paths: str) -> str:
    """Run steps, which must pass; returns the last one's output."""
    transcript = ""
    for path in paths:
        lesson, _, step = path.partition("/")
        outcome = runner.run(lesson, step)
        assert outcome.verdict.passed, f"{path}: {outcome.verdict.observed}"
        transcript = "\n".join(outcome.transcript)
    return transcript


def preview(runner: Runner, name: str) -> list[Fate]:
    return sorted(readings.push_fates(runner.world, name, readings.stack(runner.world, name)).values())


def happened(transcript: str) -> list[Fate]:
    said = re.findall(r"^[0-9a-f]{12}: (Pushed|Layer already exists|Mounted from)", transcript, re.MULTILINE)
    return sorted(DONE.get(words, "mount") for words in said)


def test_a_push_does_what_its_preview_said(new_lab: Settings) -> None:
    """Nothing is there at first but the base, in a repository that is not ours; then all; then all but one."""
    runner = Runner(new_lab)
    assert all(outcome.verdict.passed for outcome in runner.prepare("04-push-docker-hub"))
    mine = f"{new_lab.hub_registry}/{new_lab.hub_user}/widget-server"
    passed(runner, "04-push-docker-hub/login")
    foretold = preview(runner, f"{mine}:v1")
    assert foretold.count("mount") == 1 and "there" not in foretold
    assert happened(passed(runner, "04-push-docker-hub/push-v1")) == foretold
    assert set(preview(runner, f"{mine}:v1")) == {"there"}
    passed(runner, "04-push-docker-hub/build-v1-1")
    foretold = preview(runner, f"{mine}:v1.1")
    assert foretold.count("travel") == 1
    assert happened(passed(runner, "04-push-docker-hub/push-v1-1")) == foretold


def test_looking_at_ecr_leaves_no_trace_even_with_an_expired_token(new_lab: Settings) -> None:
    """The step on expired tokens is proven by a refusal that the gateway saw: a picture must never make one."""
    runner = Runner(new_lab)
    world = runner.world
    assert all(outcome.verdict.passed for outcome in runner.prepare("07-push-ecr"))
    passed(runner, *(f"07-push-ecr/{step}" for step in ("create-repository", "tag-ecr", "login-ecr")))
    name = f"{new_lab.ecr_registry}/widget-server:v1"
    assert set(preview(runner, name)) == {"travel"}
    passed(runner, "07-push-ecr/push-ecr")
    world.admin.set_clock(13 * 3600)
    before = world.admin.events()
    token = readings.token(world)
    clock = pictures.token_clock(token, readings.now(world), readings.moved(world))
    assert re.search(r"✗ Venceu há (0 h 5\d|1 h 00) min", clock.text), clock.text
    assert set(preview(runner, name)) == {"there"}
    (repository,) = readings.ecr_repositories(world)
    assert [(tag.name, len(tag.layers)) for tag in repository.tags] == [("v1", 7)]
    readings.names(world, "widget-server:v1")
    readings.stations(world, "v1", ("homologacao",))
    assert [event for event in world.admin.events()[len(before) :] if event["kind"] == "refused"] == []

"""The open case: a closed one proves nothing, and what a case changes comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.clinic import cases
from labs.clinic.open_case import OpenCase
from labs.course.catalog import CheckSpec, Step, load_course
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.seams.docker_files import forget_login

from .fakes import FakeWorld, image

LESSON = load_course().lesson(cases.LESSON)


def open_case(name: str = "sem-login", **changes: Any) -> OpenCase:
    fields: dict[str, Any] = {"began": 0, "ready": 0, "logins": {}, "clock": 0, **changes}
    return OpenCase(name=name, **fields)


@pytest.mark.parametrize("opened", [None, "outra-regiao"])
def test_a_step_of_a_case_that_is_not_open_proves_nothing(
    world: FakeWorld, settings: Settings, opened: str | None
) -> None:
    world.engine.held.append(image("a", "x:1"))
    step = Step(id="s", title="s", command="c", case="sem-login", check=CheckSpec("image_exists", {"ref": "x:1"}))
    if opened:
        open_case(opened).save(settings)
    verdict = judge(step, world)
    assert not verdict.passed and verdict.hint == "python3 -m labs.drill 1"
    open_case("sem-login").save(settings)
    assert judge(step, world).passed


@pytest.mark.parametrize("opened", [None, "outra-regiao"])
def test_a_button_of_a_case_that_is_not_open_runs_nothing_and_says_so(
    world: FakeWorld, settings: Settings, opened: str | None
) -> None:
    if opened:
        open_case(opened).save(settings)
    for name in ("sem-login-sintoma", "sem-login-conserto"):
        outcome = Runner(settings, world).run(LESSON.id, name)
        assert not outcome.verdict.passed and not outcome.ran
        assert "O caso 1 não está aberto" in outcome.verdict.observed
        assert outcome.verdict.hint == "python3 -m labs.drill 1"
    assert world.engine.calls == []


def test_what_was_proven_before_is_said_to_count_where_the_case_is_closed(world: FakeWorld, settings: Settings) -> None:
    runner = Runner(settings, world)
    runner.progress.record(f"{LESSON.id}/sem-login-conserto", passed=True, observed="", seconds=0, evidence={})
    assert "continua valendo" in runner.verify(LESSON.id, "sem-login-conserto").observed
    assert runner.done(LESSON.id, "sem-login-conserto")


def test_a_check_of_the_clinic_gives_no_repair_away(world: FakeWorld, settings: Settings) -> None:
    open_case("conta-alheia").save(settings)
    step = LESSON.step("conta-alheia-conserto")
    verdict = judge(step, world)
    assert not verdict.passed and verdict.hint == step.nudge


def test_the_case_file_is_private_and_a_damaged_one_still_counts_as_open(settings: Settings) -> None:
    open_case().save(settings)
    path = settings.secrets / "clinica-caso.json"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert OpenCase.load(settings) == open_case()
    for damage in ("{", '{"drill": "sem-login"}', "[]"):
        path.write_text(damage)
        assert cases.current(settings) == "desconhecido"
    open_case().forget(settings)
    assert OpenCase.load(settings) is None and cases.current(settings) == ""


def test_logins_come_back_as_they_were(world: FakeWorld, settings: Settings) -> None:
    config = settings.docker_config / "config.json"
    config.parent.mkdir()
    auths = {settings.hub_registry: {"auth": "aHVi"}, "other.example": {"auth": "eA=="}}
    config.write_text(json.dumps({"auths": auths, "detachKeys": "ctrl-q"}))
    kept = open_case(logins={settings.hub_registry: "aHVi", settings.ecr_registry: None})
    forget_login(settings, settings.hub_registry)
    changed = json.loads(config.read_text())
    assert settings.hub_registry not in changed["auths"]
    changed["auths"][settings.ecr_registry] = {"auth": "bmV3"}
    config.write_text(json.dumps(changed))
    kept.restore(world)
    assert json.loads(config.read_text()) == {"auths": auths, "detachKeys": "ctrl-q"}


def test_only_refusals_after_the_fault_count(world: FakeWorld, settings: Settings) -> None:
    event = {"kind": "refused", "service": "hub", "repository": "a/b", "reference": "", "code": "DENIED", "message": ""}
    arguments = {"service": "hub", "repository": "a/b", "code": "DENIED"}
    step = Step(id="s", title="s", command="c", case="sem-login", check=CheckSpec("met", arguments))
    world.admin.seen.append({"seq": 5, **event})
    open_case(ready=5).save(settings)
    assert not judge(step, world).passed
    world.admin.seen.append({"seq": 6, **event, "reference": "v1"})
    assert not judge(step, world).passed  # a check's own reading of a manifest is no push
    world.admin.seen.append({"seq": 7, **event})
    assert judge(step, world).passed

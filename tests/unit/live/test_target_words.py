"""What the live target changes of the course: literal names, and steps of the sandbox alone."""

from __future__ import annotations

import re
from dataclasses import replace

from labs.base.settings import Settings
from labs.course import target_words
from labs.course.catalog import load_course, load_overlay

from .kit import ACCOUNTS, Real, runner


def test_the_literal_names_are_docker_hubs_and_ecrs_own(real: Settings) -> None:
    course = target_words.course(real)
    assert course.step("04-push-docker-hub/push-v1")[1].command == "docker push $HUB_USER/widget-server:v1"
    login = course.step("04-push-docker-hub/login")[1].command
    assert login == 'docker login --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
    assert course.step("04-push-docker-hub/logout")[1].command == "docker logout"
    assert real.environment()["ECR_REGISTRY"] == "210987654321.dkr.ecr.sa-east-1.amazonaws.com"
    assert "sa-east-1" in course.step("07-push-ecr/login-ecr")[1].command


def test_no_live_step_names_the_sandbox(real: Settings) -> None:
    environment = real.environment()
    assert "AWS_ENDPOINT_URL" not in environment
    words = "\n".join(environment[name] for name in ("HUB_REGISTRY", "ECR_REGISTRY", "HUB_API"))
    for lesson in target_words.course(real).lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            assert step.skip or not re.search(
                r"HUB_REGISTRY|labs\.sandbox|--insecure|us-east-2|ola-registry", step.command
            )
            assert step.skip or "$HUB_REGISTRY/" not in str(step.check.arguments)
            assert target_words.MARK in step.title or "só na sandbox" in step.title
    assert "127.0.0.1" not in words


def test_the_overlay_names_only_steps_that_exist() -> None:
    for path in load_overlay():
        if "/" in path:
            load_course().step(path)
        else:
            assert set(load_overlay()[path]) == {"skip"}


def test_the_sandboxs_course_is_untouched(settings: Settings) -> None:
    assert target_words.course(settings) == load_course()
    assert target_words.literal("docker push $HUB_REGISTRY/a", settings) == "docker push $HUB_REGISTRY/a"


def test_steps_of_the_sandbox_alone_are_skipped_and_said(world: Real) -> None:
    outcome = runner(world).run("05-custos-na-aws", "provoke-alert")
    assert outcome.step.skip and not outcome.ran and "Só na sandbox" in outcome.verdict.observed
    assert runner(world).progress.all() == {}


def test_sso_is_skipped_without_a_portal_and_done_with_one(real: Settings) -> None:
    assert target_words.course(real).step("06-credenciais-aws/sso-login")[1].skip
    portal = real.aimed_at(replace(ACCOUNTS, start_url="https://d-1.awsapps.com/start"))
    assert not target_words.course(portal).step("06-credenciais-aws/sso-login")[1].skip

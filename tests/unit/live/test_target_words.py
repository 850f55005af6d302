"""What the live target changes of the course: literal names, and steps of the sandbox alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from msgspec.structs import replace as changed

from labs.base.settings import Ports, Settings
from labs.course import target_words
from labs.course.catalog import CheckSpec, load_course, load_overlay
from labs.develop.notebooks import NOTEBOOKS

from .kit import ACCOUNTS, Real, runner


def test_the_literal_names_are_docker_hubs_and_ecrs_own(real: Settings) -> None:
    course = target_words.course(real)
    assert course.step("04-push-docker-hub/push-v1")[1].command == f"docker push {real.hub_user}/widget-server:v1"
    login = course.step("04-push-docker-hub/login")[1].command
    assert login == f'docker login --username {real.hub_user} --password-stdin < "$HUB_TOKEN_FILE"'
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


def test_with_the_labs_own_engine_the_sandbox_has_the_names_of_real_life(settings: Settings) -> None:
    own = settings.with_changes(ports=Ports(1, 2, 3, 4, 5), engine_host=settings.private_engine)
    course = target_words.course(own)
    assert course.step("04-push-docker-hub/push-v1")[1].command == "docker push aluno/widget-server:v1"
    ecr = "123456789012.dkr.ecr.us-east-2.amazonaws.com"
    push = course.step("07-push-ecr/push-ecr")[1]
    assert push.command == f"docker push {ecr}/widget-server:v1"
    assert push.parts[1].text.startswith(f"{ecr}/")
    for lesson in course.lessons:
        for step in lesson.steps:
            told = str(changed(step, check=CheckSpec("")))
            assert not re.search(r"HUB_REGISTRY|ECR_REGISTRY|\$HUB_USER|--insecure|python-base", told), step.id
            assert all(part.text in step.command for part in step.parts), step.id
    assert not course.step("05-custos-na-aws/provoke-alert")[1].skip  # the target is the sandbox still


def test_a_passage_in_two_forms_is_read_in_one(settings: Settings) -> None:
    text = "Antes.\n\n<!-- nome real -->\nUm.\n<!-- nome com endereço -->\nDois.\n<!-- fim do nome -->\n\nDepois."
    own = settings.with_changes(ports=Ports(1, 2, 3, 4, 5), engine_host=settings.private_engine)
    assert target_words.prose(text, settings) == "Antes.\n\nDois.\n\nDepois."
    assert target_words.prose(text, own) == "Antes.\n\nUm.\n\nDepois."


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lessons_text_has_one_form_of_the_names(path: Path, settings: Settings) -> None:
    own = settings.with_changes(ports=Ports(1, 2, 3, 4, 5), engine_host=settings.private_engine)
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    for text in texts:
        real, address = target_words.prose(text, own), target_words.prose(text, settings)
        assert "<!--" not in real + address
        assert not re.search(r"\$(HUB|ECR)_(REGISTRY|USER|PUBLIC)|python-base", real), real
        assert "$HUB_USER" not in address or "$HUB_REGISTRY" in address


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

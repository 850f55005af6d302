"""What a learner is told to do next: nothing that solves an open step, a challenge or a case; else what helps here."""

from __future__ import annotations

import json
import re

import pytest

from labs.base.errors import EngineUnavailable
from labs.base.explain import explain, rows
from labs.base.verdict import Verdict, failed, passed
from labs.course.catalog import CheckSpec, Course, Lesson, Step, load_course
from labs.running.hints import hinted
from labs.running.judge import judge
from labs.running.repair import repair
from labs.running.runner import Runner

from .fakes import FakeWorld, image

COURSE = load_course()
STEPS = [
    (lesson, step)
    for lesson in COURSE.lessons
    for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
]
OPEN = [step for _, step in STEPS if step.open or step.case]
ALL_HINTS = sorted(
    {row.next.replace("\\1", "x").replace("\\2", "y") for row in rows()}
    | {explain(text).next_command for text in ("no basic auth credentials", "denied: requested access to the resource")}
    | {part.text for _, step in STEPS for part in step.line.parts}
    | {program.words[0].text for _, step in STEPS for program in step.line.programs}
    | {"docker push 127.0.0.1:5001/aluno/widget-server:v3", "Dê o nome com docker tag e faça o push de novo."}
)


def test_every_challenge_is_open() -> None:
    assert all(lesson.challenge.open for lesson in COURSE.lessons if lesson.challenge)
    assert len(OPEN) > 60


@pytest.mark.parametrize("step", OPEN, ids=lambda step: step.id)
def test_no_hint_gives_an_open_step_or_a_case_away(step: Step, world: FakeWorld) -> None:
    """Whatever a check, a tool's message or the table says next."""
    said = {
        hinted(failed("Falta algo.", text), step, world, ran=ran).hint for text in ALL_HINTS for ran in (False, True)
    }
    for hint in said - {step.nudge, step.hint}:
        assert hint.startswith("python3 -m labs") and (step.case or hint not in step.command or hint in step.text)
    assert all(repair(hint, world.settings) in ("", hint) for hint in said if hint.startswith("python3 -m labs"))
    assert repair(step.hint, world.settings) == ""


@pytest.mark.parametrize("step", [step for _, step in STEPS if step.nudge], ids=lambda step: step.id)
def test_the_second_hint_says_more_than_the_first(step: Step) -> None:
    assert step.hint and not set(sentences(step.nudge)) & set(sentences(step.hint))
    spoken = [part for part in re.findall(r"`([^`]+)`", step.nudge) if part in step.command and part not in step.text]
    assert not (step.open and spoken), "the first one of an open step names no part of the solution"


def sentences(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"[.?!:]\s", text)]


@pytest.mark.parametrize("step", [step for step in OPEN if step.open], ids=lambda step: step.id)
def test_an_open_step_has_a_hint_before_the_one_that_names_a_place(step: Step) -> None:
    assert step.nudge or step.command in step.text, "unless its task names the command itself"


@pytest.mark.parametrize("step", [step for _, step in STEPS if step.expect], ids=lambda step: step.id)
def test_a_refusal_has_a_first_hint_and_a_why_of_its_own(step: Step) -> None:
    """That it must be refused stands in the card and in the lesson."""
    assert step.nudge or step.case
    assert not re.search(r"deve (?:ser recusad|falhar)", step.why)


@pytest.mark.parametrize("step", [step for step in OPEN if not step.case], ids=lambda step: step.id)
def test_an_open_step_in_an_empty_lab_offers_no_repair_that_solves_it(step: Step, world: FakeWorld) -> None:
    verdict = judge(step, world)
    assert verdict.passed or repair(verdict.hint, world.settings) in ("", "python3 -m labs up")


def test_a_failed_run_of_a_challenge_offers_no_login(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The explanation of what its solution met is no hint either."""
    challenge = Step(
        id="challenge",
        title="t",
        command="docker push $HUB_REGISTRY/$HUB_USER/x:1",
        check=CheckSpec("image_exists", {"ref": "x:1"}),
        hint="Pense na aula 04.",
        open=True,
    )
    course = Course((Lesson("00-a", "A", 1, "", (), (), challenge=challenge),))

    def refuse(*_: object) -> None:
        raise EngineUnavailable("Recusou.", "denied: requested access to the resource is denied", "docker login x")

    monkeypatch.setattr("labs.running.runner.execute", refuse)
    assert Runner(world.settings, world, course).run("00-a", "challenge").verdict.hint == "Pense na aula 04."


def step(command: str, check: CheckSpec) -> Step:
    return Step(id="here", title="Aqui", command=command, check=check, hint="dica")


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (step("docker run -d widget-server:v1", CheckSpec("x")), "Quem cria widget-server:v1 é o passo 2 da aula 02, "),
        (step("docker ps", CheckSpec("x", {"ref": "widget-server:v2"})), "Quem cria widget-server:v2 é o passo "),
        (step("docker push $ECR_REGISTRY/widget-server:v1", CheckSpec("x")), "Quem cria 127.0.0.1:5002/widget-server:"),
        (step("docker ps", CheckSpec("x", {"refs": ["widget-server:v1", "x:1"]})), "Quem cria widget-server:v1 é o "),
        (step("docker run -d nobody-makes:1", CheckSpec("x")), "docker image ls"),
        (step("docker ps", CheckSpec("x")), "docker image ls"),
    ],
)
def test_who_makes_a_missing_image_is_named(here: Step, said: str, world: FakeWorld) -> None:
    assert hinted(failed("A imagem não existe.", "docker image ls"), here, world).hint.startswith(said)


def test_an_image_that_is_there_is_not_asked_for(world: FakeWorld) -> None:
    world.engine.held.append(image("a", "widget-server:v1"))
    here = step("docker run -d widget-server:v1", CheckSpec("x"))
    assert hinted(failed("x", "docker image ls"), here, world).hint == "docker image ls"


DEAD = "aws iam list-access-keys --user-name widget-dev --profile console"
TWO = "Nenhuma das duas access keys serve: apague uma (aula 06, passo 12) e rode python3 -m labs prepare 07."


@pytest.mark.parametrize(
    ("keys", "kept", "path", "said"),
    [
        ({"OLD": "Inactive"}, "OLD", "07-push-ecr/create-repository", "python3 -m labs prepare 07/1"),
        ({}, "OLD", "07-push-ecr/login-ecr", "python3 -m labs prepare 07/4"),
        ({"OLD": "Inactive", "NEW": "Active"}, "NEW", "07-push-ecr/create-repository", "aws configure"),
        ({"OLD": "Inactive", "NEW": "Active"}, "", "07-push-ecr/create-repository", TWO),
        ({"OLD": "Active"}, "OLD", "07-push-ecr/create-repository", DEAD),
        ({"OLD": "Inactive"}, "OLD", "06-credenciais-aws/whoami", DEAD),
    ],
)
def test_whose_key_is_dead_is_led_to_another(
    keys: dict[str, str], kept: str, path: str, said: str, world: FakeWorld
) -> None:
    world.cloud.profiles["default"] = {"aws_access_key_id": "OLD"}
    listed = [{"AccessKeyId": key, "Status": status} for key, status in keys.items()]
    world.cloud.answers["iam", "list_access_keys"] = {"AccessKeyMetadata": listed}
    file = world.settings.learner_secrets / "widget-dev.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"AccessKey": {"AccessKeyId": kept, "SecretAccessKey": "s"}}), "utf-8")
    _, here = COURSE.step(path)
    refused = "An error occurred (UnrecognizedClientException) when calling the CreateRepository operation: no."
    assert hinted(failed("x", explain(refused).next_command), here, world).hint == said


def test_where_aws_does_not_answer_the_keys_stay_to_be_looked_at(world: FakeWorld) -> None:
    _, here = COURSE.step("07-push-ecr/create-repository")
    assert hinted(failed("x", DEAD), here, world).hint == DEAD


@pytest.mark.parametrize(("ran", "hint"), [(True, "dica"), (False, "docker ps")])
def test_the_command_that_was_just_run_is_no_advice(ran: bool, hint: str, world: FakeWorld) -> None:
    here = step("docker ps", CheckSpec("x"))
    assert hinted(failed("x", "docker ps"), here, world, ran=ran).hint == hint


def test_a_hint_names_the_region_of_the_target(world: FakeWorld) -> None:
    world.settings = world.settings.with_changes(region="sa-east-1")
    login = explain("no basic auth credentials").next_command
    assert "--region sa-east-1 " in hinted(failed("x", login), step("docker ps", CheckSpec("x")), world).hint


def test_a_verdict_without_a_hint_gets_the_steps_own(world: FakeWorld) -> None:
    here = step("docker ps", CheckSpec("x"))
    assert hinted(Verdict(False, "x"), here, world).hint == "dica"
    assert hinted(passed("x"), here, world).hint == ""

"""The clinic on a real sandbox: each case fails before its repair and passes after it, and leaves nothing behind.

By button here; typed, step by step, in `tests/parity`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from labs.base.errors import CommandError, LabError
from labs.base.events import Event
from labs.base.settings import CLONE, Settings
from labs.clinic import belongings, cases
from labs.clinic.cases import LESSON
from labs.clinic.ingredients import Fault, Ingredients
from labs.course.catalog import Case, load_course
from labs.running import residue
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.seams import image_layers
from labs.seams.docker_client import docker
from labs.seams.registry import HttpRegistry
from labs.seams.world import World

CASES = load_course().lesson(LESSON).cases


def ignore(_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def runner(new_lab: Settings) -> Runner:
    return Runner(new_lab)


@pytest.fixture
def world(runner: Runner) -> Iterator[World]:
    """The module's lab with no case open, before and after."""
    cases.close_case(runner.world, ignore)
    yield runner.world
    cases.close_case(runner.world, ignore)


def everything(world: World) -> dict[str, Any]:
    """All of the lab that a case may touch, as it stands now."""
    config = world.settings.docker_config / "config.json"
    return {
        "logins": json.loads(config.read_text())["auths"] if config.exists() else {},
        "clock": world.admin.clock()["offset_seconds"],
        "images": sorted((one.id, one.tags, one.digests) for one in world.engine.images()),
        "containers": sorted(one.name for one in world.engine.containers()),
        "hub": [one.name for one in world.hub_owner.hub_repositories(world.settings.hub_user)],
        "ecr": [one["repositoryName"] for one in world.cloud.read("ecr", "describe_repositories")["repositories"]],
        "users": [one["UserName"] for one in world.cloud.read("iam", "list_users")["Users"]],
        "credentials": world.settings.aws_credentials_file.read_text(),
        "secrets": sorted(path.name for path in world.settings.secrets.iterdir()),
        "work": sorted(path.name for path in world.settings.work.iterdir()),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_fails_before_its_repair_passes_after_it_and_leaves_nothing(
    runner: Runner, world: World, case: Case
) -> None:
    steps = [runner.course.lesson(LESSON).step(name) for name in case.steps]
    before = everything(world)
    for step in steps:
        assert not judge(step, world).passed, f"{step.id} passes without its case"
    for number, step in enumerate(steps):
        if number:
            assert not runner.verify(LESSON, steps[-1].id).passed, f"repaired before {step.id}"
        outcome = runner.run(LESSON, step.id)
        assert outcome.verdict.passed, (outcome.verdict, outcome.error and outcome.error.observed)
        if step.expect:
            assert outcome.error
            said = "\n".join([*outcome.transcript, outcome.error.observed])
            assert any(text in said for text in step.expect)
    cases.close_case(world, ignore, case.id)
    assert everything(world) == before
    assert not runner.verify(LESSON, steps[-1].id).passed


RUN_WEB = "docker run -d -p {port}:3333 --env-file exemplos/{env}.env --name clinica-{env}"
OTHER_DIGEST = (
    "$(docker image inspect --format '{{index .RepoDigests 0}}' $(docker inspect --format '{{.Image}}' {of}))"
)
NO_REPAIR = {
    "tag-trocada both on the image that nobody approved": (
        "tag-trocada-conserto",
        "IMAGE=" + OTHER_DIGEST.replace("{of}", "clinica-producao"),
        "docker rm -f clinica-homologacao clinica-producao",
        RUN_WEB.format(port=3004, env="homologacao") + " $IMAGE",
        RUN_WEB.format(port=3005, env="producao") + " $IMAGE",
    ),
    "segredo-na-layer the file under another name": (
        "segredo-na-layer-limpa",
        "cd ../clinica/segredo-na-layer && mv credenciais-aws chave.txt && docker build -q -t clinica-segredo:v2 .",
    ),
    "segredo-na-layer the file in another folder": (
        "segredo-na-layer-limpa",
        "cd ../clinica/segredo-na-layer && mkdir -p conf && mv credenciais-aws conf/credentials",
        "docker build -q -t clinica-segredo:v2 .",
    ),
    "segredo-no-arg another token in the same place": (
        "segredo-no-arg-conserto",
        "docker build -q --build-arg TOKEN=abc123 -t clinica-arg:v2 ../clinica/segredo-no-arg",
    ),
    "segredo-no-arg the token's file in a layer": (
        "segredo-no-arg-conserto",
        "cd ../clinica/segredo-no-arg && echo 'COPY token-novo.txt /' >> Dockerfile.limpo",
        "docker build -q --build-arg TOKEN=xyz -f Dockerfile.limpo -t clinica-arg:v2 .",
    ),
    "sem-contexto any image under the name": (
        "sem-contexto-conserto",
        "docker tag labs/python-base:3 clinica:contexto",
    ),
    "sem-permissao everything allowed": (
        "sem-permissao-conserto",
        "aws iam put-user-policy --user-name clinica --policy-name tudo --profile console --policy-document "
        """'{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}'""",
        "docker push $ECR_REGISTRY/clinica:v1",
    ),
}
REPAIR = {
    "sem-permissao by AWS's own policy": (
        "sem-permissao-conserto",
        "aws iam attach-user-policy --user-name clinica --profile console"
        " --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
        "docker push $ECR_REGISTRY/clinica:v1",
    ),
    "sem-permissao one statement, with patterns": (
        "sem-permissao-conserto",
        "aws iam put-user-policy --user-name clinica --policy-name push --profile console --policy-document "
        """'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:Put*","ecr:*Layer*"],"Resource":"*"}}'""",
        "docker push $ECR_REGISTRY/clinica:v1",
    ),
    "variavel-faltando the two variables alone": (
        "variavel-faltando-conserto",
        "docker rm clinica-web",
        "docker run -d -p 3005:3333 -e KEY_1=a -e KEY_2=b --name clinica-web clinica-web:v1",
    ),
}


@pytest.mark.parametrize("name", [*NO_REPAIR, *REPAIR])
def test_what_is_no_repair_fails_and_an_unusual_one_passes(runner: Runner, world: World, name: str) -> None:
    step, *lines = (NO_REPAIR | REPAIR)[name]
    cases.open_case(world, name.split()[0], ignore)
    environment = {**os.environ, **world.settings.environment()}
    typed = ["bash", "-ec", "\n".join(lines)]
    folder = world.settings.work / "widget-server"
    done = subprocess.run(typed, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = runner.verify(LESSON, step)
    assert verdict.passed == (name in REPAIR), verdict
    assert "não entendeu" not in verdict.observed


def test_a_fault_put_in_twice_is_the_same_fault(runner: Runner, world: World) -> None:
    before = everything(world)
    for _ in range(2):
        cases.open_case(world, "tag-imutavel", ignore)
        assert cases.present(world, "tag-imutavel").passed
    for name in ("tag-imutavel-sintoma", "tag-imutavel-conserto"):
        assert runner.run(LESSON, name).verdict.passed
    cases.close_case(world, ignore)
    assert everything(world) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_repair_without_a_fault_names_the_case_to_open(runner: Runner, world: World, case: Case) -> None:
    verdict = runner.verify(LESSON, case.steps[-1])
    assert not verdict.passed and verdict.hint == f"python3 -m labs.drill {case.number}"


def test_a_case_left_in_the_middle_is_closed_by_the_next_one(world: World) -> None:
    before = everything(world)
    cases.open_case(world, "token-vencido", ignore)
    assert world.admin.clock()["offset_seconds"] == 13 * 3600
    cases.open_case(world, "limite-de-pulls", ignore)
    assert world.admin.clock()["offset_seconds"] == 0
    assert cases.current(world.settings) == "limite-de-pulls"
    cases.close_case(world, ignore)
    hub = world.settings.hub_registry
    anybody = HttpRegistry(hub, url=world.settings.registry_url(hub))
    assert anybody.manifest("library/ola-registry", "1.0"), "the pull limit stayed"
    assert everything(world) == before


def test_a_pull_is_refused_even_where_the_image_of_last_time_was_kept(runner: Runner, world: World) -> None:
    """Of an image at hand, a pull only asks whether it is current, and no limit counts that."""
    steps = next(case for case in CASES if case.id == "limite-de-pulls").steps
    reference = f"{world.settings.hub_registry}/{world.settings.hub_user}/clinica:v1"
    try:
        for _ in range(2):
            cases.open_case(world, "limite-de-pulls", ignore)
            for step in steps:
                verdict = runner.run(LESSON, step).verdict
                assert verdict.passed, verdict
            docker(world, "tag", reference, "guardada:v1")
    finally:
        docker(world, "rmi", "guardada:v1", missing_ok=True)
        cases.close_case(world, ignore)


def test_another_lesson_closes_the_case_and_logins_come_back(runner: Runner, world: World) -> None:
    assert runner.run("04-push-docker-hub", "login").verdict.passed
    world.admin.set_clock(300)
    before = everything(world)
    try:
        cases.open_case(world, "token-vencido", ignore)
        assert runner.left_open("04-push-docker-hub") == ["6"]
        assert runner.left_open(LESSON) == []
        runner.prepare("00-comece-aqui")
        assert cases.current(world.settings) == ""
        assert everything(world) == before
        assert world.hub.accepts_login()
    finally:
        world.admin.set_clock(0)
        docker(world, "logout", world.settings.hub_registry)


def test_the_clean_up_of_the_course_closes_the_case(world: World) -> None:
    before = everything(world)
    cases.open_case(world, "sem-login", ignore)
    assert "caso 1 da clínica" in residue.names(world)
    next(item for item in residue.items(world) if item.name.startswith("caso")).remove()
    assert everything(world) == before


def test_what_only_looks_like_the_clinics_survives(world: World) -> None:
    base = next(tag for one in world.engine.images() for tag in one.tags if "python" in tag)
    try:
        docker(world, "tag", base, "clinica-outra:v1")
        docker(world, "run", "-d", "--name", "clinica-web-2", base, "sleep", "300")
        world.cloud.read("ecr", "create_repository", repositoryName="clinica-outra")
        world.cloud.read("iam", "create_user", UserName="clinica-2")
        before = everything(world)
        for name in ("sem-credencial", "variavel-faltando"):
            cases.open_case(world, name, ignore)
        cases.close_case(world, ignore)
        assert everything(world) == before
    finally:
        docker(world, "rm", "-f", "clinica-web-2", missing_ok=True)
        docker(world, "rmi", "clinica-outra:v1", missing_ok=True)
        with contextlib.suppress(LabError):
            world.cloud.read("ecr", "delete_repository", repositoryName="clinica-outra", force=True)
        with contextlib.suppress(LabError):
            world.cloud.read("iam", "delete_user", UserName="clinica-2")


def test_what_a_learner_makes_during_a_case_under_other_names_survives(world: World) -> None:
    """Made while a case is open, with the clinic's words, and in no step: not the lab's."""
    base = next(tag for one in world.engine.images() for tag in one.tags if "python" in tag)
    lines = f"FROM {base}\nLABEL org.opencontainers.image.version=clinica-veterinaria-2.0\n"
    cases.open_case(world, "sem-login", ignore)
    made: list[str] = []
    try:
        docker(world, "tag", base, "clinica:meu")
        docker(world, "run", "-d", "--name", "clinica-veterinaria", base, "sleep", "300")
        made.append(docker(world, "build", "-q", "-", stdin=lines).strip())
        cases.close_case(world, ignore)
        state = everything(world)
        assert "clinica-veterinaria" in state["containers"]
        assert any("clinica:meu" in names for _, names, _ in state["images"])
        assert made[0] in [one for one, *_ in state["images"]]
    finally:
        docker(world, "rm", "-f", "clinica-veterinaria", missing_ok=True)
        docker(world, "rmi", "clinica:meu", *made, missing_ok=True)


def test_a_repair_under_another_name_does_not_lock_the_case(runner: Runner, world: World) -> None:
    """Its container holds the clinic's own image: both go."""
    before = everything(world)
    cases.open_case(world, "porta-ocupada", ignore)
    docker(world, "rm", "-f", "clinica-esquecido")
    values = ("--env-file", "exemplos/producao.env")
    docker(world, "run", "-d", "-p", "3005:3333", *values, "--name", "outro-nome", "clinica-web:v1")
    assert runner.verify(LESSON, "porta-ocupada-conserto").passed
    cases.close_case(world, ignore)
    assert everything(world) == before


def test_a_name_that_is_taken_is_reported_and_kept(world: World) -> None:
    base = next(tag for one in world.engine.images() for tag in one.tags if "python" in tag)
    docker(world, "run", "-d", "--name", "clinica-web", base, "sleep", "300")
    try:
        with pytest.raises(CommandError) as caught:
            cases.open_case(world, "porta-ocupada", ignore)
        assert "container clinica-web" in caught.value.what
        assert cases.current(world.settings) == ""
        cases.close_case(world, ignore)
        assert "clinica-web" in everything(world)["containers"]
    finally:
        docker(world, "rm", "-f", "clinica-web", missing_ok=True)


def test_a_case_whose_record_is_damaged_can_be_undone(world: World) -> None:
    before = everything(world)
    cases.open_case(world, "token-vencido", ignore)
    docker(world, "logout", world.settings.ecr_registry)
    (world.settings.secrets / "clinica-caso.json").write_text('{"drill": ')
    cases.close_case(world, ignore)
    assert everything(world) == before


def test_a_fault_that_breaks_half_way_can_be_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(ingredients: Ingredients) -> None:
        ingredients.user()
        ingredients.repository()
        raise LabError("O engine parou.", "EOF", "python3 -m labs up")

    before = everything(world)
    broken = Fault(half, cases.FAULTS["sem-credencial"].present, "")
    monkeypatch.setattr(cases, "FAULTS", {**cases.FAULTS, "sem-credencial": broken})
    with pytest.raises(LabError, match="O engine parou"):
        cases.open_case(world, "sem-credencial", ignore)
    assert cases.current(world.settings) == "sem-credencial"
    cases.close_case(world, ignore, "sem-credencial")
    assert everything(world) == before


def test_two_terminals_at_once_leave_one_whole_case(world: World) -> None:
    before = everything(world)
    command = [sys.executable, "-m", "labs.drill"]
    environment = {**os.environ, **world.settings.environment()}
    both = [
        subprocess.Popen([*command, name], cwd=CLONE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name in ("sem-login", "repositorio-inexistente")
    ]
    said = [process.communicate(timeout=120)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    opened = cases.current(world.settings)
    assert opened in ("sem-login", "repositorio-inexistente") and cases.present(world, opened).passed
    cases.close_case(world, ignore)
    assert everything(world) == before


def test_the_layers_are_those_that_the_engine_counts(world: World) -> None:
    cases.open_case(world, "segredo-na-layer", ignore)
    found = image_layers.files(world, "clinica-segredo:v1")
    image = world.engine.image("clinica-segredo:v1")
    assert image and len(found) == len(image.layers)
    assert "app/credenciais-aws" in found[-1] and "app/credenciais-aws" not in found[0]
    secret = belongings.folder(world.settings) / "segredo-na-layer" / "credenciais-aws"
    assert secret.stat().st_mode & 0o077 == 0 and secret.parent.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="Não consegui ler"):
        image_layers.files(world, "nao-existe:v1")


def test_no_secret_is_said_while_a_case_runs(runner: Runner, world: World) -> None:
    events: list[Event] = []
    said: list[str] = []
    for name in ("segredo-na-layer", "segredo-na-layer-prova", "segredo-na-layer-rotacao"):
        outcome = runner.run(LESSON, name, events.append)
        said += [outcome.verdict.observed, *map(str, outcome.verdict.evidence.values())]
    key = json.loads((world.settings.secrets / "clinica-nova.json").read_text())["AccessKey"]
    leaked = world.cloud.profile(belongings.PROFILE)
    for secret in (key["SecretAccessKey"], leaked["aws_secret_access_key"]):
        assert secret not in "\n".join([*said, *map(str, events)])


def test_a_shift_from_the_terminal(world: World) -> None:
    """One call by chance, its repair typed as its solution says."""
    environment = {**os.environ, **world.settings.environment()}

    def type_line(line: str) -> tuple[int, str]:
        answer = subprocess.run(
            ["bash", "-c", line],
            cwd=world.settings.work / "widget-server",
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return answer.returncode, answer.stdout + answer.stderr

    before = everything(world)
    code, said = type_line("python3 -m labs.drill --on-call 1")
    assert code == 0 and said.startswith("Chamado 1 de 1. “"), said
    case = load_course().lesson(LESSON).case(cases.current(world.settings))
    assert type_line("python3 -m labs.drill --solved")[0] == 1
    for name in case.steps[1:]:
        type_line(load_course().lesson(LESSON).step(name).command)
    code, said = type_line("python3 -m labs.drill --solved")
    assert code == 0 and "Fim do plantão: 1 chamado resolvido em" in said, (case.id, said)
    assert everything(world) == before

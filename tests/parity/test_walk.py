"""A tick means that this was done: walked in order, each check fails immediately before its command and passes after
it, and it stays unproven where all else was done but that step.

What cannot be so says why in the course's data (`given`), and opening a lesson never proves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from labs.base.settings import Settings
from labs.course.catalog import Lesson, Step
from labs.course.progress import Progress
from labs.develop.notebooks import NOTEBOOKS
from labs.notebook.lab import Lab
from labs.running.journey import steps_of
from labs.running.runner import Runner
from labs.seams.world import World
from tests.courses import LESSONS, PATHS, Pressed, Typist, pressed

WORK = {f"{lesson.id}/{step.id}": step for lesson, step in PATHS if not step.given}
"""The steps that prove work."""
COURSE = [lesson for lesson in LESSONS if not lesson.cases]
CLOSING = [f"{lesson.id}/{step.id}" for lesson in COURSE for step in lesson.steps if step.closing]
DONE_AGAIN = ("06-credenciais-aws/configure",)
"""What a later step does once more, by the same command: its state is there at the end, whoever left out the first."""
STOOD_ON = ("02-build/stop-v1", "02-build/put-back", "08-envs/clean-environments")
"""They free the ports and names that later lessons take."""
WITNESSED = ("refused", "key_refused")


def leaves(lesson: Lesson) -> Iterator[str]:
    """Steps that nothing else stands on: what only shows, a refusal, a challenge."""
    for step in steps_of(lesson):
        path = f"{lesson.id}/{step.id}"
        alone = step.seen or step.check.kind in WITNESSED or step is lesson.challenge
        if alone and not step.closing and path not in STOOD_ON:
            yield path


def makers(lesson: Lesson, turn: int) -> Iterator[str]:
    """Every second of the others."""
    others = [f"{lesson.id}/{step.id}" for step in lesson.steps if not step.given and not step.closing]
    yield from sorted(set(others) - set(leaves(lesson)), key=others.index)[turn::2]


WAYS = {
    "00-comece-aqui/first-container": (
        "docker container run --name=primeiro --network none labs/python-base:3 python3 -c 'print(6 * 7)'"
    ),
    "01-o-que-e-um-registry/pull-public": "docker image pull $HUB_REGISTRY/library/ola-registry:1.0",
    "02-build/build-v1": (
        "cd / && docker image build --tag widget-server:v1 --file $LAB_WORK/widget-server/Dockerfile"
        " $LAB_WORK/widget-server"
    ),
    "02-build/build-untagged": "docker build --build-arg=APP_VERSION=sem-tag --quiet .",
    "02-build/build-cache": "docker build . --quiet --tag=widget-server:outra --tag=widget-server:cache",
    "02-build/run-v1": "docker container run -d --publish=127.0.0.1:3000:3333 --name=widget-v1 widget-server:v1",
    "02-build/edit-page": "sed -i 's/O que você achou?/Conte para nós \\& seja breve/' widget_server/config.py",
    "03-tag/tag-account": "docker image tag widget-server:v1 $HUB_REGISTRY/$HUB_USER/widget-server:v1",
    "04-push-docker-hub/login": 'docker login -u $HUB_USER -p "$(cat "$HUB_TOKEN_FILE")" $HUB_REGISTRY',
    "04-push-docker-hub/push-v1": "docker image push --quiet $HUB_REGISTRY/$HUB_USER/widget-server:v1",
    "04-push-docker-hub/push-v1-1": "docker push -a $HUB_REGISTRY/$HUB_USER/widget-server",
    "04-push-docker-hub/make-private": "python3 -m labs hub private widget-server",
    "05-custos-na-aws/create-budget": (
        "AWS_PROFILE=console aws budgets create-budget --notifications-with-subscribers file://aws/alerts.json"
        " --budget file://aws/budget.json --account-id=$AWS_ACCOUNT_ID"
    ),
    "06-credenciais-aws/create-user": "AWS_PROFILE=console aws iam create-user --output text --user-name=widget-dev",
    "06-credenciais-aws/policy": (
        "cd / && aws --profile console iam put-user-policy --policy-document"
        " file://$LAB_WORK/widget-server/aws/ecr-policy.json --policy-name ecr-widget-server --user-name widget-dev"
    ),
    "06-credenciais-aws/create-key": (
        'install -m 600 /dev/null "$LAB_SECRETS/widget-dev.json" && aws iam create-access-key --user-name widget-dev'
        ' --profile console > "$LAB_SECRETS/widget-dev.json"'
    ),
    "06-credenciais-aws/configure": "; ".join(
        (
            "k() { python3 -c \"import json,os;print(json.load(open(os.environ['LAB_SECRETS']+'/widget-dev.json'))"
            "['AccessKey']['$1'])\"; }",
            'aws configure set aws_secret_access_key "$(k SecretAccessKey)"',
            'aws configure set aws_access_key_id "$(k AccessKeyId)"',
            "aws configure set region us-east-2",
            "aws configure set output json",
        )
    ),
    "07-push-ecr/login-ecr": 'docker login --password "$(aws ecr get-login-password)" -u AWS $ECR_REGISTRY',
    "07-push-ecr/push-ecr": "docker image push $ECR_REGISTRY/widget-server:v1",
    "08-envs/build-v2": "docker build -t widget-server:v2 -f exemplos/Dockerfile.v2 .",
    "08-envs/run-with-keys": "docker run -d --env KEY_2=YYY --env=KEY_1=XXX --publish 3000:3333 widget-server:v2",
    "09-projeto-final/release-hub": (
        "docker build --build-arg APP_VERSION=v3 -f exemplos/Dockerfile.v2 -t widget-server:v3"
        " -t $HUB_REGISTRY/$HUB_USER/widget-server:v3 . && docker push $HUB_REGISTRY/$HUB_USER/widget-server:v3"
    ),
    "09-projeto-final/homologacao": (
        "docker run --env-file=exemplos/homologacao.env --name=homologacao -p 127.0.0.1:3001:3333 --restart=no -d"
        " $ECR_REGISTRY/widget-server:v3"
    ),
}
"""Other right ways to do a step: spelled, ordered, or from a folder as a learner may."""
OTHER = "docker tag labs/python-base:3 {0} && docker push -q {0}"
BACK = "docker tag widget-server:v1 {0}"
ON_HUB, ON_ECR = "$HUB_REGISTRY/$HUB_USER/widget-server:v1", "$ECR_REGISTRY/widget-server:v1"
RUN = "docker run -d --name {} -e KEY_1=x -e KEY_2=y {} widget-server:v2"
LIMIT = (
    '{"BudgetName": "curso-registries", "BudgetLimit": {"Amount": "1", "Unit": "USD"}, "TimeUnit": "MONTHLY",'
    ' "BudgetType": "COST"}'
)
OF_BUDGET = "--account-id $AWS_ACCOUNT_ID --budget-name curso-registries --profile console"
WIDE = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action":'
    ' ["ecr:GetAuthorizationToken", "ecr:PutImage", "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload",'
    ' "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]}]}'
)
LOOSE = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",'
    ' "countNumber": 1000}, "action": {"type": "expire"}}]}'
)
SHORTCUTS = {
    "00-comece-aqui/first-container": (
        "docker create --name primeiro labs/python-base:3 python3 -c 'print(1)'",
        "docker rm primeiro",
    ),
    "02-build/build-edited": ("docker tag widget-server:v1 widget-server:editada", ""),
    "02-build/run-edited": (
        "docker run -d -p 3001:3333 --name atalho widget-server:v1",
        "docker rm -f atalho",
    ),
    "02-build/put-back": ("python3 -m labs recover widget_server/config.py", ""),
    "04-push-docker-hub/push-v1": (OTHER.format(ON_HUB), BACK.format(ON_HUB)),
    "04-push-docker-hub/pull-digest": (
        "docker pull -q $(docker image inspect --format '{{join .RepoDigests \"\\n\"}}'"
        f" {ON_HUB}.1 | grep -m1 widget-server@)",
        "",
    ),
    "05-custos-na-aws/create-budget": (
        f"aws budgets create-budget --account-id $AWS_ACCOUNT_ID --budget '{LIMIT}' --profile console"
        f" && aws budgets describe-notifications-for-budget {OF_BUDGET}"
        f" && aws budgets delete-budget {OF_BUDGET} && python3 -m labs.sandbox spend 6.00",
        "",
    ),
    "05-custos-na-aws/provoke-alert": ("", "python3 -m labs.sandbox spend 0"),
    "06-credenciais-aws/policy": (
        "aws iam put-user-policy --user-name widget-dev --policy-name ecr-widget-server --profile console"
        f" --policy-document '{WIDE}'",
        "",
    ),
    "07-push-ecr/push-ecr": (
        f"{OTHER.format(ON_ECR)} && aws ecr describe-images --repository-name widget-server",
        BACK.format(ON_ECR),
    ),
    "07-push-ecr/immutable-refused": ("! docker push -q $ECR_REGISTRY/widget-server-prod:v1", ""),
    "07-push-ecr/login-again": (
        "python3 -m labs.sandbox clock now && docker login $ECR_REGISTRY < /dev/null",
        "python3 -m labs.sandbox clock +13h",
    ),
    "07-push-ecr/lifecycle": (
        f"aws ecr put-lifecycle-policy --repository-name widget-server --lifecycle-policy-text '{LOOSE}'",
        "",
    ),
    "08-envs/edit-dockerfile": (
        "cp Dockerfile exemplos/Dockerfile.v2",
        "python3 -m labs recover exemplos/Dockerfile.v2",
    ),
    "08-envs/run-without-keys": (
        f"{RUN.format('sem-chaves', '')} && docker kill sem-chaves",
        "docker rm -f sem-chaves",
    ),
    "08-envs/run-homologacao": (
        RUN.format("homolog", "-p 3001:3333 -e APP_ENV=homologacao"),
        "docker rm -f homolog",
    ),
    "08-envs/build-arg": (
        "docker build -q --build-arg BUILD_NOTE=feito-na-aula-08-x -t widget-server:arg -f exemplos/Dockerfile.arg .",
        "",
    ),
    "08-envs/precedence": ("docker run --rm --entrypoint printenv widget-server:arg APP_ENV", ""),
}
"""What looks like a step's work and is not, and what takes it back."""
LEFT_OUT = {
    "leaves": [path for lesson in COURSE for path in leaves(lesson)],
    "odd": [path for lesson in COURSE for path in makers(lesson, 0)],
    "even": [path for lesson in COURSE for path in makers(lesson, 1)],
}


@pytest.mark.parametrize("path", WORK)
def test_typed_a_check_fails_immediately_before_its_command(typist: Typist, path: str) -> None:
    lesson_id, _, step_id = path.partition("/")
    lesson = next(lesson for lesson in LESSONS if lesson.id == lesson_id)
    before = typist.result(lesson, lesson.step(step_id)).before
    assert not before.passed, before.observed
    assert before.observed


@pytest.fixture(scope="module")
def walked(lab_homes: Path) -> Iterator[Pressed]:
    with pressed(lab_homes) as course:
        course.looks_ahead, course.shortcuts = True, SHORTCUTS
        course.press(COURSE)
        yield course


def test_by_button_each_check_fails_before_and_passes_after(walked: Pressed) -> None:
    early = {path: seen.observed for path, seen in walked.before.items() if seen.passed and path in WORK}
    late = {path: seen.observed for path, seen in walked.after.items() if not seen.passed}
    assert early == {} and late == {}


def test_no_step_is_done_by_one_before_it_in_its_lesson(walked: Pressed) -> None:
    assert walked.early == {}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_was_left_out_stays_unproven_and_another_way_counts(lab_homes: Path, name: str) -> None:
    left_out = [*LEFT_OUT[name], *CLOSING]  # the clean-up would make everything unproven
    ways = WAYS if name == "leaves" else {}  # where no step is left out that others stand on
    with pressed(lab_homes, left_out, ways) as course:
        course.press(COURSE)
        assert {path: course.after[path].observed for path in ways if not course.after[path].passed} == {}
        assert {path: course.after[path].observed for path in left_out if course.after[path].passed} == {}
        runner = Runner(Settings.load(course.settings.home))
        found = {path: runner.look(*path.split("/")) for path in left_out if path not in DONE_AGAIN}
        assert {path: verdict.observed for path, verdict in found.items() if verdict.passed} == {}


def pictures(lesson: Lesson) -> Iterator[str]:
    """The calls of a lesson's notebook that draw something."""
    for cell in nbformat.read(NOTEBOOKS / f"{lesson.id}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and re.match(r"lab\.(?!step|challenge|quiz|diagnosis)\w+\(", cell.source):
            yield cell.source


def test_opening_all_lessons_of_a_new_lab_and_drawing_all_pictures_proves_nothing(
    new_lab: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_HOME", str(new_lab.home))
    runner, events = Runner(new_lab), World(new_lab).admin.events()
    drawn = 0
    for lesson in LESSONS:
        for call in pictures(lesson):
            eval(call, {"lab": Lab(lesson.id)})
            drawn += 1
        for step in steps_of(lesson):
            runner.look(lesson.id, step.id)
    assert drawn > 20 and "Observado" not in capsys.readouterr().out
    proven = {path: record.observed for path, record in Progress(new_lab).all().items() if record.passed}
    assert proven == {}
    assert World(new_lab).admin.events() == events


def test_what_is_given_says_why() -> None:
    given: list[Step] = [step for _, step in PATHS if step.given]
    assert given and all(not step.seen and not step.once for step in given)

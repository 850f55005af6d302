"""The final project accepts the release that its text asks for, and no other: wrong ones, each really built, pushed and
run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.seams.world import World
from tests.courses import type_line

LESSON = "09-projeto-final"
V2, V3 = "exemplos/Dockerfile.v2", "--build-arg APP_VERSION=v3"
HUB, ECR = "$HUB_REGISTRY/$HUB_USER/widget-server:v3", "$ECR_REGISTRY/widget-server:v3"
RIGHT = f"docker build {V3} -t widget-server:v3 -f {V2} ."
TO_HUB = f"docker tag widget-server:v3 {HUB} && docker push -q {HUB}"
TO_ECR = f"docker tag widget-server:v3 {ECR} && docker push -q {ECR}"
RUN = {
    "homologacao": f"docker run -d -p 3001:3333 --env-file exemplos/homologacao.env --name homologacao {ECR}",
    "producao": f"docker run -d -p 3002:3333 --env-file exemplos/producao.env --name producao {ECR}",
}

Shell = Callable[[str], str]


def built_from(*lines: str) -> str:
    """Build v3 by a recipe of one's own: the v2 with more lines at its end."""
    more = "\\n".join(lines)
    recipe = f"(cat {V2}; printf '{more}\\n') > outro.Dockerfile"
    return f"{recipe} && docker build {V3} -t widget-server:v3 -f outro.Dockerfile ."


WRONG_IMAGES = {
    "the first lesson's recipe": (
        "docker build -t widget-server:v3 -f exemplos/Dockerfile.v1 .",
        "diz ser a versão v1, e não v3",
    ),
    "the first lesson's recipe as v3": (
        f"docker build {V3} -t widget-server:v3 -f exemplos/Dockerfile.v1 .",
        "traz valores embutidos: APP_ENV, APP_COLOR, KEY_1, KEY_2",
    ),
    "no version given": (f"docker build -t widget-server:v3 -f {V2} .", "diz ser a versão v2, e não v3"),
    "a label that lies": (
        f"docker build --label org.opencontainers.image.version=v3 -t widget-server:v3 -f {V2} .",
        "diz ser a versão v2 e v3, e não v3",
    ),
    "one key in ENV": (built_from("ENV KEY_1=x"), "traz valores embutidos: KEY_1"),
    "a key that was an ARG": (built_from("ARG KEY_2=x", "RUN true"), "mostra valores de um ambiente: KEY_2"),
    "a key's value under another name": (
        built_from("ENV CHAVE=chave-falsa-um-de-producao"),
        "mostra valores de um ambiente",
    ),
    "a file of values": (
        f"cp exemplos/producao.env widget_server/x.txt && {built_from('COPY widget_server/x.txt /app/producao.env')}"
        "; rm widget_server/x.txt",
        "leva valores de um ambiente em app/producao.env",
    ),
    "a file of values under Docker's usual name": (
        f"cp exemplos/producao.env widget_server/x.txt && {built_from('COPY widget_server/x.txt /app/.env')}"
        "; rm widget_server/x.txt",
        "leva valores de um ambiente em app/.env",
    ),
    "a key inside a program": (
        f"grep ^KEY exemplos/producao.env > widget_server/chaves.py && {RIGHT}; rm widget_server/chaves.py",
        "leva valores de um ambiente em layer 7",
    ),
    "another app": (
        "printf 'FROM labs/python-base:3\\nENV APP_VERSION=v3\\nLABEL org.opencontainers.image.version=v3\\n'"
        " | docker build -t widget-server:v3 -",
        "não foi construída pelo Dockerfile do widget-server",
    ),
}


@pytest.fixture(scope="module")
def type_(new_lab: Settings) -> Iterator[Shell]:
    """Types in the lab's working copy, in which everything is ready for the final project."""
    outcomes = Runner(new_lab).prepare(LESSON)
    assert all(outcome.verdict.passed for outcome in outcomes), outcomes[-1]
    yield partial(type_line, new_lab)
    type_line(new_lab, "docker rm -f $(docker ps -aq) 2>&1 || true")


def verdict(settings: Settings, step: str) -> Verdict:
    runner = Runner(settings)
    return judge(runner.course.lesson(LESSON).step(step), World(settings))


@pytest.mark.parametrize(("build", "sentence"), WRONG_IMAGES.values(), ids=WRONG_IMAGES)
def test_a_wrong_image_is_no_release(new_lab: Settings, type_: Shell, build: str, sentence: str) -> None:
    type_(f"{build} && {TO_HUB}")
    found = verdict(new_lab, "release-hub")
    assert not found.passed and sentence in found.observed, found


def test_each_registry_must_have_the_same_image(new_lab: Settings, type_: Shell) -> None:
    type_(f"{RIGHT} && {TO_HUB}")
    assert verdict(new_lab, "release-hub").passed
    assert not verdict(new_lab, "release-ecr").passed, "nothing there yet"
    type_(f"date > widget_server/x.txt && {RIGHT} && {TO_ECR}")
    found = verdict(new_lab, "release-ecr")
    assert not found.passed and "Não é a mesma imagem nos dois registries" in found.observed, found
    type_(f"{TO_HUB}")
    assert verdict(new_lab, "release-ecr").passed and verdict(new_lab, "release-hub").passed


WRONG_RUNS = {
    "the other environment's values": (
        RUN["homologacao"].replace("homologacao.env", "producao.env"),
        "não tem os valores de exemplos/homologacao.env: APP_ENV, APP_COLOR, KEY_1, KEY_2",
    ),
    "the right name for a wrong key": (
        RUN["homologacao"].replace("--env-file", "-e KEY_2=x --env-file"),
        "não tem os valores de exemplos/homologacao.env: KEY_2",
    ),
    "another port": (RUN["homologacao"].replace("3001:", "3004:"), "publica a porta 3004, e não a 3001"),
    "another image": (
        f"docker build -q -t widget-server:quase --build-arg APP_VERSION=v3 --label a=b -f {V2} . && "
        + RUN["homologacao"].replace(ECR, "widget-server:quase"),
        "roda outra imagem, e não a que está no ECR",
    ),
    "stopped": (f"{RUN['homologacao']} && docker stop -t 0 homologacao", "não está rodando"),
}


@pytest.mark.parametrize(("run", "sentence"), WRONG_RUNS.values(), ids=WRONG_RUNS)
def test_a_wrong_container_is_no_environment(new_lab: Settings, type_: Shell, run: str, sentence: str) -> None:
    type_(f"docker rm -f homologacao producao 2>&1 || true; {RIGHT} && {TO_HUB} && {TO_ECR}")
    type_(run)
    found = verdict(new_lab, "homologacao")
    assert not found.passed and sentence in found.observed, found


def test_the_right_release_passes_in_both_environments(new_lab: Settings, type_: Shell) -> None:
    type_(
        "printf 'APP_ENV=staging\\nKEY_1=a\\nKEY_2=b\\n' > exemplos/staging.env"
        # A file of one's own, with short values, as lesson 08 suggests.
    )
    type_(f"docker rm -f homologacao producao 2>&1 || true; {RIGHT} && {TO_HUB} && {TO_ECR}")
    type_(RUN["homologacao"])
    assert verdict(new_lab, "homologacao").passed and not verdict(new_lab, "producao").passed
    type_(RUN["producao"])
    found = [verdict(new_lab, step) for step in ("release-hub", "release-ecr", "homologacao", "producao")]
    assert all(one.passed for one in found), found
    assert len({one.evidence["digest"] for one in found}) == 1


def test_the_release_alone_gives_no_certificate(new_lab: Settings) -> None:
    """What the lessons ask for is asked for too, and each missing step is named."""
    found = verdict(new_lab, "prove")
    assert not found.passed and "06-credenciais-aws/delete-old" in found.observed, found

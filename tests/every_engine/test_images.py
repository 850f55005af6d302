"""What a current Docker makes of an image beside the course's own commands, and what the kit reads of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.settings import Settings
from labs.checks.cloud import ecr_image
from labs.checks.image import image_built
from labs.checks.registry import pushed
from labs.notebook import readings
from labs.sandbox import leftovers
from labs.seams import engine_api
from labs.seams.world import World
from tests.courses import type_line

from .conftest import learners_docker

Shell = Callable[[str], str]
COMPOSE = "services: {web: {image: 'widget-server:v1', build: {context: ., dockerfile: Dockerfile}}}"


@pytest.fixture(scope="module", params=["graph", "containerd"])
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def settings(store: str, lab_homes: Path) -> Iterator[Settings]:
    home = Path(tempfile.mkdtemp(prefix="images-", dir=lab_homes))
    with learners_docker(lab_homes, "sid", store):
        try:
            yield sandbox.up(Settings(home=home), lambda _: None)
        finally:
            sandbox.down(Settings(home=home), lambda _: None)
            leftovers.remove_tree(home)


@pytest.fixture
def typed(settings: Settings) -> Shell:
    return partial(type_line, settings)


@pytest.mark.parametrize(
    "line",
    [
        "docker buildx build --load -t widget-server:v1 .",
        "docker image build --tag=widget-server:v1 .",
        f'echo "{COMPOSE}" > compose.yaml && docker compose build',
    ],
)
def test_each_way_of_building_makes_the_image(settings: Settings, typed: Shell, line: str) -> None:
    typed("docker image rm -f widget-server:v1 && docker builder prune --all --force")
    assert engine_api.builder_cache(settings.engine_host) == 0
    typed(line)
    assert image_built(World(settings), "widget-server:v1", "v1").passed
    assert engine_api.builder_cache(settings.engine_host) > 0


def test_the_same_build_is_the_same_image(settings: Settings, typed: Shell) -> None:
    typed("docker build -t mesma:1 . && docker build -t mesma:2 .")
    first, second = (World(settings).engine.image(f"mesma:{number}") for number in (1, 2))
    assert first and second and first.id == second.id
    typed("docker rmi mesma:1 mesma:2")


def test_an_index_with_a_provenance_is_the_image_that_it_is_about(settings: Settings, store: str, typed: Shell) -> None:
    """Who turns the attestations on again pushes an index: of the image, and of what attests to it. A graph driver
    keeps none, and a plain image is read in the same way.
    """
    option = "--provenance=true" if store == "containerd" else ""
    typed('docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"')
    typed("aws ecr create-repository --repository-name indice --profile console")
    typed("aws ecr get-login-password --profile console | docker login --username AWS --password-stdin $ECR_REGISTRY")
    typed(f"docker build {option} -t $HUB_REGISTRY/$HUB_USER/indice:v1 -t $ECR_REGISTRY/indice:v1 .")
    typed("docker push $HUB_REGISTRY/$HUB_USER/indice:v1 && docker push $ECR_REGISTRY/indice:v1")
    world = World(settings)
    hub, ecr = f"{settings.hub_registry}/{settings.hub_user}/indice:v1", f"{settings.ecr_registry}/indice:v1"
    assert pushed(world, hub).passed and ecr_image(world, ecr, hub).passed
    assert [one.same for one in readings.names(world, hub)[1]] == [True, True]
    (page,) = (one for one in readings.ecr_repositories(world) if one.name == "indice")
    assert [(tag.name, len(tag.layers)) for tag in page.tags] == [("v1", 7)]
    drawn = readings.stack(world, ecr, places=True)
    assert set(readings.push_fates(world, ecr, drawn).values()) == {"there"}
    assert all(any("ECR" in place for place in places) for places in drawn.places.values())
    assert 50_000_000 < drawn.size < 70_000_000, "unpacked, in every store"
    (tag,) = page.tags
    assert 15_000_000 < tag.size < 30_000_000, "packed"

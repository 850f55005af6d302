"""All that a case may make, by exact name, and how it is removed.

Removed is only what the ledger names (`labs/ownership/ledger.py`): the case notes what it makes, and each step's card
and command what the learner makes. What merely bears one of these names hinders a case from being opened, and stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from labs.base.reference import familiar, split_tag
from labs.base.settings import Settings
from labs.base.things import CONTAINER, ECR, HUB, IMAGE, USER, Thing
from labs.checks.image import VERSION_LABEL
from labs.clinic.open_case import OpenCase
from labs.ownership import inventory
from labs.ownership.items import (
    Item,
    remove_container,
    remove_ecr_repository,
    remove_hub_repository,
    remove_image,
    remove_user,
)
from labs.ownership.ledger import Ledger
from labs.seams.aws_files import forget_profile
from labs.seams.engine import Image
from labs.seams.world import World

VERSIONS = ("clinica-1", "clinica-2")
"""The versions that the clinic's builds of widget-server get."""
WEB = "clinica-web"
OTHER = "acme"
"""The account that is not the learner's."""
LOCAL = ("clinica", WEB, "clinica-segredo", "clinica-arg")
REMOTE = ("clinica", WEB)
"""Repositories in the Hub and in ECR."""
CONTAINERS = (WEB, "clinica-esquecido", "clinica-homologacao", "clinica-producao")
CLINIC_USER = PROFILE = "clinica"
SECRETS = ("clinica-token-antigo", "clinica-nova.json")


def folder(settings: Settings) -> Path:
    """Where the patients' files are, beside the learner's `widget-server`."""
    return settings.work / "clinica"


def leave(world: World, case: OpenCase, keep: str = "") -> None:
    """Undo a case: remove what it made (but local images of the repository `keep`), restore what it changed."""
    seen: set[str] = set()
    # An image of the classic builder may hide the ones that it was built from; they show once it is gone.
    while (found := list(items(world, keep))) and seen != {item.name for item in found}:
        seen = {item.name for item in found}
        for item in found:
            item.remove()
    case.restore(world)


def items(world: World, keep: str = "") -> Iterator[Item]:
    """What the clinic made and is there now, in the order in which it can be removed."""
    ledger = Ledger(world.settings)
    for item in _named(world, ledger, keep):
        if item.thing is None or ledger.owns(item.thing):
            yield item


def named(world: World) -> Iterator[Item]:
    """All that bears one of the clinic's names, whoever made it."""
    return _named(world, Ledger(world.settings), "")


def _named(world: World, ledger: Ledger, keep: str) -> Iterator[Item]:
    images = world.engine.images()
    yield from _containers(world, ledger, images)
    yield from _images(world, ledger, images, keep)
    yield from _repositories(world)
    yield from _user(world)
    yield from _files(world.settings)


def _containers(world: World, ledger: Ledger, images: Sequence[Image]) -> Iterator[Item]:
    """By name, and those of an image that the clinic built: it could not be removed while they are there."""
    made = (one for one in images if is_made_here(one) and ledger.owns(Thing(IMAGE, "", one.id)))
    built = {digest for one in made for digest in one.identity}
    for container in world.engine.containers():
        if container.name in CONTAINERS or container.image_id in built:
            thing = None if container.image_id in built else Thing(CONTAINER, container.name, container.id)
            remove = partial(remove_container, world, container.id)
            yield Item(f"container {container.name}", remove, f"docker rename {container.name} outro-nome", thing)


def _images(world: World, ledger: Ledger, images: Sequence[Image], keep: str) -> Iterator[Item]:
    """Each name by itself: an image goes with its last one. One that lost its names to another build goes by its id,
    and one that was pulled or pushed by digest alone, by its digest.
    """
    settings = world.settings
    ours = {f"{settings.hub_place}/{name}" for name in REMOTE}
    ours |= {familiar(f"{settings.hub_registry}/{OTHER}/clinica")}
    ours |= {f"{settings.ecr_registry}/{name}" for name in REMOTE}
    ours |= set(LOCAL) - {keep}
    for image in images:
        names = [name for name in image.tags if split_tag(name)[0] in ours]
        if not image.tags and is_made_here(image):
            names = [image.id]
        elif not names:
            # Removing an image's last tag of a repository removes its digests there too.
            names = [name for name in image.digests if split_tag(name)[0] in ours]
        for name in names:
            remove = partial(remove_image, world, name)
            thing = Thing(IMAGE, name) if name in image.tags else _nameless(world, ledger, image)
            yield Item(f"imagem {name}", remove, f"docker rmi {name}", thing)


def _nameless(world: World, ledger: Ledger, image: Image) -> Thing | None:
    """How the ledger knows it: by its id, or by what it was built from where no check ever saw it."""
    return None if inventory.lost_its_name(world, ledger, image) else Thing(IMAGE, "", image.id)


def is_made_here(image: Image) -> bool:
    """Whether the image's labels are those of the clinic's own Dockerfiles and builds."""
    return inventory.CLINIC_LABEL in image.labels or image.labels.get(VERSION_LABEL) in VERSIONS


def _repositories(world: World) -> Iterator[Item]:
    user = world.settings.hub_user
    for entry in world.hub_owner.hub_repositories(user):
        if entry.name in REMOTE:
            remove = partial(remove_hub_repository, world, f"{user}/{entry.name}")
            command = f'curl --netrc-file "$HUB_NETRC" -X DELETE $HUB_API/v2/repositories/{user}/{entry.name}/'
            thing = Thing(HUB, f"{user}/{entry.name}")
            yield Item(f"repositório {user}/{entry.name} no Docker Hub", remove, command, thing)
    for found in world.cloud.read("ecr", "describe_repositories")["repositories"]:
        name = found["repositoryName"]
        if name in REMOTE:
            gone = partial(remove_ecr_repository, world, name)
            command = f"aws ecr delete-repository --repository-name {name} --force --profile console"
            yield Item(f"repositório {name} no ECR", gone, command, Thing(ECR, name))


def _user(world: World) -> Iterator[Item]:
    if any(user["UserName"] == CLINIC_USER for user in world.cloud.read("iam", "list_users")["Users"]):
        command = f"aws iam delete-user --user-name {CLINIC_USER} --profile console"
        yield Item(
            f"usuário {CLINIC_USER} no IAM",
            partial(remove_user, world, CLINIC_USER),
            command,
            Thing(USER, CLINIC_USER),
        )
    if world.cloud.profile(PROFILE):
        command = f"aws configure list --profile {PROFILE}"
        yield Item(f"perfil {PROFILE} do AWS CLI", partial(forget_profile, world.settings, PROFILE), command)


def _files(settings: Settings) -> Iterator[Item]:
    place = folder(settings)
    if place.exists():
        yield Item(f"pasta {place.name}", partial(shutil.rmtree, place), f"mv '{place}' '{place}-antiga'")
    for name in SECRETS:
        path = settings.secrets / name
        if path.exists():
            yield Item(f"arquivo {name}", partial(path.unlink, missing_ok=True), f"mv '{path}' '{path}.antigo'")

"""What exists now, as the ledger names things: kind, name, and the identity that tells it from a look-alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from labs.base.errors import CommandError, LabError
from labs.base.marks import APP, TITLE_LABEL
from labs.base.settings import Settings
from labs.base.things import (
    BUDGET,
    CONTAINER,
    ECR,
    ECR_PUBLIC,
    HUB,
    IMAGE,
    IN_ENGINE,
    MFA,
    NETWORK,
    USER,
    VOLUME,
    Thing,
    alias,
)
from labs.course.command_line import CommandLine
from labs.ownership.ledger import Ledger
from labs.seams import engine_api
from labs.seams.engine import Container, Engine, Image
from labs.seams.world import World

CLINIC_LABEL = "dev.registry-labs.clinic"


def in_engine(settings: Settings) -> list[Thing]:
    """Every container, image, network and volume of the engine. An image appears once per name, or once without one.

    Raises:
        EngineError: no engine answers.
    """
    return [Thing(*found) for found in engine_api.everything(settings.engine_host)]


def in_services(world: World) -> Iterator[Thing]:
    """Every repository of the Hub account, and every ECR repository, IAM user, virtual MFA device and budget of AWS's;
    those of ECR Public in the sandbox alone, which has the steps that make them.

    Raises:
        RegistryError, CloudError: a service does not answer or refuses.
    """
    user = world.settings.hub_user
    for repository in world.hub_owner.hub_repositories(user):
        yield Thing(HUB, f"{user}/{repository.name}")
    for one in world.cloud.read("ecr", "describe_repositories")["repositories"]:
        yield Thing(ECR, one["repositoryName"], _moment(one.get("createdAt")))
    if not world.settings.live:
        for one in world.cloud.read("ecr-public", "describe_repositories")["repositories"]:
            yield Thing(ECR_PUBLIC, one["repositoryName"], _moment(one.get("createdAt")))
    for one in world.cloud.read("iam", "list_users")["Users"]:
        yield Thing(USER, one["UserName"], str(one.get("UserId", "")))
    for one in world.cloud.read("iam", "list_virtual_mfa_devices")["VirtualMFADevices"]:
        yield Thing(MFA, one["SerialNumber"].partition(":mfa/")[2])
    account = world.settings.account
    for one in world.cloud.read("budgets", "describe_budgets", AccountId=account).get("Budgets", []):
        yield Thing(BUDGET, one["BudgetName"])


def built(world: World, image_id: str) -> Iterator[Thing]:
    """An image without its names, and those that the classic builder made on the way to it: they have no names, and in
    containerd's store they can outlive it.
    """
    yield Thing(IMAGE, "", image_id)
    image = world.engine.image(image_id)
    while image and image.parent and (image := world.engine.image(image.parent)) and not image.tags:
        yield Thing(IMAGE, "", image.id)


def now(world: World, thing: Thing) -> Thing:
    """The same name with the identity that it has now; empty where it does not exist or nobody can say."""
    with contextlib.suppress(LabError, KeyError, IndexError):
        return Thing(thing.kind, thing.name, _identity(world, thing))
    return Thing(thing.kind, thing.name)


def _identity(world: World, thing: Thing) -> str:
    if thing.kind == IMAGE:
        image = world.engine.image(thing.name)
        return image.id if image else ""
    if thing.kind == CONTAINER:
        return next((one.id for one in world.engine.containers() if thing.name in names(one)), "")
    if thing.kind in (NETWORK, VOLUME):
        listed = (one for one in in_engine(world.settings) if (one.kind, one.name) == (thing.kind, thing.name))
        return next((one.identity for one in listed), "")
    if thing.kind == ECR:
        found = world.cloud.read("ecr", "describe_repositories", repositoryNames=[thing.name])
        return _moment(found["repositories"][0].get("createdAt"))
    if thing.kind == ECR_PUBLIC:
        found = world.cloud.read("ecr-public", "describe_repositories", repositoryNames=[thing.name])
        return _moment(found["repositories"][0].get("createdAt"))
    if thing.kind == USER:
        return str(world.cloud.read("iam", "get_user", UserName=thing.name)["User"].get("UserId", ""))
    return ""


def protect(line: CommandLine, settings: Settings, engine: Engine) -> None:
    """Before a step's command removes something by name: it must not be the learner's own from before the course.

    Raises:
        CommandError: it is.
        EngineError: the engine does not say what exists.
    """
    ledger = Ledger(settings)
    for thing in line.removes(settings.environment()):
        if thing.kind in IN_ENGINE and _is_of_before(thing, ledger, settings, engine):
            raise CommandError(
                f"{thing.name} já existia antes do curso: não é do laboratório, e ficou como está.",
                line.text,
                _LEFT_ALONE[thing.kind].format(thing.name),
            )


_LEFT_ALONE = {
    CONTAINER: "docker rename {0} {0}-antigo",
    IMAGE: "docker image ls",
    NETWORK: "docker network ls",
    VOLUME: "docker volume ls",
}


def _is_of_before(thing: Thing, ledger: Ledger, settings: Settings, engine: Engine) -> bool:
    if thing.kind == IMAGE:
        image = engine.image(thing.name)
        return image is not None and Thing(IMAGE, thing.name, image.id) in ledger.before(IMAGE)
    if thing.kind == CONTAINER:
        ids = [one.id for one in engine.containers() if one.name == thing.name]
        return any(ledger.was_before(Thing(CONTAINER, thing.name, one)) for one in ids)
    listed = (one for one in in_engine(settings) if (one.kind, one.name) == (thing.kind, thing.name))
    return any(ledger.was_before(one) for one in listed)


def names(container: Container) -> tuple[str, str]:
    """The names under which a container can be noted: its own, and what an unnamed one is noted by."""
    return container.name, alias(container.image, container.ports)


def of_the_app(world: World, image: Image | None) -> bool:
    """Whether an image of widget-server lies in the lab's own engine: there it is the course's under whatever name."""
    return world.settings.has_private_engine and image is not None and image.labels.get(TITLE_LABEL) == APP


def lost_its_name(world: World, ledger: Ledger, image: Image) -> bool:
    """Whether an image without a name comes from the kit's own base image and one of its Dockerfiles.

    A build that takes over a name leaves the image before it without one, and no check may ever have seen its id. Who
    builds from a base image that the kit made, in this engine, builds in the lab.
    """
    if image.tags or not (image.labels.get(TITLE_LABEL) == APP or CLINIC_LABEL in image.labels):
        return False
    for base in ledger.made_by_kit(IMAGE):
        made = world.engine.image(base)
        if made and image.id != made.id and image.layers[: len(made.layers)] == made.layers:
            return True
    return False


def _moment(value: object) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value or "")

"""Remove what the course made, in the engine, the registries and the account, and prove it.

Only what the ledger says is the lab's is touched (the rule stands in `labs/ownership/ledger.py`); the base image and
the sandbox stay until `reset`. A name that a step took from an image of before the course goes back to that image.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from labs.base.errors import CloudError, CommandError, EngineUnavailable, LabError, RegistryError
from labs.base.events import Report
from labs.base.reference import DOCKER_HUB
from labs.base.settings import BASE_IMAGE, LIVE, Settings
from labs.base.text import size
from labs.base.things import (
    BUDGET,
    CONTAINER,
    ECR,
    ECR_PUBLIC,
    HUB,
    IMAGE,
    IN_ENGINE,
    KEY,
    KEY_FILE,
    LOGIN,
    MFA,
    NETWORK,
    PROFILE,
    USER,
    VOLUME,
    Thing,
)
from labs.base.totp import SEED_FILE
from labs.ownership import inventory
from labs.ownership.items import (
    Item,
    in_engine,
    remove_budget,
    remove_container,
    remove_ecr_public_repository,
    remove_ecr_repository,
    remove_hub_repository,
    remove_image,
    remove_mfa_device,
    remove_user,
)
from labs.ownership.ledger import LISTED, Ledger
from labs.seams import engine_api
from labs.seams.aws_files import forget_profile
from labs.seams.docker_client import docker
from labs.seams.engine import Container, Image
from labs.seams.world import World

BASE_ITEM = f"imagem {BASE_IMAGE}"
NAMELESS = "(sem nome)"
IN_SERVICES: dict[str, tuple[str, Callable[[World, str], None]]] = {
    HUB: ("repositório {} no Docker Hub", remove_hub_repository),
    ECR: ("repositório {} no ECR", remove_ecr_repository),
    ECR_PUBLIC: ("repositório {} no ECR Public", remove_ecr_public_repository),
    BUDGET: ("budget {}", remove_budget),
    MFA: ("dispositivo de MFA {} no IAM", remove_mfa_device),
    USER: ("usuário {} no IAM", remove_user),
}
"""Words and remover for each kind of thing of the registries and the account, in the order in which they can go."""


def items(world: World) -> Iterator[Item]:
    """What the steps made and is there now, in the order in which it can be removed."""
    ledger = Ledger(world.settings)
    yield from engine_items(world, ledger)
    yield from _services(world, ledger)
    yield from _logins(world)


def engine_items(world: World, ledger: Ledger, *, kit: bool = False) -> Iterator[Item]:
    """What the lab made in the engine; with `kit`, what the kit itself needs there, too."""
    for container in world.engine.containers():
        if _owns_container(world, ledger, container):
            yield _item(
                ledger,
                Thing(CONTAINER, container.name),
                f"container {container.name}",
                partial(remove_container, world, container.id),
            )
    images = [item for image in world.engine.images() for item in _image(world, ledger, image, kit)]
    # By name: the engine's own order varies where two images were made in the same second.
    yield from sorted(images, key=lambda item: (NAMELESS in item.name, item.name))
    for kind, word in ((NETWORK, "rede"), (VOLUME, "volume")):
        if any(thing.kind == kind for thing in ledger.outstanding(ledger.place(kind))):
            for thing in inventory.in_engine(world.settings):
                if thing.kind == kind and ledger.owns(thing):
                    yield _item(
                        ledger, thing, f"{word} {thing.name}", partial(in_engine, world, kind, "rm", thing.name)
                    )


def _owns_container(world: World, ledger: Ledger, container: Container) -> bool:
    noted = any(ledger.owns(Thing(CONTAINER, name, container.id)) for name in inventory.names(container))
    return noted or inventory.of_the_app(world, world.engine.image(container.image_id))


def _image(world: World, ledger: Ledger, image: Image, kit: bool) -> Iterator[Item]:
    """The image's names that are the lab's, each by itself; the image goes with its last name."""
    of_the_app = inventory.of_the_app(world, image)
    lost = inventory.lost_its_name(world, ledger, image)
    ours = of_the_app or lost or ledger.owns(Thing(IMAGE, "", image.id), kit=kit)
    foreign = ledger.was_before(Thing(IMAGE, "", image.id))
    before = {one.name for one in ledger.before(IMAGE) if one.identity == image.id}
    noted = [tag for tag in image.tags if of_the_app or ledger.noted(Thing(IMAGE, tag), kit=kit)]
    removable = [tag for tag in noted if tag not in before]
    if foreign and len(removable) == len(image.tags):
        removable = removable[1:]  # without its last name the engine would delete an image that is not the lab's
    for tag in removable:
        yield _item(ledger, Thing(IMAGE, tag), f"imagem {tag}", partial(remove_image, world, tag))
    if not image.tags and ours and not foreign:
        yield _item(
            ledger,
            Thing(IMAGE, "", image.id),
            f"imagem {image.id[:19]} {NAMELESS}",
            partial(remove_image, world, image.id),
        )


def _services(world: World, ledger: Ledger) -> Iterator[Item]:
    found = sorted(inventory.in_services(world), key=lambda thing: list(IN_SERVICES).index(thing.kind))
    for thing in found:
        if ledger.owns(thing):
            words, remove = IN_SERVICES[thing.kind]
            yield _item(ledger, thing, words.format(thing.name), partial(remove, world, thing.name))


def _item(ledger: Ledger, thing: Thing, name: str, remove: Callable[[], object]) -> Item:
    def removed() -> None:
        remove()
        ledger.removed(thing)
        if thing.kind == USER:
            ledger.removed(Thing(KEY, thing.name))

    return Item(name, removed, thing=thing)


def _logins(world: World) -> Iterator[Item]:
    """Logins and keys in the lab's own files; no other file is ever looked at."""
    for registry in world.settings.registries:
        if world.engine.credentials(registry):
            # Docker Hub's login is the one without an address.
            address = () if registry == DOCKER_HUB else (registry,)
            logout = partial(in_engine, world, "logout", *address)
            yield Item(f"login do Docker em {registry}", logout, thing=Thing(LOGIN, registry))
    for name in ("default", "sso"):
        if world.cloud.profile(name).get("aws_access_key_id"):
            forget = partial(forget_profile, world.settings, name)
            yield Item(f"credenciais do perfil {name}", forget, thing=Thing(PROFILE, name))
    for name in ("widget-dev.json", SEED_FILE):
        kept = world.settings.learner_secrets / name
        if kept.exists():
            yield Item(f"arquivo {name}", kept.unlink, thing=Thing(KEY_FILE, name))


# Giving back, and the whole ------------------------------------------------------------------------


def give_back(world: World) -> list[str]:
    """Names that a step took from images of before the course: back to those images. Returns the names."""
    given = []
    for before in Ledger(world.settings).before(IMAGE):
        if before.name and world.engine.image(before.name) is None and world.engine.image(before.identity):
            docker(world, "tag", before.identity, before.name, missing_ok=True)
            given.append(before.name)
    return given


def remove_all(world: World, find: Callable[[], Iterator[Item]], report: Report) -> list[str]:
    """Remove what `find` finds, looking again for what the first look could not remove; returns what is left."""
    failures: dict[str, LabError] = {}
    while True:  # a container keeps its image, and an image the one it was built from, which then shows up
        failures = {}
        found = list(find())
        for item in found:
            try:
                item.remove()
                report(f"removido: {item.name}")
            except (CloudError, CommandError, RegistryError) as error:
                failures[item.name] = error
        if not found or len(failures) == len(found):
            break
    for name in give_back(world):
        report(f"devolvido: a imagem de antes do curso é {name} outra vez")
    for name, failure in failures.items():
        report(f"não removido: {name}\n{failure}")
    return [item.name for item in find()]


def in_own_engine(settings: Settings) -> list[str]:
    """Names of what `empty_engine` would remove.

    Raises:
        EngineUnavailable: the engine does not answer.
    """
    world, ledger = World(settings), Ledger(settings)
    if not ledger.outstanding(ledger.place(CONTAINER)):
        return []
    with _silence_told(settings):
        return [item.name for item in engine_items(world, ledger, kit=True)]


def empty_engine(settings: Settings, report: Report) -> None:
    """For `reset`: remove what the lab made in an engine that is the learner's own, the base image included.

    Raises:
        LabError: the engine does not answer, or something cannot be removed: the ledger is needed until then.
    """
    world, ledger = World(settings), Ledger(settings)
    if not ledger.outstanding(ledger.place(CONTAINER)):
        return
    with _silence_told(settings):
        left = remove_all(world, lambda: engine_items(world, ledger, kit=True), report)
    if BASE_ITEM in left:
        left.remove(BASE_ITEM)
        report(f"mantida: {BASE_ITEM}, porque outra imagem sua foi construída a partir dela")
    if left:
        raise CommandError(
            "Ainda há coisas do laboratório no seu Docker.", ", ".join(left), "docker ps -a; python3 -m labs reset"
        )


@contextlib.contextmanager
def _silence_told(settings: Settings) -> Iterator[None]:
    """Report of an engine that does not answer what it means for `reset`."""
    try:
        yield
    except EngineUnavailable as error:
        raise EngineUnavailable(
            "O seu Docker não responde, e ainda tem coisas do laboratório; nada foi apagado.",
            error.observed,
            f"docker version && python3 -m labs reset   (sem esse Docker para sempre: rm -r '{settings.home}')",
        ) from error


def tell_of_the_builders_cache(settings: Settings, report: Report) -> None:
    """What builds left there bears no name by which the lab's could be told from others': a person removes it."""
    with contextlib.suppress(LabError):
        if left := engine_api.builder_cache(settings.engine_host):
            report(f"Ficou o cache do construtor ({size(left)}), de todos os builds deste Docker. Para esvaziá-lo:")
            report("  docker builder prune")


def close(settings: Settings) -> None:
    """Nothing is left: what was noted and never made is no longer outstanding either."""
    ledger = Ledger(settings)
    for place in (ledger.place(ECR), ledger.place(IMAGE)):
        for thing in ledger.outstanding(place):
            ledger.removed(thing)


def tell_of_other_engines(settings: Settings, private: str, report: Report) -> None:
    """For `reset`: an engine that the lab used before and does not reach now may still hold things of it."""
    ledger = Ledger(settings)
    for place in dict.fromkeys(entry.place for entry in ledger.entries() if entry.kind in IN_ENGINE):
        left = [thing.name for thing in ledger.outstanding(place) if thing.name]
        if left and place not in (ledger.place(IMAGE), private):
            report(f"⚠ O laboratório já usou o Docker em {place}, que pode ter ainda: {', '.join(left)}.")


def require_nothing_live(settings: Settings) -> None:
    """For `reset`: the ledger may not go while live accounts hold what it names.

    Raises:
        CommandError: they do.
    """
    ledger = Ledger(settings)
    # Before the first confirmation nothing was created there, whatever names were noted.
    listed = (entry.place for entry in ledger.entries() if entry.event == LISTED)
    places = [place for place in dict.fromkeys(listed) if place.startswith(f"{LIVE}:")]
    left = [f"{thing.kind} {thing.name} ({place})" for place in places for thing in ledger.outstanding(place)]
    if left:
        raise CommandError(
            "Ainda há coisas do curso em contas de verdade; nada foi apagado.",
            ", ".join(left),
            "python3 -m labs.target live && python3 -m labs.cleanup",
        )

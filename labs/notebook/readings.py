"""What the pictures show, read from the engine, the registries and the cloud. Reads only, and leaves no trace.

ECR is read through the AWS API, as the console does: a request with an expired login would be recorded as refused, and
a step's check would take it for the learner's own.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from labs import pictures, sandbox
from labs.base.errors import CloudError, LabError, RegistryError
from labs.base.reference import DOCKER_HUB, parse
from labs.base.settings import BASE_IMAGE
from labs.checks.cloud import masked
from labs.pictures import Blob, Repository, Tag
from labs.seams import ecr_token
from labs.seams.engine import Container, Image
from labs.seams.registry import Manifest, manifest_of, of_this_platform
from labs.seams.world import World

OTHERS = ("library", "acme")
"""Namespaces of the lab's Hub that are not the learner's: an official image, and a company's."""
HUB_TITLE, ECR_TITLE = "Docker Hub", "ECR"
COURSE_NAME = "widget-server"


# Registries --------------------------------------------------------------------------------------


def registry_name(world: World, address: str) -> str:
    """The name of one of the lab's registries, or ""."""
    return {world.settings.hub_registry: HUB_TITLE, world.settings.ecr_registry: ECR_TITLE}.get(address, "")


def registry_of_name(world: World, name: str) -> str:
    """The name of the lab's registry that an image's name points to; "" where it points to none, or bears no account:
    to Docker Hub that would be an official image.
    """
    reference = parse(name)
    official = reference.registry == DOCKER_HUB and reference.namespace == "library"
    return "" if official else registry_name(world, reference.registry)


def hub_repositories(world: World) -> list[Repository]:
    """The lab's Hub as the learner's account sees it.

    Raises:
        RegistryError: the registry does not answer.
    """
    repositories = []
    for namespace in (world.settings.hub_user, *(() if world.settings.live else OTHERS)):
        try:
            listed = world.hub_owner.hub_repositories(namespace)
        except RegistryError as error:
            if error.observed.startswith("404"):
                continue
            raise
        for entry in sorted(listed, key=lambda one: one.name):
            name = f"{namespace}/{entry.name}"
            found = ((tag, world.hub_owner.manifest(name, tag)) for tag in world.hub_owner.tags(name))
            tags = tuple(
                Tag(tag, held.digest, held.size, _blobs(held), held.identity, held.config.digest)
                for tag, held in found
                if held
            )
            repositories.append(Repository(name, "privado" if entry.private else "público", tags))
    return repositories


def ecr_repositories(world: World) -> list[Repository]:
    """The lab's ECR as the console sees it.

    Raises:
        CloudError: AWS refused.
    """
    repositories = []
    for entry in world.cloud.read("ecr", "describe_repositories")["repositories"]:
        name = entry["repositoryName"]
        words = "privado, tags imutáveis" if entry["imageTagMutability"] == "IMMUTABLE" else "privado"
        repositories.append(Repository(name, words, tuple(sorted(_ecr_tags(world, name), key=lambda tag: tag.name))))
    return sorted(repositories, key=lambda one: one.name)


def _ecr_tags(world: World, repository: str) -> Iterator[Tag]:
    """A tag for each name of each image; what only stands inside an index (its platforms, its attestations) is none."""
    images = world.cloud.read("ecr", "describe_images", repositoryName=repository)["imageDetails"]
    bodies = {image["imageDigest"]: _ecr_body(world, repository, image["imageDigest"])[1] for image in images}
    inside = {entry["digest"] for body in bodies.values() for entry in body.get("manifests", ())}
    for image in images:
        digest, names = image["imageDigest"], image.get("imageTags")
        if digest in inside and not names:
            continue
        held = _ecr_manifest(world, repository, digest, bodies[digest])
        size = int(image.get("imageSizeInBytes", 0))
        identity, config = (held.identity, held.config.digest) if held else (frozenset[str](), "")
        for tag in names or ["(sem tag)"]:
            yield Tag(tag, digest, size, _blobs(held), identity, config)


def ecr_manifest(world: World, repository: str, reference: str) -> Manifest | None:
    """A manifest by tag or digest, through the AWS API; None where there is none for the engine's platform."""
    return _ecr_manifest(world, repository, *_ecr_body(world, repository, reference))


def _ecr_manifest(world: World, repository: str, digest: str, body: Mapping[str, Any]) -> Manifest | None:
    if "manifests" not in body:
        return manifest_of(body, digest) if "layers" in body else None
    mine = of_this_platform(body, world.engine.architecture())
    found = ecr_manifest(world, repository, mine) if mine else None
    return replace(found, digest=digest, platform=mine) if found else None


def _ecr_body(world: World, repository: str, reference: str) -> tuple[str, dict[str, Any]]:
    """Digest and JSON of what a tag or digest gives; an empty object where there is nothing."""
    which = {"imageDigest": reference} if reference.startswith("sha256:") else {"imageTag": reference}
    try:
        images = world.cloud.read("ecr", "batch_get_image", repositoryName=repository, imageIds=[which])["images"]
    except CloudError as error:
        if error.code == "RepositoryNotFoundException":
            return "", {}
        raise
    return (images[0]["imageId"]["imageDigest"], json.loads(images[0]["imageManifest"])) if images else ("", {})


def manifest(world: World, name: str) -> Manifest | None:
    """What one of the lab's registries holds under this name now."""
    reference = parse(name)
    if reference.registry == world.settings.ecr_registry:
        return ecr_manifest(world, reference.repository, reference.tag or reference.digest)
    return world.hub_owner.manifest(reference.repository, reference.tag or reference.digest)


def _blobs(held: Manifest | None) -> tuple[Blob, ...]:
    return tuple(Blob(layer.digest, layer.size) for layer in held.layers) if held else ()


def no_image(name: str) -> LabError:
    """What to say where the image to draw is not there."""
    what = f"A imagem {name} ainda não existe no seu engine. O desenho aparece aqui quando ela existir."
    return LabError(what, "", "docker image ls")


# Layers ------------------------------------------------------------------------------------------


def stack(world: World, name: str, *, places: bool = False) -> pictures.Stack:
    """An image of the engine with its layers; with `places`, which names and registries hold each too.

    Raises:
        LabError: there is no such image.
    """
    image = world.engine.image(name)
    if image is None:
        raise no_image(name)
    base = world.engine.image(BASE_IMAGE)
    inherited = base.layers if base and image.layers[: len(base.layers)] == base.layers else ()
    found = _places(world, name, image) if places else {}
    return pictures.Stack(name, image, world.engine.history(name), inherited, found)


def _places(world: World, name: str, image: Image) -> Mapping[str, tuple[str, ...]]:
    """By layer: other tags of the course in the engine, and tags in the registries, that have it too."""
    images = world.engine.images()
    found: dict[str, set[str]] = {}
    for other in images:
        for local in other.tags:
            if local != name and COURSE_NAME in local and not registry_of_name(world, local):
                for layer in set(other.layers) & set(image.layers):
                    found.setdefault(layer, set()).add(local)
    for title, repositories in (
        (HUB_TITLE, _quietly(hub_repositories, world)),
        (ECR_TITLE, _quietly(ecr_repositories, world)),
    ):
        for repository in repositories:
            for tag in repository.tags:
                held = _local(images, tag)
                for layer in set(held.layers) & set(image.layers) if held else ():
                    found.setdefault(layer, set()).add(f"{title}: {repository.name}:{tag.name}")
    return {layer: tuple(sorted(places)) for layer, places in found.items()}


def _local(images: Sequence[Image], tag: Tag) -> Image | None:
    """The engine's image that a registry's tag gives, where it has it."""
    return next((image for image in images if image.same_as(tag.identity)), None)


def _quietly(read: Callable[[World], list[Repository]], world: World) -> list[Repository]:
    """A registry that does not answer now holds nothing that could be shown; the image is drawn all the same."""
    try:
        return read(world)
    except LabError:
        return []


def push_fates(world: World, name: str, drawn: pictures.Stack) -> dict[str, pictures.Fate]:
    """By layer (diff id): whether the registry has it, can take it from another repository, or needs it sent.

    The engine knows a layer by its unpacked content, a registry by its packed blob. What ties them are images that
    stand on both sides: the same config, the layers in the same order.
    """
    reference = parse(name)
    blobs = _known_blobs(world, reference.registry)
    asked = {blob for found in blobs.values() for blob, _ in found}
    held = _held(world, reference.registry, reference.repository, asked)
    fates: dict[str, pictures.Fate] = {}
    for layer in drawn.image.layers:
        found = blobs.get(layer, set())
        if any(blob in held for blob, _ in found):
            fates[layer] = "there"
        elif found and reference.registry == world.settings.hub_registry:
            fates[layer] = "mount"  # ECR mounts nothing unless told to ("Blob mounting" is off by default)
        else:
            fates[layer] = "travel"
    return fates


def _known_blobs(world: World, address: str) -> dict[str, set[tuple[str, str]]]:
    """By layer (diff id): the blobs that a registry packs it in, each with its repository."""
    found: dict[str, set[tuple[str, str]]] = {}
    images = world.engine.images()
    read = ecr_repositories if address == world.settings.ecr_registry else hub_repositories
    for repository in read(world):
        for tag in repository.tags:
            if local := _local(images, tag):
                layers = local.layers
            elif address == world.settings.hub_registry:
                layers = world.hub_owner.diff_ids(repository.name, tag.config)
            else:
                continue  # ECR gives a config only to the learner's own login, which a picture does not use
            for layer, blob in zip(layers, tag.layers, strict=False):
                found.setdefault(layer, set()).add((blob.digest, repository.name))
    return found


def _held(world: World, address: str, repository: str, blobs: set[str]) -> set[str]:
    """Which of these blobs the repository has: by HEAD, or at ECR by the call that stands for it."""
    if address != world.settings.ecr_registry:
        return {blob for blob in blobs if world.hub_owner.has_blob(repository, blob)}
    with contextlib.suppress(CloudError):  # no such repository
        answer = world.cloud.read(
            "ecr", "batch_check_layer_availability", repositoryName=repository, layerDigests=sorted(blobs)
        )
        return {one["layerDigest"] for one in answer["layers"]}
    return set()


# Names -------------------------------------------------------------------------------------------


def names(world: World, name: str) -> tuple[str, list[pictures.ImageName]]:
    """The id of an image and all of its names, each with what its registry holds.

    Raises:
        LabError: there is no such image.
    """
    image = world.engine.image(name)
    if image is None:
        raise no_image(name)
    found = []
    for tag in sorted(image.tags, key=lambda one: ("/" in one, one)):
        remote = registry_of_name(world, tag)
        held = manifest(world, tag) if remote else None
        same = bool(held and image.same_as(held.identity))
        found.append(pictures.ImageName(tag, remote, held.digest if held else "", same))
    return image.id, found


# AWS ---------------------------------------------------------------------------------------------


def budget(world: World, name: str) -> pictures.Budget | None:
    """A budget with its alerts and the month's spend so far, or None."""
    who: dict[str, Any] = {"AccountId": world.settings.account, "BudgetName": name}
    try:
        found = world.cloud.read("budgets", "describe_budget", **who)["Budget"]
        alerts = world.cloud.read("budgets", "describe_notifications_for_budget", **who)["Notifications"]
    except CloudError as error:
        if error.code == "NotFoundException":
            return None
        raise
    levels = sorted({float(one["Threshold"]) for one in alerts})
    spent = float(found.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Amount", 0))
    return pictures.Budget(name, float(found["BudgetLimit"]["Amount"]), spent, tuple(levels), now(world).day)


def budgets(world: World) -> list[pictures.Told]:
    """All budgets of the account that limit costs, each with whom its alerts tell."""
    account = world.settings.account
    listed = world.cloud.read("budgets", "describe_budgets", AccountId=account).get("Budgets", [])
    found = []
    for name in sorted(one["BudgetName"] for one in listed if one.get("BudgetType") == "COST"):
        one = budget(world, name)
        if one is not None:
            found.append(pictures.Told(one, _told(world, name)))
    return found


def _told(world: World, name: str) -> dict[float, tuple[str, ...]]:
    """By an alert's level: the addresses that it tells."""
    who: dict[str, Any] = {"AccountId": world.settings.account, "BudgetName": name}
    read = world.cloud.read
    told: dict[float, tuple[str, ...]] = {}
    for alert in read("budgets", "describe_notifications_for_budget", **who)["Notifications"]:
        answer = read("budgets", "describe_subscribers_for_notification", Notification=dict(alert), **who)
        told[float(alert["Threshold"])] = tuple(one["Address"] for one in answer.get("Subscribers", []))
    return told


def root(world: World) -> tuple[int, bool]:
    """How many access keys the root user has, and whether it has MFA (IAM API reference, GetAccountSummary)."""
    summary = world.cloud.read("iam", "get_account_summary")["SummaryMap"]
    return int(summary["AccountAccessKeysPresent"]), bool(summary["AccountMFAEnabled"])


def credential(world: World, profile: str, identity: str = "") -> pictures.Credential:
    """What the lab's files hold for a profile; nothing secret."""
    key = world.cloud.profile(profile).get("aws_access_key_id", "")
    return pictures.Credential(profile, masked(key) if key else "", identity if key else "")


def token(world: World) -> pictures.Token | None:
    """The ECR login that Docker keeps, by its dates alone."""
    stored = world.engine.credentials(world.settings.ecr_registry)
    return pictures.Token(world.settings.ecr_registry, ecr_token.issued(stored[1])) if stored else None


def now(world: World) -> datetime:
    """The time by the lab's clock."""
    return datetime.fromisoformat(world.admin.clock()["now"]).astimezone(UTC)


def moved(world: World) -> timedelta:
    """How far the lab's clock is ahead of the machine's."""
    return timedelta(seconds=int(world.admin.clock()["offset_seconds"]))


# Engine ------------------------------------------------------------------------------------------


def origin(world: World, name: str, containers: tuple[str, ...]) -> pictures.Origin:
    """Where an image's and its containers' variables come from; names only.

    Raises:
        LabError: there is no such image.
    """
    image = world.engine.image(name)
    if image is None:
        raise no_image(name)
    told = " ".join(entry.command for entry in world.engine.history(name))
    arguments = tuple(dict.fromkeys(re.findall(r"\bARG (\w+)", told)))
    running = {one.name: one for one in world.engine.containers() if one.image_id in image.identity}
    given = {one: _given(running[one], image) for one in containers if one in running}
    base = world.engine.image(BASE_IMAGE)
    inherited = base.environment if base else {}
    kept = tuple(sorted(key for key, value in image.environment.items() if inherited.get(key) != value))
    return pictures.Origin(name, arguments, kept, given)


def _given(container: Container, image: Image) -> tuple[str, ...]:
    changed = (key for key, value in container.environment.items() if image.environment.get(key) != value)
    return tuple(sorted(changed))


def stations(world: World, version: str, environments: tuple[str, ...]) -> list[pictures.Station]:
    """How far a version of widget-server has come, from the build on."""
    settings = world.settings
    image = world.engine.image(f"widget-server:{version}")
    found = [pictures.Station("build", "Build", f"widget-server:{version}", image.id if image else "")]
    places = (
        ("hub", HUB_TITLE, f"{settings.hub_place}/widget-server:{version}"),
        ("ecr", ECR_TITLE, f"{settings.ecr_registry}/widget-server:{version}"),
    )
    for place, title, name in places:
        held = manifest(world, name)
        about = f"{parse(name).repository}:{version}"
        found.append(pictures.Station(place, title, about, _id(image, held.identity if held else ())))  # type: ignore[arg-type]
    running = {one.name: one for one in world.engine.containers() if one.exit_code is None}
    for name in environments:
        container = running.get(name)
        port = f"porta {container.ports[0]}" if container and container.ports else "não está rodando"
        title = {"homologacao": "Homologação", "producao": "Produção"}[name]
        runs = {container.image_id} if container else ()
        found.append(pictures.Station(name, title, port, _id(image, runs)))  # type: ignore[arg-type]
    return found


def _id(image: Image | None, identity: Collection[str]) -> str:
    """One id for one image, wherever it is: the engine's, where the digests found there stand for its image."""
    return image.id if image and image.same_as(identity) else min(identity, default="")


def running_parts(world: World) -> list[pictures.Running]:
    """The lab's parts as the supervisor and the engine show them."""
    state = sandbox.status(world.settings)
    engine, healthy = state["engine"], {name: part["healthy"] for name, part in state["parts"].items()}
    gateway, addresses = healthy.get("gateway", False), state["addresses"]
    where = "do laboratório" if engine["private"] else "o do seu computador"
    return [
        pictures.Running("engine", "Docker Engine", where, bool(engine["answers"])),
        pictures.Running("gateway", "Gateway (o porteiro)", "confere quem pede", gateway),
        pictures.Running("hub", "Docker Hub daqui", addresses["hub"], gateway and healthy.get("hub", False)),
        pictures.Running("ecr", "ECR daqui", addresses["ecr"], gateway and healthy.get("ecr", False)),
        pictures.Running("aws", "API da AWS daqui", addresses["aws"].removeprefix("http://"), gateway),
    ]

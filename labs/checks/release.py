"""Checks of the final project: one image, free of values, in both registries and in both environments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import IO

from labs.base.marks import APP, TITLE_LABEL
from labs.base.settings import CLONE, Settings
from labs.base.text import short
from labs.base.unpacking import unpacked
from labs.base.verdict import Verdict, failed, passed
from labs.checks import check
from labs.checks.container import named, wait_for_page
from labs.checks.image import VERSION_LABEL, require
from labs.checks.registry import remote_manifest
from labs.seams import image_layers
from labs.seams.engine import Container, Image
from labs.seams.world import World

FROM_OUTSIDE = ("APP_ENV", "APP_COLOR", "KEY_1", "KEY_2")
"""What varies from one environment to another, and so belongs to none of the image's layers."""
VERSION = "APP_VERSION"
SHORTEST = 8
"""Characters of a key that can be told from any other text."""
ENV_FILE = re.compile(r"(^|/)[^/]*\.env(\.[^/]*)?$")
CHUNK = 4 << 20


@check
def released(world: World, refs: list[str], version: str) -> Verdict:
    """Each remote name gives the engine's image of that name; they are one digest; the image is this version and brings
    no value of an environment.
    """
    digests = []
    for reference in refs:
        manifest, image = remote_manifest(world, reference), require(world, reference)
        if not image.same_as(manifest.identity):
            return failed(f"O registry tem outra imagem em {reference}.", f"docker push {reference}")
        if why := flaw(world, reference, image, version):
            return failed(why, "Construa de novo com o Dockerfile da aula 08 e --build-arg APP_VERSION.")
        digests.append(manifest.digest)
    if len(set(digests)) > 1:
        seen = ", ".join(map(short, digests))
        return failed(
            f"Não é a mesma imagem nos dois registries: {seen}.", "Leve a mesma imagem, sem construir de novo."
        )
    places = "no Docker Hub e no ECR" if len(refs) > 1 else "no registry"
    return passed(f"Versão {version} {places}, sem nenhum valor embutido: {short(digests[0])}.", digest=digests[0])


@check
def deployed(world: World, image: str, version: str, environments: dict[str, int]) -> Verdict:
    """Each environment runs the registry's image on its port, with all the values of its file."""
    manifest, local = remote_manifest(world, image), require(world, image)
    if not local.same_as(manifest.identity):
        return failed(f"A imagem {image} daqui não é a que está no registry.", f"docker pull {image}")
    if why := flaw(world, image, local, version):
        return failed(why, "Construa de novo com o Dockerfile da aula 08 e --build-arg APP_VERSION.")
    for name, port in environments.items():
        container = named(world, name)
        if container is None or container.exit_code is not None:
            return failed(
                f"O container {name} não está rodando.", f"docker start {name}" if container else "docker ps -a"
            )
        if why := _misplaced(world.settings, container, local, port):
            return failed(why, f"docker rm -f {name}")
        health, page = wait_for_page(world, port, container)
        if not health:
            return failed(f"A página na porta {port} não respondeu: {page}", f"docker logs {name}")
        if (health.get("version"), health.get("environment")) != (version, name):
            found = f"versão {health.get('version')}, ambiente {health.get('environment')}"
            return failed(f"A página na porta {port} diz {found}.", f"docker rm -f {name}")
    running = " e ".join(environments)
    return passed(f"{running}: {version}, o digest do ECR, {short(manifest.digest)}.", digest=manifest.digest)


def flaw(world: World, reference: str, image: Image, version: str) -> str:
    """Why an image is no release of this version; empty where it is one."""
    if image.labels.get(TITLE_LABEL) != APP:
        return f"{reference} não foi construída pelo Dockerfile do {APP}."
    said = {image.labels.get(VERSION_LABEL, ""), image.environment.get(VERSION, "")}
    if said != {version}:
        return f"{reference} diz ser a versão {' e '.join(sorted(said))}, e não {version}."
    if baked := [name for name in FROM_OUTSIDE if name in image.environment]:
        return f"{reference} traz valores embutidos: {', '.join(baked)}."
    secrets = values(world.settings)
    for entry in world.engine.history(reference):
        told = [name for name in FROM_OUTSIDE if f"{name}=" in entry.command]
        if told or any(value in entry.command for value in secrets):
            return f"O histórico de {reference} mostra valores de um ambiente{': ' if told else ''}{', '.join(told)}."
    if any(value in text for value in secrets for text in (*image.labels.values(), *image.environment.values())):
        return f"{reference} traz a chave de um ambiente num LABEL ou ENV."
    if carried := _carried(world.settings, image.id, secrets):
        return f"{reference} leva valores de um ambiente em {', '.join(carried)}."
    return ""


def _misplaced(settings: Settings, container: Container, image: Image, port: int) -> str:
    """Why a container is not this environment's; no value is shown."""
    name = container.name
    if container.image_id not in image.identity:
        return f"O container {name} roda outra imagem, e não a que está no ECR."
    if port not in container.ports:
        ports = ", ".join(map(str, container.ports)) or "nenhuma"
        return f"O container {name} publica a porta {ports}, e não a {port}."
    wanted = env_file(settings.work / APP / "exemplos" / f"{name}.env")
    other = [variable for variable, value in wanted.items() if container.environment.get(variable) != value]
    return f"O container {name} não tem os valores de exemplos/{name}.env: {', '.join(other)}." if other else ""


def env_file(path: Path) -> dict[str, str]:
    """Docker's form of a file of variables (docs.docker.com/reference/cli/docker/container/run, "--env-file")."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = [line.lstrip().partition("=") for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {name: value for name, equals, value in pairs if equals}


def values(settings: Settings) -> frozenset[str]:
    """The keys of both environments, as the learner's files and the kit's own say them; a short one may be anything."""
    folders = (settings.work / APP, CLONE / APP)
    files = (folder / "exemplos" / f"{name}.env" for folder in folders for name in ("homologacao", "producao"))
    found = {value for file in files for name, value in env_file(file).items() if name.startswith("KEY")}
    return frozenset(value for value in found if len(value) >= SHORTEST)


@lru_cache(maxsize=8)
def _carried(settings: Settings, image_id: str, secrets: frozenset[str]) -> tuple[str, ...]:
    """Files of variables in an image's layers, and layers with an environment's key in whatever file; an id's content
    never changes, so each is unpacked once.
    """
    holding: set[str] = set()

    def look(member: str, stream: IO[bytes]) -> None:
        if holds(stream, secrets):
            holding.add(member)

    image = image_layers.read(settings, [image_id], look)[0]
    files = {path for layer in image_layers.paths(image) for path in layer if ENV_FILE.search(path)}
    numbers = [f"layer {number}" for number, layer in enumerate(image.layers, 1) if layer.member in holding]
    return tuple(sorted(files)) or tuple(numbers)


def holds(stream: IO[bytes], secrets: Iterable[str]) -> bool:
    """Whether one of the texts stands in a layer, packed or not.

    Raises:
        UnknownCompressionError: this Python cannot read it.
    """
    content = unpacked(stream) or stream
    wanted = [secret.encode() for secret in secrets]
    longest, tail = max(map(len, wanted), default=0), b""
    while chunk := content.read(CHUNK):
        if any(secret in tail + chunk for secret in wanted):
            return True
        tail = chunk[-longest:] if longest else b""
    return False

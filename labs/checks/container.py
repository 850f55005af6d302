"""Checks of containers and of the pages they serve."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from labs.base.errors import SandboxError
from labs.base.verdict import Verdict, failed, passed
from labs.base.wait import Look, until
from labs.checks import check
from labs.checks.image import require
from labs.seams.engine import Container, Image
from labs.seams.unix_http import request
from labs.seams.world import World

READY_SECONDS = 15.0
"""How long a container just started may take until its page answers."""
LOOK_SECONDS = 0.05


@check
def page_answers(
    world: World,
    port: int,
    image: str,
    keys: list[str] | None = None,
    hidden: list[str] | None = None,
    environment: str = "",
    name: str = "",
) -> Verdict:
    """The page on a host port comes from a container of this image (with this name, where one is given), and says what
    it should and nothing more.
    """
    container = _publishing(world, port, require(world, image))
    if container is None:
        return _nobody(world, image, port)
    if name and container.name != name:
        return failed(
            f"O container na porta {port} se chama {container.name}, e não {name}.", f"docker rm -f {container.name}"
        )
    health, page = wait_for_page(world, port, container)
    if not health:
        return failed(f"A página na porta {port} não respondeu: {page}", f"docker logs {container.name}")
    unset = [name for name in keys or () if not health.get("keys", {}).get(name)]
    if unset:
        return failed(f"A página diz que falta {', '.join(unset)}.", "Passe as variáveis com -e.")
    shown = [value for value in hidden or () if value in page]
    if shown:
        return failed("A página mostra o valor de uma chave.", "Chaves nunca podem aparecer na página.")
    if environment and health.get("environment") != environment:
        return failed(
            f"A porta {port} é do container {container.name}, no ambiente “{health.get('environment')}”, "
            f"e não “{environment}”.",
            f"docker ps --filter publish={port}",
        )
    summary = _page_summary(port, health, keys)
    if port in container.exposed:
        summary += f" A porta {port} está aberta à rede; só para esta máquina seria -p 127.0.0.1:{port}:3333."
    return passed(summary, image=container.image_id)


def _page_summary(port: int, health: dict[str, Any], keys: list[str] | None) -> str:
    text = f"http://127.0.0.1:{port} responde: versão {health['version']}, ambiente {health['environment']}"
    return f"{text}, {' e '.join(keys)} definidas (sem mostrar os valores)." if keys else f"{text}."


@check
def containers_absent(
    world: World, names: list[str] | None = None, ports: list[int] | None = None, image: str = ""
) -> Verdict:
    """No container has one of these names or publishes one of these ports; with an image, only containers made from
    it count (all of them, where neither names nor ports are given): others are none of the lab's business.
    """
    found = world.engine.image(image) if image else None

    def meant(container: Container) -> bool:
        if image and container.image != image and not (found and container.image_id in found.identity):
            return False
        publishes = container.exit_code is None and bool(set(container.ports) & set(ports or ()))
        return container.name in (names or ()) or publishes or (names is None and ports is None)

    left = [container.name for container in world.engine.containers() if meant(container)]
    if left:
        return failed(f"Ainda existe: {', '.join(left)}.", f"docker rm -f {' '.join(left)}")
    return passed("Os containers deste passo não existem mais.")


@check
def container_exited(
    world: World, name: str, log: str, image: str = "", code: int = 0, without: list[str] | None = None
) -> Verdict:
    """The container stopped with an error that its log explains.

    Args:
        image: of which it was made (any where empty); `code`: with which it stopped (any but 0 where 0).
        without: variables that it was not given.
    """

    def look() -> Look:
        now = named(world, name)
        return Look(now is None or now.exit_code is not None)

    with contextlib.suppress(SandboxError):
        until(f"o container {name} parar", look, READY_SECONDS, interval=LOOK_SECONDS)
    container = named(world, name)
    if container is None:
        return failed(f"Não há container com o nome {name}.", f"docker run --name {name} -d widget-server:v2")
    if container.exit_code is None:
        return failed(f"O container {name} continua rodando.", f"docker logs {name}")
    if container.exit_code == 0:
        return failed(f"O container {name} terminou sem erro.", f"docker logs {name}")
    if code and container.exit_code != code:
        return failed(f"{name} parou com o código {container.exit_code}, e não {code}.", f"docker logs {name}")
    if image and container.image_id not in require(world, image).identity:
        return failed(f"{name} não foi feito de {image}.", f"docker rm -f {name}")
    if given := [variable for variable in without or () if variable in container.environment]:
        return failed(f"{name} recebeu {', '.join(given)}.", f"docker rm -f {name}")
    if log not in world.engine.logs(name):
        return failed(f"O log de {name} não fala de {log}.", f"docker logs {name}")
    return passed(f"{name} parou com o código {container.exit_code}; o log diz que falta {log}.")


@check
def container_said(world: World, name: str, image: str) -> Verdict:
    """The container was made of the image, printed something and ended well."""
    container = named(world, name)
    if container is None:
        return failed(f"Não há container com o nome {name}.", "docker ps -a")
    if container.image_id not in require(world, image).identity:
        return failed(f"{name} não foi feito de {image}.", f"docker rm -f {name}")
    if container.exit_code is None:
        return failed(f"O container {name} continua rodando.", f"docker logs {name}")
    if container.exit_code:
        return failed(f"{name} terminou com erro, código {container.exit_code}.", f"docker logs {name}")
    said = next(filter(None, map(str.strip, world.engine.logs(name).splitlines())), "")
    if not said:
        return failed(f"{name} terminou sem escrever nada.", f"docker rm {name}")
    return passed(f"{name} nasceu de {image}, escreveu “{said[:80]}” e terminou.")


@check
def environments(world: World, names: list[str], image: str = "", named_alike: bool = False) -> Verdict:
    """Containers of one image, each with its own environment (that of its own name, where they are `named_alike`), all
    answering.
    """
    found = [named(world, name) for name in names]
    missing = [
        name for name, container in zip(names, found, strict=True) if not container or container.exit_code is not None
    ]
    if missing:
        return failed(f"Não está rodando: {', '.join(missing)}.", "docker ps -a")
    running = [container for container in found if container]
    ids = {container.image_id for container in running}
    if len(ids) > 1 or (image and not require(world, image).same_as(ids)):
        return failed("Os ambientes não usam a mesma imagem.", "Suba os dois a partir da mesma tag.")
    values = [container.environment.get("APP_ENV", "") for container in running]
    if len(set(values)) < len(values):
        return failed(
            f"Os ambientes têm o mesmo APP_ENV: {', '.join(values)}.", "Use um --env-file para cada ambiente."
        )
    swapped = [one.name for one, value in zip(running, values, strict=True) if value != one.name]
    if swapped and named_alike:
        return failed(f"Não roda com o APP_ENV do seu nome: {', '.join(swapped)}.", "Use o --env-file do mesmo nome.")
    for container in running:
        health, page = wait_for_page(world, container.ports[0] if container.ports else 0, container)
        if not health:
            return failed(f"{container.name} não respondeu: {page}", f"docker logs {container.name}")
    return passed(f"{' e '.join(names)}: a mesma imagem, valores diferentes.", image=next(iter(ids)))


def _nobody(world: World, image: str, port: int) -> Verdict:
    """No container of the image publishes the port; one of the same name may, made before it was built again."""
    for one in world.engine.containers():
        if port in one.ports and one.image == image and one.exit_code is None:
            what = f"A porta {port} é do container {one.name}, que ainda roda a {image} de antes do último build."
            return failed(what, f"docker rm -f {one.name}")
    return failed(f"Nenhum container de {image} publica a porta {port}.", f"docker ps --filter publish={port}")


def _publishing(world: World, port: int, image: Image) -> Container | None:
    for container in world.engine.containers():
        if port in container.ports and container.image_id in image.identity and container.exit_code is None:
            return container
    return None


def named(world: World, name: str) -> Container | None:
    """The container of this name, running or not."""
    return next((container for container in world.engine.containers() if container.name == name), None)


def wait_for_page(world: World, port: int, container: Container) -> tuple[dict[str, Any], str]:
    """The app's health and page, or ({}, last thing observed) where it does not answer in time or stops."""
    found: tuple[dict[str, Any], str] = {}, ""

    def look() -> Look:
        nonlocal found
        try:
            found = dict(json.loads(_get(port, "/health"))), _get(port, "/")
            return Look(True)
        except (OSError, ValueError) as error:
            observed = str(error)
        now = named(world, container.name)
        if now is None or now.exit_code is not None:
            found = {}, f"o container {container.name} parou"
            return Look(True)
        return Look(False, observed)

    try:
        until("a página responder", look, READY_SECONDS, interval=LOOK_SECONDS)
    except SandboxError as error:
        return {}, error.observed
    return found


def page_of(port: int) -> str:
    """The page on a host port; empty where none answers."""
    try:
        return _get(port, "/")
    except (OSError, ValueError):
        return ""


def _get(port: int, path: str) -> str:
    reply = request(f"http://127.0.0.1:{port}", "GET", path, timeout=5)
    if reply.status != 200:
        raise ConnectionError(f"HTTP {reply.status} em {path}")
    return reply.body.decode("utf-8")

"""Checks of images in the engine."""

from __future__ import annotations

import re
from pathlib import Path

from labs.base.errors import LabError
from labs.base.marks import APP, TITLE_LABEL
from labs.base.settings import CLONE
from labs.base.text import plural, short
from labs.base.verdict import Verdict, failed, passed
from labs.checks import check
from labs.sandbox.workspace import BASE_ARGUMENT
from labs.seams.engine import Image
from labs.seams.world import World

VERSION_LABEL = "org.opencontainers.image.version"


def require(world: World, reference: str) -> Image:
    """The image, or an error that says it is missing (which `judge` turns into a verdict)."""
    found = world.engine.image(reference)
    if found is None:
        raise LabError(f"A imagem {reference} não existe no engine.", "", "docker image ls")
    return found


def require_built(world: World, reference: str, version: str) -> Image:
    """The image, built from widget-server's Dockerfile in this version (any image where empty), or an error that says
    what it is instead.
    """
    image = require(world, reference)
    if version and (why := _other_build(image, reference, version)):
        raise LabError(why, "", "docker image ls")
    return image


def _other_build(image: Image, reference: str, version: str) -> str:
    """Why it is not widget-server's of this version; empty where it is. Its labels say so, which only a build sets."""
    found = image.labels.get(VERSION_LABEL)
    if image.labels.get(TITLE_LABEL) != APP:
        return f"{reference} existe, mas não foi construída pelo Dockerfile do widget-server."
    return f"{reference} tem a versão {found}, e não {version}." if version and found != version else ""


@check
def image_built(world: World, ref: str, version: str = "") -> Verdict:
    """The image was built from widget-server's Dockerfile, in this version (any where empty): its labels say so."""
    image = require(world, ref)
    if why := _other_build(image, ref, version):
        return failed(why, "Confira o Dockerfile e o seu ARG APP_VERSION, e construa de novo.")
    found = image.labels.get(VERSION_LABEL)
    return passed(f"{ref} foi construída: versão {found}, {len(image.layers)} layers.", id=image.id)


@check
def untagged_image(world: World, version: str) -> Verdict:
    """An image of widget-server that has an id and no name."""
    for image in world.engine.images():
        if not image.tags and image.labels.get(VERSION_LABEL) == version:
            return passed("Existe uma imagem sem nenhuma tag: ela só tem o id.", id=image.id)
    return failed("Não encontrei uma imagem do widget-server sem tag.", "Rode o build sem a opção -t.")


@check
def same_image(world: World, refs: list[str]) -> Verdict:
    """Several names, one image."""
    found = {reference: require(world, reference) for reference in refs}
    first = found[refs[0]]
    if not all(first.same_as(image.identity) for image in found.values()):
        seen = ", ".join(f"{reference} = {short(image.id)}" for reference, image in found.items())
        return failed(f"Os nomes apontam para imagens diferentes: {seen}.", "Dê o segundo nome de novo com docker tag.")
    return passed(f"Os {len(refs)} nomes são da mesma imagem.", id=first.id)


@check
def same_build(world: World, refs: list[str]) -> Verdict:
    """Two builds gave the same image: everything came from the cache."""
    first, *others = refs
    image = require(world, first)
    for reference in others:
        if not image.same_as(require(world, reference).identity):
            return failed(
                f"{reference} não é a mesma imagem que {first}: algo mudou entre os dois builds.",
                "Confira se o Dockerfile e os arquivos são os mesmos e construa as duas de novo.",
            )
    return passed(f"{' e '.join(refs)} são a mesma imagem: tudo veio do cache.", id=image.id)


@check
def left_out(world: World, refs: list[str], file: str) -> Verdict:
    """A file lies in the working copy and changed nothing of the image: `.dockerignore` kept it out."""
    if not (world.settings.work / APP / file).is_file():
        return failed(f"O arquivo {file} não está na pasta {APP}.", f"ls -a {Path(file).parent}")
    verdict = same_build(world, refs)
    if not verdict.passed:
        return verdict
    return passed(f"{file} ficou fora: {refs[-1]} é a mesma imagem que {refs[0]}.", **verdict.evidence)


@check
def name_impossible(world: World, name: str, kept: str) -> Verdict:
    """No image bears a name that Docker refuses, and the one that was to get it is still there."""
    image = require(world, kept)
    if name in image.tags:
        return failed(f"A imagem tem o nome {name}.", f"docker rmi {name}")
    return passed(f"Nenhuma imagem se chama {name}: o Docker só aceita minúsculas no repositório.", id=image.id)


@check
def name_removed(world: World, removed: str, kept: str) -> Verdict:
    """One name is gone and the image is still there under another."""
    if world.engine.image(removed):
        return failed(f"O nome {removed} ainda existe.", f"docker rmi {removed}")
    return passed(f"O nome {removed} saiu; a imagem continua como {kept}.", id=require(world, kept).id)


@check
def image_env(
    world: World, ref: str, present: list[str] | None = None, absent: list[str] | None = None, version: str = ""
) -> Verdict:
    """Which variables are baked into the image, by name; values are never shown. With a `version`, the image must be
    widget-server's of that version.
    """
    image = require(world, ref)
    if version and not (verdict := image_built(world, ref, version)).passed:
        return verdict
    missing = [name for name in present or () if name not in image.environment]
    baked = [name for name in absent or () if name in image.environment]
    if missing:
        return failed(f"A imagem {ref} não traz {', '.join(missing)}.", "Construa de novo com o Dockerfile certo.")
    if baked:
        return failed(
            f"A imagem {ref} ainda traz {', '.join(baked)}.", "Tire essas linhas ENV do Dockerfile e construa de novo."
        )
    if present:
        return passed(f"A imagem {ref} traz embutidas: {', '.join(present)}.", id=image.id)
    return passed(f"A imagem {ref} não traz mais {', '.join(absent or ())}.", id=image.id)


@check
def layers_differ(world: World, refs: list[str], new: int) -> Verdict:
    """The second image shares all layers with the first but `new` ones."""
    first, second = (require(world, reference) for reference in refs)
    fresh = [layer for layer in second.layers if layer not in first.layers]
    if len(fresh) != new:
        return failed(
            f"{plural(len(fresh), 'layer mudou', 'layers mudaram')} entre as duas imagens; era para mudar {new}.",
            "Mude só um arquivo de widget_server/.",
        )
    shared = len(second.layers) - new
    return passed(f"{shared} layers em comum, {new} diferente.", id=second.id)


@check
def history_contains(world: World, ref: str, text: str) -> Verdict:
    """Whoever has the image reads this in its history."""
    require(world, ref)
    if any(text in entry.command for entry in world.engine.history(ref)):
        return passed(f"O valor “{text}” aparece no histórico de {ref}: quem tem a imagem lê.")
    return failed(f"O histórico de {ref} não mostra “{text}”.", f"docker history --no-trunc {ref}")


@check
def build_arg(world: World, ref: str, name: str, value: str) -> Verdict:
    """An ARG was there during the build and is not there at run time."""
    image = require(world, ref)
    given = re.compile(rf"(?<!\w){name}={re.escape(value)}(?![\w.-])")
    used = any(given.search(entry.command) for entry in world.engine.history(ref))
    if not used:
        return failed(f"O build de {ref} não recebeu {name}={value}.", f"Use --build-arg {name}={value}.")
    if name in image.environment:
        return failed(f"{name} continua na imagem como ENV.", "Um ARG só some da execução se nenhum ENV o copiar.")
    return passed(f"{name} existiu durante o build e não existe na execução.", id=image.id)


@check
def env_of_image(world: World, ref: str, name: str, value: str) -> Verdict:
    """The image brings this variable with this (unsecret) value, which a run may then override."""
    found = require(world, ref).environment.get(name)
    if found != value:
        return failed(f"O ENV {name} de {ref} não diz “{value}”.", "Construa de novo com exemplos/Dockerfile.arg.")
    return passed(f"A imagem diz {name}={value}, e um container dela rodou: a saída mostra quem venceu.")


@check
def same_file(world: World, paths: list[str]) -> Verdict:
    """The second file of the working copy is as the first one is in the kit: a copy in the other direction is none."""
    source, target = paths
    wanted = _recipe(CLONE / APP / source)
    if _recipe(world.settings.work / APP / target) != wanted:
        if _recipe(world.settings.work / APP / source) != wanted:
            return failed(f"{source} mudou, e {target} não é como ele era.", f"python3 -m labs recover {source}")
        return failed(f"{' e '.join(paths)} ainda não são iguais.", f"cp -b {source} {target}")
    return passed(f"{target} é igual a {source}.")


def _recipe(path: Path) -> str | None:
    """A Dockerfile without the name of its base image, which a lab may have under another; None where there is none."""
    try:
        return BASE_ARGUMENT.sub("", path.read_bytes().decode("utf-8"))
    except (OSError, ValueError):
        return None

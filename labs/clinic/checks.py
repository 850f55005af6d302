"""Checks of the clinic: a fault is in, its message was met, the repair holds.

`judge` itself asks first that the case is open.
"""

from __future__ import annotations

import re

from labs.base.reference import parse
from labs.base.text import short
from labs.base.verdict import Verdict, failed, passed
from labs.checks import check
from labs.checks.cloud import access_key, ecr_image, only_active_keys
from labs.checks.container import environments
from labs.checks.image import VERSION_LABEL, require
from labs.checks.registry import logged_in, remote_manifest
from labs.clinic import belongings, cases
from labs.clinic.open_case import OpenCase
from labs.clinic.witness import file_in_layers, look_into, may
from labs.course.catalog import case_number
from labs.seams import image_layers
from labs.seams.world import World


@check
def fault(world: World, case: str) -> Verdict:
    """The case's fault is in the state now."""
    return cases.present(world, case)


@check
def met(
    world: World, service: str, code: str = "", repository: str = "", reference: str = "", message: str = ""
) -> Verdict:
    """Such a request was refused since the fault was put in; what the case itself did on its way does not count.

    `repository` is empty where any is meant: who has no credentials yet may be refused at `/v2/` or at the repository.
    `reference` is the tag or digest that the request named: none for a layer, any where it is `*`.
    """
    case = OpenCase.load(world.settings)
    for event in reversed(world.admin.events(case.ready if case else 0)):
        if (
            event["kind"] == "refused"
            and event["service"] == service
            and repository in ("", event["repository"])
            and reference in ("*", event["reference"])
            and code in ("", event["code"])
            and message in event["message"]
        ):
            # What the gateway knows may say more than the client printed: the diagnosis is the learner's.
            return passed(
                "A requisição foi recusada. Leia a mensagem até o fim, na saída do comando.", event=event["seq"]
            )
    return failed("O registry ainda não recusou esta requisição.", "Rode o comando do passo e leia a última linha.")


@check
def start_refused(world: World, name: str, port: int) -> Verdict:
    """A container was created for this port and never started."""
    found = next((one for one in world.engine.containers() if one.name == name), None)
    if found is None:
        return failed(f"Não há container com o nome {name}.", "Rode o comando do passo e leia a última linha.")
    if found.status != "created" or port not in found.ports or not found.exit_code:
        return failed(f"O container {name} está {found.status}, e não foi recusado.", "docker ps -a")
    return passed(f"O container {name} foi criado e não iniciou: a porta {port} é de outro.")


@check
def pulled_by(world: World, ref: str, user: str) -> Verdict:
    """The engine has the image, and this account pulled it since the case opened."""
    name, case = parse(ref), OpenCase.load(world.settings)
    image = require(world, ref)
    for event in world.admin.events(case.ready if case else 0):
        if (event["kind"], event["repository"], event["user"]) == ("pull", name.repository, user):
            return passed(f"{user} fez o pull de {name.repository}, no limite da própria conta.", id=image.id)
    return failed(f"O Docker Hub ainda não viu {user} fazer este pull.", f"docker pull {ref}")


@check
def login_in_region(world: World, profile: str, registry: str) -> Verdict:
    """The profile asks in the registry's region, and the login that it gave is accepted."""
    region = world.cloud.profile(profile).get("region", "")
    if region != world.settings.region:
        command = f"aws configure set region {world.settings.region} --profile {profile}"
        return failed(f"O perfil {profile} ainda pede o token em {region or 'nenhuma região'}.", command)
    verdict = logged_in(world, registry)
    return passed(f"O perfil {profile} está em {region}. {verdict.observed}") if verdict.passed else verdict


@check
def new_tag(world: World, ref: str, kept: str) -> Verdict:
    """The corrected image is in ECR under a new tag, and the old tag still gives another image."""
    verdict = ecr_image(world, ref)
    if not verdict.passed:
        return verdict
    old = remote_manifest(world, kept)
    if require(world, ref).same_as(old.identity):
        return failed(f"{kept} e {ref} são a mesma imagem.", f"docker push {ref}")
    if not require(world, ref).same_as(require(world, kept).identity):
        return failed(f"{ref} não é a imagem corrigida, que o engine tem em {kept}.", "docker image ls")
    return passed(f"A tag nova tem a imagem corrigida; a antiga continua em {short(old.digest)}.", **verdict.evidence)


@check
def push_allowed(world: World, user: str, ref: str) -> Verdict:
    """The user's policies allow the push and not much beyond it, and the image arrived."""
    repository = parse(ref).repository
    if may(world, user, "ecr:DeleteRepository", repository):
        what = f"A política de {user} deixa até apagar o repositório: é mais do que um push precisa."
        return failed(what, "cat ../clinica/politica-push.json")
    if not may(world, user, "ecr:PutImage", repository):
        return failed(f"A política de {user} ainda não permite ecr:PutImage.", "cat ../clinica/politica-push.json")
    return ecr_image(world, ref)


@check
def context_arrived(world: World, ref: str, kept: str) -> Verdict:
    """The image was built from a folder that has this file."""
    image = require(world, ref)
    if not any(kept in layer for layer in image_layers.files(world, ref)):
        return failed(f"{ref} não veio da pasta do script: falta {kept}.", "cat ../clinica/sem-contexto/construir.sh")
    return passed(f"{ref} tem {kept}: a pasta do script foi o build context.", id=image.id)


@check
def secret_in_layers(world: World, ref: str, path: str, hidden: bool = False) -> Verdict:
    """The file is in a layer, whether or not a later layer hides it; with `hidden`, one must."""
    return file_in_layers(world, ref, path, hidden)


@check
def secret_absent(world: World, ref: str, path: str, kept: str) -> Verdict:
    """No layer has the file, nor its secret under another name; the image has what it is for."""
    image = require(world, ref)
    found, leaked = look_into(world, ref)
    if any(path in layer for layer in found):
        return failed(f"{path} ainda está numa layer de {ref}.", "cat ../clinica/segredo-na-layer/.dockerignore")
    if leaked:
        return failed(f"Uma layer de {ref} ainda tem um segredo, com outro nome: {leaked}.", f"docker history {ref}")
    if not any(kept in layer for layer in found):
        return failed(f"{ref} não tem {kept}: o build context saiu vazio.", "Confira o que o .dockerignore exclui.")
    return passed(f"Nenhuma das {len(found)} layers de {ref} tem {path}.", id=image.id)


@check
def key_rotated(world: World, user: str, file: str) -> Verdict:
    """The user has one key, active: the one in the file, which is not the one that leaked."""
    verdict = only_active_keys(world, user, 1)
    return access_key(world, user, file) if verdict.passed else verdict


@check
def argument_absent(world: World, ref: str, argument: str, tokens: list[str], kept: str) -> Verdict:
    """No value of the build argument stands in the history or the environment, none of the tokens in a layer; the file
    that the build needed it for is there.
    """
    image = require(world, ref)
    told = [entry.command for entry in world.engine.history(ref)]
    if argument in image.environment or any(re.search(rf"\b{argument}=\S", line) for line in told):
        return failed(f"Quem tem {ref} ainda lê o token no histórico.", f"docker history --no-trunc {ref}")
    found, leaked = look_into(world, ref, tokens)
    if leaked:
        return failed(f"O token está escrito dentro de {ref}.", f"docker history --no-trunc {ref}")
    if not any(kept in layer for layer in found):
        return failed(f"{ref} não tem {kept}.", "cat ../clinica/segredo-no-arg/Dockerfile.limpo")
    return passed(f"{ref} tem {kept}, e o token não está no histórico.", id=image.id)


@check
def same_by_digest(world: World, names: list[str], pinned: str, version: str) -> Verdict:
    """The environments run one image, the one of this version, and this one names it by digest."""
    running = {
        one.name: one.image_id for one in world.engine.containers() if one.name in names and one.exit_code is None
    }
    if len(running) == len(names) and len(set(running.values())) > 1:
        return failed(f"{pinned} não roda a imagem que foi aprovada em homologação.")
    verdict = environments(world, names)
    if not verdict.passed:
        return verdict
    found = next(one for one in world.engine.containers() if one.name == pinned)
    image = world.engine.image(found.image_id)
    if image is None or image.labels.get(VERSION_LABEL) != version:
        return failed("Os dois rodam a mesma imagem, mas não a que foi aprovada em homologação.", "docker ps")
    if "@sha256:" not in found.image:
        return failed(f"{pinned} ainda usa o nome {found.image}, que pode mudar de imagem.", "docker ps")
    return passed(f"{verdict.observed} {pinned} fixa o digest.", digest=found.image.partition("@")[2])


@check
def clinic_closed(world: World) -> Verdict:
    """No case is open, and nothing that the clinic made is left."""
    if name := cases.current(world.settings):
        return failed(f"O caso {case_number(name)} continua aberto.", "python3 -m labs.drill --undo")
    left = [item.name for item in belongings.items(world)]
    if left:
        return failed(f"Ainda existe: {', '.join(left)}.", "python3 -m labs.drill --undo")
    return passed("Nenhum caso aberto, e nada da clínica no laboratório.")

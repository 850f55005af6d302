"""What is wrong in the cases of the registries and of AWS."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from labs.base.errors import CloudError
from labs.base.reference import familiar
from labs.base.settings import Settings
from labs.base.verdict import Verdict, failed, passed
from labs.checks.cloud import key_status
from labs.clinic import belongings
from labs.clinic.ingredients import READ, Fault, Ingredients
from labs.clinic.open_case import CLOCK_CASE, PULL_CASE, OpenCase
from labs.clinic.witness import may
from labs.seams.registry import HttpRegistry
from labs.seams.world import World

PULLS = 10
"""Pulls that the case of the limit allows to clients without a login, all spent when the case opens."""
EXPIRED_HOURS = 13
WRONG_REGION = "us-east-1"


def _absent(world: World, registry: str) -> Verdict | None:
    """None where Docker keeps no login for a registry, else why the fault is gone."""
    if world.engine.credentials(registry):
        return failed(f"O Docker já tem um login para {registry}.")
    return None


# Docker Hub -------------------------------------------------------------------------------------


def _no_login(ingredients: Ingredients) -> None:
    ingredients.patient(f"{ingredients.hub}/clinica:v1")
    ingredients.log_out(ingredients.settings.hub_registry)


def _no_login_present(world: World) -> Verdict:
    return _absent(world, world.settings.hub_registry) or passed("A imagem está pronta para o push, e ele não passa.")


def _wrong_password(ingredients: Ingredients) -> None:
    ingredients.secret("clinica-token-antigo", secrets.token_urlsafe(24) + "\n")
    ingredients.log_out(ingredients.settings.hub_registry)


def _wrong_password_present(world: World) -> Verdict:
    if not (world.settings.secrets / "clinica-token-antigo").exists():
        return failed("O arquivo do token deste caso não existe.")
    return _absent(world, world.settings.hub_registry) or passed("O token está no arquivo, e o login não passa.")


def _other_account(ingredients: Ingredients) -> None:
    ingredients.patient(_of_another(ingredients.settings))
    ingredients.log_in_to_hub()


def _of_another(settings: Settings) -> str:
    return familiar(f"{settings.hub_registry}/{belongings.OTHER}/clinica:v1")


def _other_account_present(world: World) -> Verdict:
    name = _of_another(world.settings)
    if not world.engine.image(name):
        return failed(f"O nome {name} não existe no engine.")
    if not world.engine.credentials(world.settings.hub_registry):
        return failed("O Docker não tem login no Docker Hub.")
    return passed("O login está feito, e o push não passa.")


def _pull_limit(ingredients: Ingredients) -> None:
    """Always a new image: of one at hand, `docker pull` only asks whether it is current (HEAD), which is free. Not one
    that was built here: in containerd's store the builder's cache keeps its manifest at hand.
    """
    name = f"{ingredients.hub}/clinica:v1"
    ingredients.patient()
    ingredients.derive(name, f"turma={secrets.token_hex(4)}")
    ingredients.log_in_to_hub()
    ingredients.push(name)
    ingredients.docker("rmi", "clinica:v1", name)
    ingredients.log_out(ingredients.settings.hub_registry)
    ingredients.world.admin.hub_limits(PULLS)
    hub = ingredients.settings.hub_registry
    anybody = HttpRegistry(hub, marked=False, url=ingredients.settings.registry_url(hub))
    for _ in range(PULLS):  # what a whole class behind one address does
        anybody.manifest(f"{ingredients.settings.hub_user}/clinica", "v1")


def _pull_limit_present(world: World) -> Verdict:
    case = OpenCase.load(world.settings)
    spent = [
        event
        for event in world.admin.events(case.began if case else 0)
        if event["service"] == "hub" and event["kind"] == "pull" and not event["user"]
    ]
    if case is None or len(spent) < PULLS:
        return failed("O limite de pulls deste caso não foi gasto.")
    return _absent(world, world.settings.hub_registry) or passed(f"A turma já fez {PULLS} pulls do mesmo endereço.")


# ECR --------------------------------------------------------------------------------------------


def _ecr_push(ingredients: Ingredients, *actions: str, repository: bool = True) -> None:
    """All that a push to ECR needs."""
    if repository:
        ingredients.repository()
    ingredients.user(*actions)
    ingredients.patient(f"{ingredients.ecr}/clinica:v1")
    ingredients.log_in_to_ecr()


def _no_credentials(ingredients: Ingredients) -> None:
    _ecr_push(ingredients)
    ingredients.log_out(ingredients.ecr)


def _no_credentials_present(world: World) -> Verdict:
    return _absent(world, world.settings.ecr_registry) or passed("Repositório e imagem existem, e o push não passa.")


def _expired(ingredients: Ingredients) -> None:
    _ecr_push(ingredients)
    admin = ingredients.world.admin
    admin.set_clock(int(admin.clock()["offset_seconds"]) + EXPIRED_HOURS * 3600)


def _expired_present(world: World) -> Verdict:
    case, offset = OpenCase.load(world.settings), int(world.admin.clock()["offset_seconds"])
    if case is None or offset < case.clock + EXPIRED_HOURS * 3600:
        return failed("O relógio do laboratório não andou.")
    return passed("O login foi feito ontem, e hoje o push não passa.")


def _other_region(ingredients: Ingredients) -> None:
    ingredients.user()
    stored = ingredients.world.cloud.profile(belongings.PROFILE)
    ingredients.profile(stored["aws_access_key_id"], stored["aws_secret_access_key"], WRONG_REGION)
    ingredients.log_out(ingredients.ecr)


def _other_region_present(world: World) -> Verdict:
    if world.cloud.profile(belongings.PROFILE).get("region") == world.settings.region:
        return failed("O perfil clinica já está na região do registry.")
    return _absent(world, world.settings.ecr_registry) or passed("A chave vale, e o login no ECR não passa.")


def _no_repository(ingredients: Ingredients) -> None:
    _ecr_push(ingredients, repository=False)


def _no_repository_present(world: World) -> Verdict:
    if _has_repository(world):
        return failed("O repositório clinica já existe no ECR.")
    return passed("O login está feito, e o push não passa.")


def _has_repository(world: World) -> bool:
    found = world.cloud.read("ecr", "describe_repositories")["repositories"]
    return any(one["repositoryName"] == "clinica" for one in found)


def _immutable(ingredients: Ingredients) -> None:
    ingredients.repository("IMMUTABLE")
    ingredients.user()
    ingredients.patient(f"{ingredients.ecr}/clinica:v1")
    ingredients.log_in_to_ecr()
    ingredients.push(f"{ingredients.ecr}/clinica:v1")
    ingredients.patient(f"{ingredients.ecr}/clinica:v1", version="v2")


def _immutable_present(world: World) -> Verdict:
    name = f"{world.settings.ecr_registry}/clinica:v1"
    held, image = world.ecr_owner.manifest("clinica", "v1"), world.engine.image(name)
    if held is None or image is None or image.same_as(held.identity):
        return failed("O registry e o engine não têm duas imagens com a mesma tag.")
    return passed("O push da primeira imagem passou; o da segunda, com a mesma tag, não passa.")


def _inactive_key(ingredients: Ingredients) -> None:
    key = ingredients.user()
    ingredients.world.cloud.read(
        "iam", "update_access_key", UserName=belongings.CLINIC_USER, AccessKeyId=key, Status="Inactive"
    )


def _inactive_key_present(world: World) -> Verdict:
    verdict = key_status(world, belongings.PROFILE, "Inactive", belongings.CLINIC_USER)
    return (
        passed("O perfil clinica está configurado, e a AWS recusa tudo o que ele pede.") if verdict.passed else verdict
    )


def _no_permission(ingredients: Ingredients) -> None:
    _ecr_push(ingredients, *READ)


def _no_permission_present(world: World) -> Verdict:
    if may(world, belongings.CLINIC_USER, "ecr:PutImage", "clinica"):
        return failed("A política do usuário clinica já permite o push.")
    return passed("O login está feito, o repositório existe, e o push não passa.")


def _on_call(ingredients: Ingredients) -> None:
    """The challenge: a wrong region and a missing repository at once."""
    _other_region(ingredients)
    ingredients.patient(f"{ingredients.ecr}/clinica:v1")


def _on_call_present(world: World) -> Verdict:
    try:
        first, second = _other_region_present(world), _no_repository_present(world)
    except CloudError as error:
        return failed(error.what)
    return second if first.passed else first


FAULTS: Mapping[str, Fault] = {
    "sem-login": Fault(_no_login, _no_login_present, "A imagem está pronta. Tente o push."),
    "senha-errada": Fault(_wrong_password, _wrong_password_present, "O token está num arquivo. Tente o login."),
    "conta-alheia": Fault(_other_account, _other_account_present, "O login está feito. Tente o push."),
    PULL_CASE: Fault(_pull_limit, _pull_limit_present, "A turma inteira acabou de fazer pull. Agora é a sua vez."),
    "sem-credencial": Fault(_no_credentials, _no_credentials_present, "Repositório e imagem existem. Tente o push."),
    CLOCK_CASE: Fault(_expired, _expired_present, "É a manhã seguinte. Tente o push que ontem passou."),
    "outra-regiao": Fault(_other_region, _other_region_present, "O perfil clinica tem uma chave. Tente o login."),
    "repositorio-inexistente": Fault(_no_repository, _no_repository_present, "O login está feito. Tente o push."),
    "tag-imutavel": Fault(_immutable, _immutable_present, "A imagem corrigida tem o nome da antiga. Tente o push."),
    "chave-desativada": Fault(_inactive_key, _inactive_key_present, "O perfil clinica está configurado. Use-o."),
    "sem-permissao": Fault(_no_permission, _no_permission_present, "O login está feito. Tente o push."),
    "plantao": Fault(_on_call, _on_call_present, "A imagem está pronta. Faça com que ela chegue ao ECR."),
}

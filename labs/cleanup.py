"""`python3 -m labs.cleanup`: remove what the course made, in the engine, the registries and the account, and prove it.

Only what carries the course's own names or widget-server's label is touched; the base image and the sandbox stay.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from labs.checks import World
from labs.checks.image import TITLE_LABEL
from labs.engine import Image, split_tag
from labs.errors import CloudError, CommandError, LabError, MissingDependency
from labs.settings import Settings, write_atomic

LOCAL_REPOSITORIES = ("widget-server", "meu-ola")
ECR_REPOSITORIES = ("widget-server", "widget-server-prod")
USERS = ("widget-dev", "auditoria")
BUDGETS = ("curso-registries", "desafio")
HUB_REPOSITORY = "widget-server"


@dataclass(frozen=True)
class Item:
    """One thing of the course that exists: its name for people, and how to remove it."""

    name: str
    remove: Callable[[], object]


def residue(world: World) -> list[str]:
    """Names of what the course made and is still there."""
    return [item.name for item in items(world)]


def items(world: World) -> Iterator[Item]:
    """What the course made and is there now, in the order in which it can be removed."""
    yield from _clinic(world)
    yield from _containers(world)
    yield from _images(world)
    yield from _hub(world)
    yield from _ecr(world)
    yield from _budgets(world)
    yield from _users(world)
    yield from _logins(world)


def _clinic(world: World) -> Iterator[Item]:
    """A case of the clinic that was left in the middle."""
    from labs import drills

    if name := drills.current(world.settings):
        yield Item(f"caso {name} da clínica", lambda: drills.close_case(world, lambda _: None))


def _containers(world: World) -> Iterator[Item]:
    ours = {image.id for image in world.engine.images() if _is_ours(world, image)}
    for container in world.engine.containers():
        if container.image_id in ours:
            yield Item(f"container {container.name}", partial(_docker, world, "rm", "-f", container.name))


def _images(world: World) -> Iterator[Item]:
    for image in world.engine.images():
        if _is_ours(world, image):
            names = image.tags or (image.id,)
            yield Item(f"imagem {names[0]}", partial(_remove_image, world, names, image.id))


def _is_ours(world: World, image: Image) -> bool:
    repositories = [split_tag(tag)[0] for tag in image.tags]
    addresses = (world.settings.hub_registry, world.settings.ecr_registry)
    return (
        image.labels.get(TITLE_LABEL) == "widget-server"
        or any(name in LOCAL_REPOSITORIES for name in repositories)
        or any(name.partition("/")[0] in addresses for name in repositories)
    )


def _remove_image(world: World, names: tuple[str, ...], image_id: str) -> None:
    _docker(world, "rmi", "-f", *names)
    if world.engine.image(image_id):
        _docker(world, "rmi", "-f", image_id)


def _hub(world: World) -> Iterator[Item]:
    user = world.settings.hub_user
    for repository in world.hub_owner.hub_repositories(user):
        if repository.name == HUB_REPOSITORY:
            yield Item(
                f"repositório {user}/{HUB_REPOSITORY} no Docker Hub",
                lambda: world.hub_owner.hub_delete(user, HUB_REPOSITORY),
            )


def _ecr(world: World) -> Iterator[Item]:
    for repository in world.cloud.read("ecr", "describe_repositories")["repositories"]:
        name = repository["repositoryName"]
        if name in ECR_REPOSITORIES:
            yield Item(
                f"repositório {name} no ECR",
                partial(world.cloud.read, "ecr", "delete_repository", repositoryName=name, force=True),
            )


def _budgets(world: World) -> Iterator[Item]:
    account = world.settings.account
    for budget in world.cloud.read("budgets", "describe_budgets", AccountId=account).get("Budgets", []):
        name = budget["BudgetName"]
        if name in BUDGETS:
            yield Item(
                f"budget {name}",
                partial(world.cloud.read, "budgets", "delete_budget", AccountId=account, BudgetName=name),
            )


def _users(world: World) -> Iterator[Item]:
    for user in world.cloud.read("iam", "list_users")["Users"]:
        if user["UserName"] in USERS:
            yield Item(f"usuário {user['UserName']} no IAM", partial(_remove_user, world, user["UserName"]))


def _remove_user(world: World, user: str) -> None:
    """A user goes only after its keys and policies (IAM API reference, DeleteUser)."""
    for key in world.cloud.read("iam", "list_access_keys", UserName=user)["AccessKeyMetadata"]:
        world.cloud.read("iam", "delete_access_key", UserName=user, AccessKeyId=key["AccessKeyId"])
    for name in world.cloud.read("iam", "list_user_policies", UserName=user)["PolicyNames"]:
        world.cloud.read("iam", "delete_user_policy", UserName=user, PolicyName=name)
    for policy in world.cloud.read("iam", "list_attached_user_policies", UserName=user)["AttachedPolicies"]:
        world.cloud.read("iam", "detach_user_policy", UserName=user, PolicyArn=policy["PolicyArn"])
    world.cloud.read("iam", "delete_user", UserName=user)


def _logins(world: World) -> Iterator[Item]:
    for registry in (world.settings.hub_registry, world.settings.ecr_registry):
        if world.engine.credentials(registry):
            yield Item(f"login do Docker em {registry}", partial(_docker, world, "logout", registry))
    for name in ("default", "sso"):
        if world.cloud.profile(name).get("aws_access_key_id"):
            yield Item(f"credenciais do perfil {name}", partial(_forget_profile, world.settings, name))
    key_file = world.settings.secrets / "widget-dev.json"
    if key_file.exists():
        yield Item(f"arquivo {key_file.name}", key_file.unlink)


def _forget_profile(settings: Settings, name: str) -> None:
    """Drop a profile's section from the lab's credentials file; other profiles stay."""
    import configparser
    import io

    parser = configparser.RawConfigParser()
    parser.read(settings.aws_credentials_file, "utf-8")
    parser.remove_section(name)
    text = io.StringIO()
    parser.write(text)
    write_atomic(settings.aws_credentials_file, text.getvalue())


def _docker(world: World, *words: str) -> None:
    import os

    environment = {**os.environ, **world.settings.environment()}
    try:
        answer = subprocess.run(
            ["docker", *words], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError as error:
        raise MissingDependency(
            "O programa docker não está instalado.", str(error), "python3 -m labs doctor"
        ) from error
    if answer.returncode and "No such" not in answer.stderr:
        raise CommandError("O Docker não conseguiu remover.", answer.stderr, f"docker {' '.join(words)}")


def main() -> int:
    """Remove everything; print a line per item. Exit code 0 only where nothing is left."""
    try:
        world = World(Settings.load())
        for _ in range(2):  # containers keep images: a second look finds what the first could not remove
            for item in list(items(world)):
                try:
                    item.remove()
                    print(f"removido: {item.name}", flush=True)
                except CloudError as error:
                    print(f"não removido: {item.name}\n{error}", file=sys.stderr)
        left = residue(world)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print("Nada do curso ficou." if not left else f"Ainda existe: {', '.join(left)}")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())

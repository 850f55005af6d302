"""What can be removed, and the one way in which each kind of thing is: for the clean-up and for the clinic.

In the engine, on the Hub and for users, what is gone already counts as removed: between the look and the removal
somebody else may have been there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from labs.base.errors import CloudError, SandboxError
from labs.base.things import Thing
from labs.seams.docker_client import docker
from labs.seams.world import World


@dataclass(frozen=True)
class Item:
    """One thing that exists: its name for people, and how to remove it.

    Attributes:
        next_command: what a person types who has it and wants it out of the way; the clinic's alone have one.
        thing: as the ledger knows it; None for what nobody else can have made.
    """

    name: str
    remove: Callable[[], object]
    next_command: str = ""
    thing: Thing | None = None


def remove_container(world: World, container: str) -> None:
    """With its volumes that have no name."""
    _announce(world, container)
    in_engine(world, "rm", "-f", "-v", container)


def remove_image(world: World, name: str) -> None:
    """One name (or the id of one without); the image goes with its last name."""
    _announce(world, name)
    in_engine(world, "rmi", name)


def _announce(world: World, subject: str) -> None:
    """What the kit removes proves no step of the learner's."""
    with contextlib.suppress(SandboxError):  # a lab that is down keeps no events
        world.admin.removing(subject)


def in_engine(world: World, *words: str) -> None:
    """One command of the docker client that removes something."""
    docker(world, *words, missing_ok=True, refused="O Docker não conseguiu remover.")


def remove_hub_repository(world: World, name: str) -> None:
    """`user/name`."""
    world.hub_owner.hub_delete(*name.split("/", 1))


def remove_ecr_repository(world: World, name: str) -> None:
    """With its images (ECR API reference, DeleteRepository)."""
    world.cloud.read("ecr", "delete_repository", repositoryName=name, force=True)


def remove_ecr_public_repository(world: World, name: str) -> None:
    """With its images (ECR Public API reference, DeleteRepository)."""
    world.cloud.read("ecr-public", "delete_repository", repositoryName=name, force=True)


def remove_budget(world: World, name: str) -> None:
    """With the month's spend, which is of the budget's lesson: the next one would sound all its alerts at its birth."""
    world.cloud.read("budgets", "delete_budget", AccountId=world.settings.account, BudgetName=name)
    if not world.settings.live:
        world.admin.spend("0")


def remove_mfa_device(world: World, name: str) -> None:
    """A device goes only once it is no user's (IAM API reference, DeleteVirtualMFADevice)."""
    serial = f"arn:aws:iam::{world.settings.account}:mfa/{name}"
    for one in world.cloud.read("iam", "list_virtual_mfa_devices")["VirtualMFADevices"]:
        if one["SerialNumber"] == serial and (user := one.get("User", {}).get("UserName")):
            world.cloud.read("iam", "deactivate_mfa_device", UserName=user, SerialNumber=serial)
    world.cloud.read("iam", "delete_virtual_mfa_device", SerialNumber=serial)


def remove_user(world: World, user: str) -> None:
    """A user goes only after its keys, policies and MFA devices (IAM API reference, DeleteUser)."""
    read = world.cloud.read
    for device in read("iam", "list_mfa_devices", UserName=user)["MFADevices"]:
        read("iam", "deactivate_mfa_device", UserName=user, SerialNumber=device["SerialNumber"])
    for key in read("iam", "list_access_keys", UserName=user)["AccessKeyMetadata"]:
        read("iam", "delete_access_key", UserName=user, AccessKeyId=key["AccessKeyId"])
    for name in read("iam", "list_user_policies", UserName=user)["PolicyNames"]:
        read("iam", "delete_user_policy", UserName=user, PolicyName=name)
    for policy in read("iam", "list_attached_user_policies", UserName=user)["AttachedPolicies"]:
        read("iam", "detach_user_policy", UserName=user, PolicyArn=policy["PolicyArn"])
    try:
        read("iam", "delete_user", UserName=user)
    except CloudError as error:
        if error.code != "NoSuchEntity":
            raise

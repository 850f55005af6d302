"""A virtual MFA device over the AWS API: made, turned on by its own codes, listed, and gone."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labs.base import totp
from labs.base.things import MFA, Thing
from labs.ownership import inventory
from labs.ownership.items import remove_mfa_device, remove_user
from labs.seams.world import World

from .gateway_kit import Lab
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program


def serial(name: str) -> str:
    return f"arn:aws:iam::123456789012:mfa/{name}"


def made(iam: Any, name: str) -> str:
    """A user, and a device of the same name; returns the seed."""
    iam.create_user(UserName=name)
    answer = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    assert answer["SerialNumber"] == serial(name)
    return str(answer["Base32StringSeed"].decode())


def turn_on(iam: Any, name: str, *codes: str) -> None:
    first, second = codes
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial(name), AuthenticationCode1=first, AuthenticationCode2=second
    )


def shown(seed: str) -> tuple[str, str]:
    """What a phone showed before, and what it shows now."""
    now = totp.window(time.time())
    return totp.code(seed, now - 1), totp.code(seed, now)


def devices(iam: Any, **asked: str) -> dict[str, Any]:
    return {one["SerialNumber"]: one for one in iam.list_virtual_mfa_devices(**asked)["VirtualMFADevices"]}


def test_only_its_own_codes_turn_a_device_on(gateway: Lab) -> None:
    iam = gateway.cloud.client("iam", "console")
    seed = made(iam, "maria")
    with pytest.raises(ClientError) as error:
        turn_on(iam, "maria", "000000", "000001")
    assert error.value.response["Error"]["Code"] == "InvalidAuthenticationCode"
    assert iam.list_mfa_devices(UserName="maria")["MFADevices"] == []
    turn_on(iam, "maria", *shown(seed))
    assert [one["SerialNumber"] for one in iam.list_mfa_devices(UserName="maria")["MFADevices"]] == [serial("maria")]


def test_the_seed_is_shown_once_and_survives_a_restart(gateway: Lab) -> None:
    iam = gateway.cloud.client("iam", "console")
    seed = made(iam, "joana")
    assert not {"Base32StringSeed", "QRCodePNG"} & devices(iam)[serial("joana")].keys()
    gateway.end()
    gateway.start_gateway()
    turn_on(iam, "joana", *shown(seed))
    assert devices(iam, AssignmentStatus="Assigned")[serial("joana")]["User"]["UserName"] == "joana"
    gateway.end()
    gateway.start_gateway()
    assert len(iam.list_mfa_devices(UserName="joana")["MFADevices"]) == 1, "what was turned on stays so"


@pytest.mark.parametrize(("name", "on"), [("rita", True), ("ines", False)])
def test_the_clean_up_takes_the_device_and_its_user(gateway: Lab, name: str, on: bool) -> None:
    world, iam = World(gateway.settings), gateway.cloud.client("iam", "console")
    seed = made(iam, name)
    if on:
        turn_on(iam, name, *shown(seed))
    assert Thing(MFA, name) in inventory.in_services(world)
    remove_mfa_device(world, name)
    remove_user(world, name)
    assert name not in [thing.name for thing in inventory.in_services(world)]


def test_a_user_goes_though_its_device_is_not_the_courses(gateway: Lab) -> None:
    iam = gateway.cloud.client("iam", "console")
    turn_on(iam, "lia", *shown(made(iam, "lia")))
    remove_user(World(gateway.settings), "lia")
    assert "User" not in devices(iam)[serial("lia")]

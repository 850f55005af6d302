"""Checks of a second factor: the device, its seed, and that it is a user's."""

from __future__ import annotations

from pathlib import Path

from labs.base import totp
from labs.base.verdict import Verdict, failed, passed
from labs.checks import check
from labs.seams.world import World


@check
def mfa_device(world: World, name: str, file: str) -> Verdict:
    """The account has a virtual MFA device of this name, and its seed is kept in a file of the learner's alone."""
    path, serial = Path(file), f"arn:aws:iam::{world.settings.account}:mfa/{name}"
    found = world.cloud.read("iam", "list_virtual_mfa_devices")["VirtualMFADevices"]
    if serial not in [one["SerialNumber"] for one in found]:
        return failed(f"A conta não tem o dispositivo de MFA {name}.", "Rode o comando do passo.")
    if not _is_seed(path):
        return failed(
            f"{path.name} não guarda a semente do dispositivo {name}.",
            f"aws iam delete-virtual-mfa-device --serial-number {serial} --profile console",
        )
    if path.stat().st_mode & 0o077:
        return failed(f"Outras pessoas conseguem ler {path.name}.", f"chmod 600 '{path}'")
    return passed(f"O dispositivo {name} existe, e a semente dele está num arquivo só seu.", serial=serial)


def _is_seed(path: Path) -> bool:
    try:
        text = path.read_text("ascii").strip()
        return bool(text and totp.code(text, 0))
    except (OSError, ValueError):
        return False


@check
def mfa_enabled(world: World, user: str) -> Verdict:
    """The user has a second factor."""
    found = world.cloud.read("iam", "list_mfa_devices", UserName=user)["MFADevices"]
    if not found:
        look = f"aws iam list-mfa-devices --user-name {user} --profile console"
        return failed(f"{user} ainda não tem segundo fator.", look)
    return passed(f"{user} tem segundo fator: {found[0]['SerialNumber']}.", serial=found[0]["SerialNumber"])

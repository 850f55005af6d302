"""Turning on a second factor: AWS takes it only with two codes of the device's, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from labs.base import totp
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import Call, Reply

FURTHEST = 4
"""Codes ago that still count: a person reads two from a phone and then types."""


def refusal(call: Call, seed_of: Callable[[str], str], clock: Callable[[], float] = time.time) -> Reply | None:
    """Why a device is not turned on; None where it is, and for all other calls (IAM API reference, EnableMFADevice).

    Args:
        seed_of: by a device's serial number; empty where there is none.
        clock: the machine's, as a phone's: not the lab's, which a lesson turns.
    """
    if call.action != "EnableMFADevice":
        return None
    serial = call.parameters.get("SerialNumber", "")
    seed = seed_of(serial)
    if not seed:
        message = f"VirtualMFADevice with serial number {serial} does not exist."
        return aws_errors.reply("query", 404, "NoSuchEntity", message)
    first, second = (call.parameters.get(f"AuthenticationCode{number}", "") for number in (1, 2))
    now = totp.window(clock())
    for number in range(now - FURTHEST, now + 1):
        # A code may be skipped between the two: they are two commands of the lab's, and a code may end between them.
        if totp.code(seed, number) == first and second in (totp.code(seed, number + 1), totp.code(seed, number + 2)):
            return None
    return aws_errors.reply("query", 403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")

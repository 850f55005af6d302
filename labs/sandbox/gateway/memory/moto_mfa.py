"""A correction of moto's virtual MFA devices, installed with the others (`moto_corrections.py`)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def install(responses: Any) -> None:
    """AWS shows a device's seed and its QR code once, in the answer that makes it (IAM API reference,
    CreateVirtualMFADevice); moto would list them for ever.
    """
    whole = responses.list_virtual_mfa_devices
    if whole.__name__ == "list_without_seeds":
        return

    def list_without_seeds(self: Any) -> Any:
        answer = whole(self)
        answer.result["VirtualMFADevices"] = [
            SimpleNamespace(
                serial_number=one.serial_number, enable_date=one.enable_date, user=one.user, user_attribute=None
            )
            for one in answer.result["VirtualMFADevices"]
        ]
        return answer

    responses.list_virtual_mfa_devices = list_without_seeds

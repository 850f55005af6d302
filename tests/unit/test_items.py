"""The removers that the clean-up and the clinic share."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import CloudError
from labs.ownership.items import remove_user

from .fakes import FakeWorld

ANSWERS: dict[str, dict[str, Any]] = {
    "list_access_keys": {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1"}, {"AccessKeyId": "AKIA2"}]},
    "list_user_policies": {"PolicyNames": ["inline"]},
    "list_mfa_devices": {"MFADevices": [{"SerialNumber": "arn:m"}]},
    "list_attached_user_policies": {"AttachedPolicies": [{"PolicyArn": "arn:p"}]},
}


def asked(world: FakeWorld, monkeypatch: pytest.MonkeyPatch, code: str = "") -> list[str]:
    """The operations that AWS is asked for; deleting the user fails with a code, where one is given."""
    done: list[str] = []

    def read(service: str, method: str, profile: str = "console", **parameters: Any) -> dict[str, Any]:
        done.append(" ".join([method, *(str(value) for name, value in parameters.items() if name != "UserName")]))
        if method == "delete_user" and code:
            raise CloudError("A AWS recusou.", code, "", code)
        return ANSWERS.get(method, {})

    monkeypatch.setattr(world.cloud, "read", read)
    return done


def test_a_user_goes_after_its_keys_policies_and_second_factor(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = asked(world, monkeypatch)
    remove_user(world, "clinica")
    assert [one for one in done if not one.startswith("list")] == [
        "deactivate_mfa_device arn:m",
        "delete_access_key AKIA1",
        "delete_access_key AKIA2",
        "delete_user_policy inline",
        "detach_user_policy arn:p",
        "delete_user",
    ]


def test_a_user_that_is_gone_is_removed_and_one_that_stays_is_an_error(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(world, monkeypatch, "NoSuchEntity")
    remove_user(world, "clinica")
    asked(world, monkeypatch, "DeleteConflict")
    with pytest.raises(CloudError):
        remove_user(world, "clinica")

"""Checks of a second factor; the seed is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.errors import CloudError

from .fakes import FakeWorld
from .verdicts import told

SERIAL = "arn:aws:iam::123456789012:mfa/widget-dev"
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.txt"
    path.touch(0o600)
    path.write_text(SEED)
    return path


@pytest.fixture(autouse=True)
def _one_device(world: FakeWorld) -> None:
    world.cloud.answers["iam", "list_virtual_mfa_devices"] = {"VirtualMFADevices": [{"SerialNumber": SERIAL}]}
    world.cloud.answers["iam", "list_mfa_devices"] = {"MFADevices": [{"SerialNumber": SERIAL}]}


def test_a_device_and_its_seed(world: FakeWorld, seed: Path) -> None:
    said = told(world, "mfa_device", name="widget-dev", file=str(seed))
    assert said == "✓ O dispositivo widget-dev existe, e a semente dele está num arquivo só seu."
    assert told(world, "mfa_device", name="outro", file=str(seed)) == "✗ A conta não tem o dispositivo de MFA outro."
    seed.chmod(0o644)
    assert told(world, "mfa_device", name="widget-dev", file=str(seed)) == "✗ Outras pessoas conseguem ler seed.txt."


@pytest.mark.parametrize("text", [None, "", "não é"])
def test_a_device_without_its_seed(world: FakeWorld, seed: Path, text: str | None) -> None:
    if text is None:
        seed.unlink()
    else:
        seed.write_text(text)
    said = told(world, "mfa_device", name="widget-dev", file=str(seed))
    assert said == "✗ seed.txt não guarda a semente do dispositivo widget-dev."


def test_a_users_second_factor(world: FakeWorld) -> None:
    assert told(world, "mfa_enabled", user="widget-dev") == f"✓ widget-dev tem segundo fator: {SERIAL}."
    world.cloud.answers["iam", "list_mfa_devices"] = {"MFADevices": []}
    assert told(world, "mfa_enabled", user="widget-dev") == "✗ widget-dev ainda não tem segundo fator."
    world.cloud.answers["iam", "list_mfa_devices"] = CloudError("A AWS recusou.", "NoSuchEntity", "", "NoSuchEntity")
    assert told(world, "mfa_enabled", user="widget-dev") == "✗ Esse usuário não existe nesta conta."

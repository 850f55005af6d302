"""The regions that the gateway knows, without the table of all services' addresses."""

from __future__ import annotations

import boto3
import pytest
from moto.ecr.models import ECRBackend

from labs.sandbox.gateway.memory import moto_corrections


def test_ecr_is_in_every_region_that_botocore_knows_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.core.base_backend import AccountSpecificBackend, BackendDict

    monkeypatch.setattr(AccountSpecificBackend, "_generate_regions", None)  # and the real one again afterwards
    moto_corrections._know_regions()
    backends = BackendDict(ECRBackend, "ecr")["123456789012"]
    session = boto3.Session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition)
    ]
    assert {"us-east-1", "sa-east-1"} < set(known) <= set(backends.regions)
    assert backends["sa-east-1"] is not backends["us-east-1"]
    with pytest.raises(KeyError):
        backends["lua-1"]

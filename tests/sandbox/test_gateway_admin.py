"""The gateway's administration, asked by the kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.seams.gateway_admin import GatewayAdmin


def test_events_survive_and_the_admin_says_when_nobody_is_there(lab: Settings, tmp_path: Path) -> None:
    assert GatewayAdmin(lab).events()
    with pytest.raises(LabError) as caught:
        GatewayAdmin(Settings(home=tmp_path)).events()
    assert caught.value.next_command == "python3 -m labs up"

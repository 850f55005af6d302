"""The gateway's administration, asked by the kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.seams.gateway_admin import GatewayAdmin
from labs.seams.unix_http import request


def test_events_survive_and_the_admin_says_when_nobody_is_there(lab: Settings, tmp_path: Path) -> None:
    assert GatewayAdmin(lab).events()
    with pytest.raises(LabError) as caught:
        GatewayAdmin(Settings(home=tmp_path)).events()
    assert caught.value.next_command == "python3 -m labs up"


def test_an_event_that_is_withdrawn_is_no_witness_any_more(lab: Settings) -> None:
    admin = GatewayAdmin(lab)
    before = [event["seq"] for event in admin.events()]
    admin.withdraw(before[-1])
    admin.withdraw(10**9)  # nobody's
    assert [event["seq"] for event in admin.events()] == before[:-1]
    answer = request(f"unix://{lab.admin_socket}", "POST", "/events/withdraw", body=b'{"seq": "1"}')
    assert answer.status == 400

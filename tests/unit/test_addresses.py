"""Links to this machine's loopback, and where JupyterLab shows the same page."""

from __future__ import annotations

import pytest

from labs.base.settings import Settings
from labs.jupyter import addresses


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://127.0.0.1:3000", "widget-server/"),
        ("http://127.0.0.1:3000/feedbacks?x=1", "widget-server/feedbacks?x=1"),
        ("http://localhost:3002/", "producao/"),
        ("http://127.0.0.1:3003/", "porta/3003/"),
        ("http://127.0.0.1:5003/sso/device?user_code=BCDF-GHJK", "sso/device?user_code=BCDF-GHJK"),
        ("http://127.0.0.1:5003/", ""),  # the rest of the AWS port is no page
        ("http://127.0.0.1:5001/v2/", ""),
        ("http://127.0.0.1:3006/", ""),
        ("https://127.0.0.1:3000/", ""),
        ("http://evil.example:3000/", ""),
        ("http://127.0.0.1:x/", ""),
        ("", ""),
    ],
)
def test_a_page_below_jupyterlab(address: str, place: str, settings: Settings) -> None:
    assert addresses.below(address, settings) == place


def test_a_lab_with_other_ports_is_followed(settings: Settings) -> None:
    moved = settings.with_changes(first_port=3100)
    assert addresses.below("http://127.0.0.1:3101/", moved) == "homologacao/"
    assert addresses.below("http://127.0.0.1:3001/", moved) == ""


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("http://127.0.0.1:5001/v2/", True),
        ("http://ana@127.0.0.1/", False),
        ("javascript:alert(1)", False),
        ("//evil.example/", False),
        ("http://[::1", False),
    ],
)
def test_nobody_is_led_elsewhere(address: str, ours: bool) -> None:
    assert addresses.is_loopback(address) is ours

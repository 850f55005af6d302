"""Where the lab listens and where a browser reaches it: loopback, unless who made its container says otherwise."""

from __future__ import annotations

import pytest

from labs.base import listening
from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.cli import sso


@pytest.fixture(autouse=True)
def _nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (listening.LISTEN, listening.ADDRESS):
        monkeypatch.delenv(name, raising=False)


def test_all_is_on_loopback_unless_somebody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listening.address() == "127.0.0.1"
    assert listening.reached_at(8888) == "http://127.0.0.1:8888/" and listening.reached_at() == ""
    monkeypatch.setenv(listening.LISTEN, "0.0.0.0")
    monkeypatch.setenv(listening.ADDRESS, "https://curso.example/user/ana")
    assert listening.address() == "0.0.0.0"
    assert listening.reached_at(8888) == listening.reached_at() == "https://curso.example/user/ana/"


@pytest.mark.parametrize("chosen", ["localhost", "::1", "0.0.0.0:8888", "127.0.0"])
def test_where_nobody_can_listen_is_told(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(listening.LISTEN, chosen)
    with pytest.raises(LabError, match="não é um endereço desta máquina") as raised:
        listening.address()
    assert chosen in raised.value.observed and "unset LABS_LISTEN" in raised.value.next_command


@pytest.mark.parametrize("chosen", ["127.0.0.1:8888", "ftp://127.0.0.1/", "http:///lab"])
def test_what_no_browser_can_open_is_told(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(listening.ADDRESS, chosen)
    with pytest.raises(LabError, match="não é um endereço http") as raised:
        listening.reached_at()
    assert raised.value.next_command == "unset LABS_ADDRESS"


def test_the_approval_page_is_told_where_the_browser_reaches_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"{settings.aws_endpoint}/sso/device?user_code=BCDF-GHJK"
    assert sso.for_a_browser(settings, page) == page
    monkeypatch.setenv(listening.ADDRESS, "http://127.0.0.1:9888/")
    assert sso.for_a_browser(settings, page) == "http://127.0.0.1:9888/sso/device?user_code=BCDF-GHJK"
    real = "https://device.sso.us-east-2.amazonaws.com/?user_code=BCDF-GHJK"
    assert sso.for_a_browser(settings, real) == real

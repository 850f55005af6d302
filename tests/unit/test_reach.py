"""Who listens in the gateway's place while the engine is asked whether it gets there."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from labs.base.errors import SandboxError
from labs.base.marks import REACH_NAME
from labs.base.settings import Settings
from labs.sandbox import reach
from labs.seams.unix_http import request


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_name_that_is_asked_for_is_seen_after_an_attempt_over_tls(port: int) -> None:
    """containerd's store tries TLS before plain HTTP, and nobody may wait for that to end."""
    with reach._listening(port) as seen:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError, match="WRONG_VERSION"):
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
        assert time.monotonic() - began < reach.ASK_SECONDS / 2
        assert seen() == set()
        path = f"/v2/{REACH_NAME}/0123/manifests/1"
        assert request(f"http://127.0.0.1:{port}", "HEAD", path).status == 404
        assert seen() == {"0123"}


@pytest.mark.parametrize(
    ("private", "tunnelled", "what"),
    [
        (True, False, "O engine do laboratório não alcança os registries do laboratório; sem isso"),
        (False, False, r"O seu engine Docker \(tcp://vm:2375\) não alcança os registries do laboratório; sem isso"),
        (False, True, "nem pelo túnel; sem isso"),
    ],
)
def test_an_engine_that_does_not_reach_the_registries_is_told(
    private: bool, tunnelled: bool, what: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings.with_changes(engine_host=settings.private_engine if private else "tcp://vm:2375")
    monkeypatch.setattr(reach, "why_not", lambda _: "connection refused")
    with pytest.raises(SandboxError, match=what) as raised:
        reach.require(chosen, tunnelled)
    assert raised.value.observed == "connection refused"
    assert ("tunnel.log" in raised.value.next_command) is tunnelled

"""Who listens in the gateway's place while the engine is asked whether it gets there."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from labs.base.marks import REACH_NAME
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

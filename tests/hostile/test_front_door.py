"""Who may knock at all: loopback, our own `Host` and `Origin`, bodies that arrive, in time and of a bearable size."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.base.settings import CLONE

from ..sandbox.gateway_kit import Lab, digest_of, poll
from .kit import ALUNO, Attacker, assert_registry_form, bounded, parse

PORTS = ("hub", "ecr", "aws")
HOSTS = ("evil.example", "evil.example:80", "127.0.0.1", "localhost", "127.0.0.1:1", "0.0.0.0", "[::1]", "", "a" * 5000)
ORIGINS = ("http://evil.example", "https://127.0.0.1", "null", "file://", "http://127.0.0.1:1", "http://[", "x" * 3000)


def listening(pid: int) -> set[str]:
    """Addresses of a process's TCP sockets in LISTEN (proc(5), `net/tcp`)."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(entry)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].partition(":")[0])
    return found


def test_it_listens_on_loopback_alone(gateway: Lab) -> None:
    assert listening(gateway.pid()) == {"0100007F"}  # 127.0.0.1 in the kernel's byte order
    assert not [one for name in ("hub", "ecr") for one in listening(gateway.pid(name))]


def test_its_sockets_are_its_owner_s(gateway: Lab) -> None:
    assert gateway.settings.admin_socket.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", HOSTS, ids=range(len(HOSTS)))
@pytest.mark.parametrize("name", PORTS)
def test_a_foreign_host_is_not_answered(attacker: Attacker, name: str, host: str) -> None:
    said = attacker.http(getattr(attacker.ports, name), "GET", "/v2/", headers={"Host": host})
    assert said.status in (400, 421), said


@pytest.mark.parametrize("origin", ORIGINS, ids=range(len(ORIGINS)))
@pytest.mark.parametrize("name", PORTS)
def test_a_foreign_page_is_not_answered(attacker: Attacker, name: str, origin: str) -> None:
    port = getattr(attacker.ports, name)
    for method, target in (("GET", "/v2/"), ("OPTIONS", "/"), ("POST", "/sso/device"), ("POST", "/token")):
        said = attacker.http(port, method, target, b"user_code=X", {"Origin": origin})
        assert said.status == 403, said
        assert "access-control-allow-origin" not in said.headers


def test_the_approval_page_s_own_form_is_answered(attacker: Attacker) -> None:
    port = attacker.ports.aws
    said = attacker.http(port, "POST", "/sso/device", b"user_code=X", {"Origin": f"http://127.0.0.1:{port}"})
    assert said.status == 404 and "não existe" in said.text  # the code does not; the form was read


@bounded
@given(data=st.binary(max_size=200), name=st.sampled_from(PORTS))
def test_any_bytes_at_a_port(attacker: Attacker, data: bytes, name: str) -> None:
    said = parse(attacker.raw(getattr(attacker.ports, name), data, hang_up=True))
    assert said.status == 0 or 400 <= said.status < 500, said


LINES = {
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length of words": b"Content-Length: many\r\n\r\n",
    "a length beyond 64 bits": b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "a chunk of no number": b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a header of 100 KB": b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "a thousand headers": b"".join(b"X-%d: a\r\n" % number for number in range(1000)) + b"\r\n",
    "a header with a null": b"X: a\x00b\r\n\r\n",
}


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize("lines", LINES)
def test_a_request_that_contradicts_itself(attacker: Attacker, name: str, lines: str) -> None:
    port = getattr(attacker.ports, name)
    head = f"POST /v2/aluno/app/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n".encode()
    said = parse(attacker.raw(port, head + LINES[lines], hang_up=True))
    assert said.status == 0 or 400 <= said.status < 500, said


def test_a_body_shorter_than_its_length_changes_nothing(attacker: Attacker) -> None:
    lab, blob = attacker.lab, b"whole"
    headers = lab.bearer("aluno/app", ALUNO)
    start = attacker.hub("POST", "/v2/aluno/app/blobs/uploads/", headers=headers)
    target = "/v2/" + start.headers["location"].partition("/v2/")[2]
    lines = [f"PUT {target}&digest={digest_of(blob)} HTTP/1.1", f"Host: 127.0.0.1:{attacker.ports.hub}"]
    lines += [f"Authorization: {headers['Authorization']}", "Content-Length: 500", "", ""]
    attacker.raw(attacker.ports.hub, "\r\n".join(lines).encode() + blob, hang_up=True)
    assert attacker.hub("HEAD", f"/v2/aluno/app/blobs/{digest_of(blob)}", headers=headers).status == 404


def test_a_blob_of_a_terabyte_is_refused_at_once(attacker: Attacker) -> None:
    headers = attacker.lab.bearer("aluno/app", ALUNO)
    start = attacker.hub("POST", "/v2/aluno/app/blobs/uploads/", headers=headers)
    target = "/v2/" + start.headers["location"].partition("/v2/")[2]
    said = attacker.hub("PATCH", target, headers=headers | {"Content-Length": str(1 << 40)})
    assert_registry_form(said)
    assert said.status == 413


def test_a_compressed_bomb_stays_compressed(attacker: Attacker) -> None:
    import gzip

    bomb = gzip.compress(b"[" * (50 << 20))
    said = attacker.hub("POST", "/api/v2/users/login/", bomb, {"Content-Encoding": "gzip"})
    assert said.status in (400, 401, 413), said


@bounded
@given(method=st.sampled_from(("GET", "PUT", "POST", "DELETE", "PATCH")), content=st.binary(max_size=40))
def test_the_administration_socket_takes_no_nonsense(attacker: Attacker, method: str, content: bytes) -> None:
    for path in ("/clock", "/billing/spend", "/hub/limits", "/hub/accounts/x", "/hub/accounts/..", "/nope"):
        if method == "GET":
            continue
        assert 400 <= attacker.admin(method, path, content).status < 500


ADMIN = (
    *(
        ("/clock", value)
        for value in ("{}", '{"offset_seconds": 1e9}', '{"offset_seconds": true}', '{"offset_seconds": 9999999999}')
    ),
    *(("/clock", '{"offset_seconds": ' + "9" * 5000 + "}"), ("/clock", "[" * 50_000)),
    *(
        ("/billing/spend", f'{{"amount": "{value}"}}')
        for value in ("-1", "NaN", "Infinity", "1e-999999", "1e999999", "x")
    ),
    *(("/hub/limits", f'{{"pulls": {value}}}') for value in ("-1", "1.5", "true", '"x"', "9" * 4000)),
)


@pytest.mark.parametrize("case", ADMIN, ids=range(len(ADMIN)))
def test_the_administration_socket_checks_values(attacker: Attacker, case: tuple[str, str]) -> None:
    path, content = case
    said = attacker.admin("POST", path, content.encode())
    assert said.status == 400 and json.loads(said.body)["error"], said


def test_an_account_s_token_of_any_script(attacker: Attacker) -> None:
    for token in ('""', '"\\ud800"', "5", '"' + "x" * 2000 + '"'):
        said = attacker.admin("PUT", "/hub/accounts/scrap", f'{{"token": {token}}}'.encode())
        assert said.status in (200, 400), said


# Time ---------------------------------------------------------------------------------------------

HASTY = """
import asyncio
from labs.sandbox.gateway import http
http.IDLE_SECONDS, http.BODY_SECONDS = 0.4, 0.8
from labs.sandbox.gateway.app import serve
from labs.base.settings import Settings
asyncio.run(serve(Settings.load()))
"""


@pytest.fixture
def hasty(gateway: Lab) -> Iterator[Attacker]:
    """The same gateway with time-outs that a test can wait for."""
    gateway.end()
    environment = {"LABS_HOME": str(gateway.settings.home), "PYTHONPATH": str(CLONE), "PATH": os.defpath}
    with (gateway.settings.home / "hasty.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", HASTY], env=environment, stdout=log, stderr=log)
    try:
        poll("a hasty gateway", gateway.admin.health)
        yield Attacker(gateway)
    finally:
        process.kill()
        process.wait(10)
        gateway.start_gateway()


def dripping(port: int, head: bytes, drop: bytes, seconds: float = 12.0) -> tuple[float, bytes]:
    """Send a drop at a time; how long the gateway bore it, and what it said."""
    began, received = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as connection:
        connection.sendall(head)
        while time.monotonic() - began < seconds:
            try:
                chunk = connection.recv(65536)
                received += chunk
                if not chunk:
                    return time.monotonic() - began, received
            except TimeoutError:
                pass
            except ConnectionError:
                return time.monotonic() - began, received
            try:
                connection.sendall(drop)
            except (BrokenPipeError, ConnectionResetError):
                return time.monotonic() - began, received
    raise AssertionError(f"still open after {seconds} s: {received!r}")


@pytest.mark.parametrize("name", PORTS)
def test_headers_that_never_end(hasty: Attacker, name: str) -> None:
    port = getattr(hasty.ports, name)
    dripping(port, f"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: ".encode(), b"a")


def test_an_upload_that_stands_still(hasty: Attacker) -> None:
    headers = hasty.lab.bearer("aluno/app", ALUNO)
    start = hasty.hub("POST", "/v2/aluno/app/blobs/uploads/", headers=headers)
    target = "/v2/" + start.headers["location"].partition("/v2/")[2]
    lines = [f"PATCH {target} HTTP/1.1", f"Host: 127.0.0.1:{hasty.ports.hub}", "Content-Length: 1000000"]
    lines += [f"Authorization: {headers['Authorization']}", "", "first bytes"]
    _, said = dripping(hasty.ports.hub, "\r\n".join(lines).encode(), b"")
    assert parse(said).status == 408, said


@pytest.mark.parametrize("name", ["hub", "aws"])
def test_a_small_body_that_drips(hasty: Attacker, name: str) -> None:
    port, target = getattr(hasty.ports, name), {"hub": "/api/v2/users/login/", "aws": "/"}[name]
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 5000\r\n\r\n"
    _, said = dripping(port, head.encode(), b"a")
    assert parse(said).status == 408, said


def test_a_slow_manifest_holds_up_nobody(hasty: Attacker) -> None:
    """The lock over stores and journal is taken once the body is there."""
    lab, port = hasty.lab, hasty.ports.hub
    bearer = lab.bearer("aluno/app", ALUNO)["Authorization"]
    head = f"PUT /v2/aluno/app/manifests/slow HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {bearer}\r\n"
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(f"{head}Content-Length: 2000\r\n\r\n{{".encode())
        before = time.monotonic()
        lab.cloud.client("ecr", "console").batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "none"}])
        assert time.monotonic() - before < 0.7, "the call waited for the other client's body"

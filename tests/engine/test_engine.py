"""The private engine: its base image, its published ports, its isolation, and what a crash of it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.errors import SandboxError
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.sandbox import engine_choice, leftovers, network

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


def _answers(port: int) -> Callable[[], Look]:
    def look() -> Look:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1) as reply:
            return Look(reply.status == 200, f"HTTP {reply.status}")

    return look


def _free_port() -> int:
    return next(network._candidate_ports(Path("/tests"), set()))


@pytest.fixture(scope="module")
def lab(new_lab: Settings) -> Settings:
    """A lab for these tests alone: they look at what an engine holds and does, which other tests change."""
    return new_lab


@pytest.fixture(scope="module")
def shell(lab: Settings) -> Shell:
    def run(line: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | lab.environment()
        return subprocess.run(
            ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="module")
def docker_cli(shell: Shell) -> Shell:
    return lambda arguments: shell(f"docker {arguments}")


@pytest.fixture
def server(docker_cli: Shell) -> Iterator[tuple[str, int]]:
    """A container that serves files on a published port."""
    port = _free_port()
    started = docker_cli(f"run -d -p {port}:3333 labs/python-base:3 python3 -m http.server 3333")
    assert started.returncode == 0, started.stderr
    name = started.stdout.strip()
    try:
        try:
            until("o container responder", _answers(port), 20)
        except SandboxError as error:
            seen = docker_cli(f"ps -a --no-trunc; docker logs {name}; docker image ls; docker network inspect bridge")
            raise AssertionError(f"{error}\n{seen.stdout}\n{seen.stderr}") from error
        yield name, port
    finally:
        docker_cli(f"rm -f {name}")


def test_the_engine_is_the_labs_own(lab: Settings) -> None:
    assert lab.has_private_engine
    assert Path("/sys/class/net", network.bridge_name(lab)).exists()


def test_the_base_image_is_a_complete_python(docker_cli: Shell) -> None:
    modules = "ssl, sqlite3, ctypes, lzma, bz2, readline, asyncio, http.server, uuid, zoneinfo"
    assert docker_cli(f"run --rm labs/python-base:3 python -c 'import {modules}'").returncode == 0
    assert docker_cli("run --rm labs/python-base:3 pip --version").stdout.startswith("pip ")
    line = "sh -c 'mkdir -p /data && chown 10001:10001 /data && ls -d /tmp && id -u nobody && cat /etc/ssl/certs/*.crt'"
    done = docker_cli(f"run --rm labs/python-base:3 {line}")
    assert done.returncode == 0 and "BEGIN CERTIFICATE" in done.stdout


def test_the_base_image_is_small(docker_cli: Shell) -> None:
    size = int(docker_cli("image inspect -f '{{.Size}}' labs/python-base:3").stdout)
    assert size < 60_000_000


def test_a_published_port_is_on_loopback_only(server: tuple[str, int], docker_cli: Shell) -> None:
    name, port = server
    assert f"127.0.0.1:{port}" in docker_cli(f"port {name}").stdout
    assert _listening_addresses(port) == {"127.0.0.1"}


def _listening_addresses(port: int) -> set[str]:
    found = set()
    for table, any_address in (("/proc/net/tcp", "00000000"), ("/proc/net/tcp6", "0" * 32)):
        for line in Path(table).read_text().splitlines()[1:]:
            address, number = line.split()[1].split(":")
            if int(number, 16) == port and line.split()[3] == "0A":
                found.add("any" if address == any_address else ".".join(str(b) for b in bytes.fromhex(address)[::-1]))
    return found


def test_no_firewall_rule_and_no_forwarding_of_ours(lab: Settings, shell: Shell) -> None:
    rules = shell("iptables-save 2>/dev/null || true").stdout
    assert network.bridge_name(lab) not in rules


def test_a_crash_of_the_engine_costs_no_container(lab: Settings, server: tuple[str, int], docker_cli: Shell) -> None:
    name, port = server
    before = sandbox.status(lab)["parts"]["engine"]
    os.kill(before["pid"], signal.SIGKILL)

    def back() -> Look:
        engine = sandbox.status(lab)["parts"]["engine"]
        return Look(engine["healthy"] and engine["pid"] != before["pid"], str(engine))

    until("o engine voltar", back, 30)
    assert docker_cli("ps -q --no-trunc").stdout.split() == [name]
    until("o container responder outra vez", _answers(port), 10)


def test_the_socket_path_limit_is_named_before_the_engine_fails(new_home: Callable[..., Settings]) -> None:
    home = new_home().home / ("x" * 90)
    with pytest.raises(Exception, match="longo demais") as caught:
        engine_choice.check_path_length(Settings(home=home))
    assert "LABS_HOME" in str(caught.value)


def test_leftover_search_finds_only_this_labs_processes(lab: Settings, new_home: Callable[..., Settings]) -> None:
    mine = leftovers.our_processes(lab)
    assert {part["pid"] for part in sandbox.status(lab)["parts"].values()} <= set(mine)
    assert leftovers.our_processes(new_home()) == {}
    assert os.getpid() not in mine


def test_nothing_answers_on_a_closed_port() -> None:
    with pytest.raises(urllib.error.URLError):
        _answers(_free_port())()

"""Real-life names in the sandbox: with the lab's own engine they lead to the lab's registries, and nowhere else."""

from __future__ import annotations

import shlex
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.errors import LiveLocked
from labs.base.explain import explain
from labs.base.settings import CLONE, Live, Settings
from labs.live import accounts, guard
from labs.sandbox import real_names
from labs.seams import docker_files, engine_api
from labs.seams.registry import HttpRegistry
from tests.conftest import Shell

ELSEWHERE = (
    "ghcr.io/alguem/app:1",
    "quay.io/alguem/app:1",
    "210987654321.dkr.ecr.us-east-2.amazonaws.com/app:1",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1",
)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_of_elsewhere_is_refused_in_words(lab: Settings, shell: Shell, name: str) -> None:
    """By the engine's own way to a registry, and by the client's."""
    for command in (f"docker pull {name}", f"docker manifest inspect {name}"):
        answer = shell(command)
        registry = name.partition("/")[0]
        assert answer.returncode != 0
        assert f"{registry} não é deste laboratório, que só tem Docker Hub, ECR ({lab.ecr_registry})" in answer.stderr
        assert registry in explain(answer.stderr).what


def test_commands_of_real_life_go_to_the_labs_registries(lab: Settings, shell: Shell) -> None:
    login = f'docker login --username {lab.hub_user} --password-stdin < "$HUB_TOKEN_FILE"'
    name = f"{lab.hub_user}/nomes-reais:1"
    try:
        assert shell(login).returncode == 0
        assert shell(f"docker tag python:3.13-slim {name} && docker push {name}").returncode == 0
        owner = HttpRegistry(
            lab.hub_registry,
            lambda: (lab.hub_user, lab.hub_token_file.read_text().strip()),
            url=lab.registry_url(lab.hub_registry),
        )
        pushed = owner.manifest(f"{lab.hub_user}/nomes-reais", "1")
        assert pushed is not None
        seen = shell(f"docker manifest inspect {name}")
        assert seen.returncode == 0 and pushed.config.digest in seen.stdout
        pulled = shell(f"docker rmi {name} && docker pull index.docker.io/{name}")
        assert pulled.returncode == 0 and pushed.digest in pulled.stdout
    finally:
        shell(f"docker rmi -f {name} && docker logout")


def test_the_clone_builds_as_the_seed_says(lab: Settings, shell: Shell) -> None:
    name = "widget-server:do-clone"
    try:
        built = shell(f"cd {CLONE}/widget-server && docker build --quiet -t {name} .")
        assert built.returncode == 0, built.stderr
    finally:
        shell(f"docker rmi -f {name}")


def test_an_engine_that_lost_its_base_pulls_it_from_the_lab(lab: Settings, shell: Shell) -> None:
    before = engine_api.image_id(lab.engine_host, "python:3.13-slim")
    assert shell("docker rmi python:3.13-slim && docker pull python:3.13-slim").returncode == 0
    assert engine_api.image_id(lab.engine_host, "python:3.13-slim") == before


def test_only_the_labs_authority_is_trusted_and_its_key_is_closed(lab: Settings) -> None:
    told = real_names.environment(lab)
    assert told["SSL_CERT_FILE"] == str(lab.authority_file) and not Path(told["SSL_CERT_DIR"]).is_dir()
    assert lab.authority_key_file.stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in lab.authority_file.read_text()
    assert not {"HTTPS_PROXY", "SSL_CERT_FILE"} & set(lab.environment({}))  # pip, curl and aws go where they always go


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://169.254.169.254/latest/ HTTP/1.1\r\n\r\n",
        b"CONNECT registry-1.docker.io:22 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT \r\n\r\n",
        b"CONNECT registry-1.docker.io.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT \xff\xfe\n:443 HTTP/1.1\r\n\r\n",
    ],
)
def test_the_proxy_opens_no_other_way(lab: Settings, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", lab.ports.names), timeout=10) as client:
        client.sendall(head)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    first, _, rest = answer.partition(b"\r\n")
    assert first.startswith(b"HTTP/1.1 403 ") and rest.endswith(b"\r\n\r\n") and rest.count(b"\r\n\r\n") == 1


def test_a_head_without_end_is_hung_up_on(lab: Settings) -> None:
    with socket.create_connection(("127.0.0.1", lab.ports.names), timeout=20) as client:
        try:
            client.sendall(b"CONNECT " + b"a" * (1 << 20))
            assert client.recv(4096) == b""
        except ConnectionError:
            pass  # it hung up in the middle


def test_behind_the_proxy_one_name_gives_no_other(lab: Settings) -> None:
    """TLS for Docker Hub, and then a request for somebody else's host in it (DNS rebinding)."""
    context = ssl.create_default_context(cafile=str(lab.authority_file))
    with socket.create_connection(("127.0.0.1", lab.ports.names), timeout=10) as client:
        client.sendall(b"CONNECT registry-1.docker.io:443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in client.recv(4096)
        with context.wrap_socket(client, server_hostname="registry-1.docker.io") as inner:
            inner.sendall(b"GET /v2/ HTTP/1.1\r\nHost: ghcr.io\r\nConnection: close\r\n\r\n")
            assert b" 421 " in inner.recv(4096)


def test_images_and_logins_of_a_lab_with_addresses_are_taken_over(lab: Settings, shell: Shell) -> None:
    old = f"127.0.0.1:{lab.ports.hub}"
    try:
        engine_api.tag(lab.engine_host, lab.base_image, f"{old}/{lab.hub_user}/antiga:1")
        docker_files.set_login(lab, old, docker_files.packed("a", "b"))
        real_names.adopt(lab)
        assert engine_api.image_exists(lab.engine_host, f"{lab.hub_user}/antiga:1")
        assert not engine_api.image_exists(lab.engine_host, f"{old}/{lab.hub_user}/antiga:1")
        assert docker_files.login(lab, lab.hub_registry) == docker_files.packed("a", "b")
        assert docker_files.login(lab, old) is None
    finally:
        engine_api.remove_image(lab.engine_host, f"{lab.hub_user}/antiga:1")
        docker_files.forget_login(lab, lab.hub_registry)


def test_a_damaged_login_file_is_left_to_who_first_needs_a_login(lab: Settings) -> None:
    config = lab.docker_config / "config.json"
    before = config.read_text()
    try:
        config.write_text("{")
        real_names.adopt(lab)
        assert config.read_text() == "{"
    finally:
        config.write_text(before)


def test_live_the_same_names_are_the_services_own(new_home: Callable[[str], Settings]) -> None:
    """The engine that finds the sandbox under Docker Hub's name sends nothing live; `up` turns it, and back again."""
    settings = sandbox.up(new_home("alvo"), print)
    assert engine_api.proxy(settings.engine_host) == settings.names_proxy != ""
    live = accounts.choose_live(settings, Live("pessoa", "210987654321", "us-east-2", "p@example.com"), "")
    with pytest.raises(LiveLocked, match="à sandbox"):
        guard.require_aim(live)
    live = sandbox.up(settings, print)
    assert engine_api.proxy(live.engine_host) == ""
    assert not (live.programs / "docker").exists()
    guard.require_aim(live)
    accounts.choose_sandbox(live)
    back = sandbox.up(settings, print)
    assert engine_api.proxy(back.engine_host) == back.names_proxy != ""
    assert (back.programs / "docker").exists()


def test_no_resolver_is_asked_for_a_name(lab: Settings, shell: Shell) -> None:
    """Where one is silent, an engine that asks it stands still for 40 s; the machine's own stays as it is."""
    engine = (lab.run / "docker.pid").read_text().strip()
    asked = Path(f"/proc/{engine}/root/etc/resolv.conf").read_text()
    assert asked == f"nameserver {real_names.NOBODY}\n"
    assert real_names.NOBODY not in Path("/etc/resolv.conf").read_text()
    front = (lab.programs / "docker").read_text()
    inside = shlex.join(real_names.without_dns(lab, ["cat"]))
    assert inside.removesuffix("cat") in front
    assert shell(f"{inside} /etc/resolv.conf").stdout == asked

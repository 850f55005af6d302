"""Makes the plan that the supervisor follows: each part's command, environment, place of health and time to stop."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from labs.base import listening, namespaces
from labs.base.files import kept_key, write_if_changed
from labs.base.settings import CLONE, Settings
from labs.sandbox import engine_choice, real_names
from labs.sandbox.supervised import Part

REGISTRIES = ("hub", "ecr")
IN_A_CONTAINER = {"DOCKER_ALLOW_IPV6_ON_IPV4_INTERFACE": "1"}
"""What the engine needs where it is in a container itself: there nobody may write to /proc/sys, and without this it
(26.1 and later) starts no container in whose network it cannot switch IPv6 off. The bridge has none.
"""
TUNNEL = "tunnel"
TITLES = {
    TUNNEL: "túnel até o engine",
    "gateway": "porteiro (Hub, ECR, AWS)",
    "hub": "registry do Hub",
    "ecr": "registry do ECR",
    "engine": "engine Docker",
}
"""Portuguese names, in the order of stopping: who uses others stops before them."""


def specifications(settings: Settings, registry_program: Path, bridge: str, *, tunnelled: bool = False) -> list[Part]:
    """The plan, in the order of stopping.

    Args:
        bridge: empty when the engine is the learner's own.
        tunnelled: whether that one has a loopback of its own.
    """
    parts = [tunnel(settings)] if tunnelled else []
    parts += [gateway(settings), *(registry(settings, name, registry_program) for name in REGISTRIES)]
    if bridge:
        parts.append(engine(settings, bridge))
    return parts


def are_as_planned(running: Sequence[Part], planned: Sequence[Part]) -> bool:
    """Whether parts that run are the ones that would be started now; a terminal's own PATH makes no difference."""

    def essence(part: Part) -> Part:
        return part._replace(env={name: part.env.get(name, "") for name in ("PYTHONPATH", "HTTPS_PROXY")})

    return [essence(part) for part in running] == [essence(part) for part in planned]


def gateway(settings: Settings) -> Part:
    """Our own service in front of the registries and moto."""
    return _part(
        settings,
        "gateway",
        [sys.executable, "-m", "labs.sandbox.gateway"],
        settings.admin_socket,
        "/health",
        grace=5,
        extra={"LABS_HOME": str(settings.home), "PYTHONPATH": str(CLONE), "PYTHONUNBUFFERED": "1"},
        sockets=(settings.names_socket,),
    )


def tunnel(settings: Settings) -> Part:
    """What brings the registries to the loopback of an engine that has its own (`labs/sandbox/tunnel/`)."""
    return _part(
        settings,
        TUNNEL,
        [sys.executable, "-m", "labs.sandbox.tunnel"],
        settings.tunnel_socket,
        "/",
        grace=15,
        extra={"LABS_HOME": str(settings.home), "PYTHONPATH": str(CLONE), "PYTHONUNBUFFERED": "1"},
    )


def registry(settings: Settings, name: str, program: Path) -> Part:
    """A CNCF registry on a Unix socket; only the gateway talks to it."""
    config = write_registry_config(settings, name)
    return _part(settings, name, [str(program), "serve", str(config)], settings.run / f"{name}.sock", "/v2/", grace=5)


def write_registry_config(settings: Settings, name: str) -> Path:
    """The registry's configuration (https://distribution.github.io/distribution/about/configuration/)."""
    # It signs the state of unfinished uploads: one that survives lets them go on after a restart.
    secret = kept_key(settings.secrets / "registry-http")
    config = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(settings.sandbox / name)},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {
            "net": "unix",
            "addr": str(settings.run / f"{name}.sock"),
            "secret": secret,
            "relativeurls": True,
        },
    }
    path = settings.sandbox / f"{name}.yml"
    write_if_changed(path, json.dumps(config, indent=1))  # JSON is YAML
    return path


def engine(settings: Settings, bridge: str) -> Part:
    """A private `dockerd`: all of it under the state folder, published ports on loopback (or where the lab
    itself listens, which in a container is its own network), no firewall rules.

    Without firewall rules and forwarding, containers reach each other and the host, and nothing outside.
    `--live-restore` lets running containers survive a crash of the engine.
    """
    # Its own (empty) configuration file: the machine's /etc/docker/daemon.json could contradict the flags.
    config = settings.sandbox / "engine.json"
    write_if_changed(config, "{}\n")
    pid_file = settings.run / "docker.pid"
    command = [
        engine_choice.dockerd() or "dockerd",
        *("--config-file", str(config)),
        *("--data-root", str(settings.sandbox / "engine")),
        *("--exec-root", str(settings.run / "exec")),
        *("--pidfile", str(pid_file)),
        *("--host", settings.private_engine),
        *("--bridge", bridge),
        *("--ip", listening.address()),
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        "--live-restore",
        *("--log-level", "warn"),
    ]
    if namespaces.is_users_own():
        command += ["--rootless", "--userland-proxy-path", _docker_proxy()]
    pid_files = (pid_file, settings.run / "exec" / "containerd" / "containerd.pid")
    # containerd leaves a dump in the temporary folder where it is slow to answer on a busy machine.
    extra = {"TMPDIR": str(settings.run / "exec"), **IN_A_CONTAINER, **real_names.environment(settings)}
    if namespaces.is_users_own():  # `--rootless` asks for all three (moby/moby, `contrib/dockerd-rootless.sh`)
        state = os.environ.get("ROOTLESSKIT_STATE_DIR", str(settings.run / "rootlesskit"))
        extra |= {"XDG_RUNTIME_DIR": str(settings.run), "USER": "root", "ROOTLESSKIT_STATE_DIR": state}
    socket = settings.run / "docker.sock"
    return _part(settings, "engine", command, socket, "/_ping", grace=15, pid_files=pid_files, extra=extra)


def _docker_proxy() -> str:
    """The engine's own proxy: with `--rootless` it would take rootlesskit's, which knows the outer namespace alone."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/usr/libexec/docker"
    return shutil.which("docker-proxy", path=path) or "docker-proxy"


def _part(
    settings: Settings,
    name: str,
    command: list[str],
    health_socket: Path,
    path: str,
    *,
    grace: float,
    pid_files: tuple[Path, ...] = (),
    extra: dict[str, str] | None = None,
    sockets: tuple[Path, ...] = (),
) -> Part:
    return Part(
        name=name,
        argv=tuple(command),
        env=clean_environment(settings) | (extra or {}),
        log=str(settings.sandbox / "logs" / f"{name}.log"),
        socket=str(health_socket),
        path=path,
        stale=tuple(map(str, (health_socket, *sockets))),
        pid_files=tuple(map(str, pid_files)),
        grace=grace,
    )


def clean_environment(settings: Settings) -> dict[str, str]:
    """The parts see nothing of the learner's: no AWS keys, no Docker login, no proxy to the outside."""
    path = os.environ.get("PATH", os.defpath)
    environment = {"PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin", "HOME": str(settings.sandbox), "LANG": "C.UTF-8"}
    for name in ("TMPDIR", "TZ", "COVERAGE_PROCESS_CONFIG"):  # the last: the suite measures the gateway too
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment

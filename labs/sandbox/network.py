"""Loopback ports and the private engine's bridge: chosen free, kept, and removed again."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from labs.base.errors import MissingDependency, SandboxError
from labs.base.settings import Ports, Settings

FIRST_PORT, LAST_PORT = 20000, 32000
"""Below Linux's range for outgoing connections (32768 and up), so that none of those takes a kept port by chance."""


def home_mark(home: Path) -> str:
    """Six hex digits that stand for one state folder in names outside of it."""
    return hashlib.sha256(str(home).encode()).hexdigest()[:6]


# Ports --------------------------------------------------------------------------------------------


def port_is_free(port: int) -> bool:
    """Whether nobody listens on that loopback port (connections that are just closing do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(settings: Settings, report: Callable[[str], None]) -> Ports:
    """Keep the ports of the last time; choose new ones where there is none or somebody else took it."""
    kept = asdict(settings.ports)
    candidates = _candidate_ports(settings.home, set(kept.values()))
    chosen = {}
    for name, port in kept.items():
        if port and port_is_free(port):
            chosen[name] = port
            continue
        chosen[name] = next(candidates)
        if port:
            report(
                f"⚠ A porta {port} ({name}) foi ocupada por outro programa; agora é a {chosen[name]}."
                f" Imagens com o nome 127.0.0.1:{port}/… continuam no disco, mas precisam de um novo docker tag."
            )
    return Ports(**chosen)


def _candidate_ports(home: Path, without: set[int]) -> Iterator[int]:
    span = LAST_PORT - FIRST_PORT
    first = int(home_mark(home), 16) % span
    for offset in range(span):
        port = FIRST_PORT + (first + offset) % span
        if port not in without and port_is_free(port):
            yield port
    raise SandboxError("Não há porta livre para o laboratório.", f"127.0.0.1:{FIRST_PORT}-{LAST_PORT}", "ss -ltn")


# Bridge -------------------------------------------------------------------------------------------


def bridge_name(settings: Settings) -> str:
    """Name of the private engine's bridge; a network interface's name holds 15 characters."""
    return f"labs-{home_mark(settings.home)}"


def ensure_bridge(settings: Settings) -> str:
    """Create the bridge with a free private /24; returns its name. Does nothing when it exists with an address.

    Raises:
        MissingDependency: the `ip` command is missing.
        SandboxError: the kernel refuses the bridge.
    """
    name = bridge_name(settings)
    present = _ip("-4", "-o", "addr", "show", "dev", name, check=False)
    if " inet " in present:
        return name
    if Path("/sys/class/net", name).exists():
        remove_bridge(settings)
    gateway = f"{next(free_subnets(settings.home)).network_address + 1}/24"
    _ip("link", "add", name, "type", "bridge")
    _ip("addr", "add", gateway, "dev", name)
    _ip("link", "set", name, "up")
    return name


def remove_bridge(settings: Settings) -> None:
    """Remove the private engine's bridge, and those of the networks that a learner made in it: they are the machine's
    and outlive the engine, which makes them again at its next start.
    """
    for name in (bridge_name(settings), *_bridges_of_networks(settings)):
        if Path("/sys/class/net", name).exists():
            _ip("link", "del", name, check=False)


def _bridges_of_networks(settings: Settings) -> set[str]:
    """Names of bridges in the stopped engine's own store of networks (libnetwork's `local-kv.db`, JSON in a file)."""
    try:
        stored = (settings.sandbox / "engine" / "network" / "files" / "local-kv.db").read_bytes()
    except OSError:
        return set()
    return {name.decode() for name in re.findall(rb'"BridgeName":"(br-[0-9a-f]{12})"', stored)}


def free_subnets(home: Path) -> Iterator[ipaddress.IPv4Network]:
    """Private /24 networks that no address or route of this machine touches, in an order of the home's own."""
    taken = [
        ipaddress.ip_network(text, strict=False)
        for text in re.findall(r"\b\d+\.\d+\.\d+\.\d+(?:/\d+)?", _ip("-4", "-o", "addr") + _ip("-4", "route"))
    ]
    pools = [f"172.{second}.{third}.0/24" for second in range(18, 32) for third in range(0, 256, 5)]
    pools += [f"192.168.{third}.0/24" for third in range(100, 250)]
    first = int(home_mark(home), 16) % len(pools)
    for text in pools[first:] + pools[:first]:
        network = ipaddress.IPv4Network(text)
        if not any(network.overlaps(other) for other in taken):
            yield network
    raise SandboxError("Não há rede privada livre para o engine.", "", "ip -4 route")


def _ip(*arguments: str, check: bool = True) -> str:
    try:
        answer = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise MissingDependency(
            "Falta o programa ip, que cria a rede do engine do laboratório.", str(error), "apt-get install -y iproute2"
        ) from error
    if check and answer.returncode != 0:
        raise SandboxError(
            "Não consegui preparar a rede do engine do laboratório.",
            f"ip {' '.join(arguments)}: {answer.stderr.strip()}",
            "python3 -m labs down && python3 -m labs up",
        )
    return answer.stdout

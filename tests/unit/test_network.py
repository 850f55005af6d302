"""Ports and subnets are chosen free and kept."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest

from labs.base.settings import Ports, Settings
from labs.sandbox import network


def test_three_different_ports_below_the_outgoing_range(tmp_path: Path) -> None:
    ports = network.choose_ports(Settings(home=tmp_path), lambda _: None)
    chosen = {ports.hub, ports.ecr, ports.aws}
    assert len(chosen) == 3
    assert all(network.FIRST_PORT <= port < network.LAST_PORT for port in chosen)


def test_kept_ports_stay_and_a_taken_one_is_replaced_and_named(tmp_path: Path) -> None:
    first = network.choose_ports(Settings(home=tmp_path), lambda _: None)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", first.hub)):
        second = network.choose_ports(Settings(home=tmp_path, ports=first), said.append)
    assert (second.ecr, second.aws) == (first.ecr, first.aws)
    assert second.hub not in (first.hub, first.ecr, first.aws)
    assert str(first.hub) in said[0] and str(second.hub) in said[0]
    assert network.choose_ports(Settings(home=tmp_path, ports=second), said.append) == second


def test_two_homes_start_their_search_at_different_ports() -> None:
    chosen = {network.choose_ports(Settings(home=Path(f"/home/{name}")), lambda _: None) for name in "abcd"}
    assert len(chosen) == 4 and Ports() not in chosen


def test_subnets_avoid_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "2: eth0 inet 172.20.3.7/16 scope global\n"
    monkeypatch.setattr(network, "_ip", lambda *arguments: own if "addr" in arguments else "172.16.0.0/13 dev vpn0\n")
    first = next(network.free_subnets(Path("/home/a")))
    assert first.prefixlen == 24 and first.is_private
    assert not first.overlaps(ipaddress.IPv4Network("172.16.0.0/13"))


def test_interface_names_fit_the_kernel() -> None:
    assert len(network.bridge_name(Settings(home=Path("/a/very/long/path/" * 9)))) <= 15

"""Where a learner's network is: 16 addresses of the hub's, which nobody else has."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from labs.base.errors import LabError

PREFIX_LENGTH = 28


def cut(pool: str) -> list[ipaddress.IPv4Network]:
    """All of them, in order."""
    return list(ipaddress.IPv4Network(pool).subnets(new_prefix=PREFIX_LENGTH))


def taken(networks: Iterable[Mapping[str, Any]]) -> list[str]:
    """The subnets of an engine's networks, as its API lists them."""
    return [one["Subnet"] for network in networks for one in network["IPAM"]["Config"] or () if "Subnet" in one]


def free(pool: str, known: Iterable[str]) -> ipaddress.IPv4Network:
    """The first that overlaps none of those.

    Raises:
        LabError: there is none: networks of people who left the list stay until the class ends.
    """
    others = [one for text in known if isinstance(one := ipaddress.ip_network(text, False), ipaddress.IPv4Network)]
    for network in cut(pool):
        if not any(network.overlaps(other) for other in others):
            return network
    raise LabError(
        "As redes da turma acabaram: cada pessoa tem uma, também quem saiu da lista.",
        f"{pool}: nenhuma das {len(cut(pool))} está livre",
        "python3 -m labs class down --keep, e depois: python3 -m labs class up; se é outra rede do Docker que ocupa"
        " essa faixa, escolha outra em `LABS_CLASS_SUBNETS`",
    )

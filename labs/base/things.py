"""What the lab makes and what was there before: one value for a container, an image, a repository, a user …"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONTAINER, IMAGE, NETWORK, VOLUME = "container", "image", "network", "volume"
HUB, ECR, ECR_PUBLIC = "hub-repository", "ecr-repository", "ecr-public-repository"
USER, KEY, BUDGET = "iam-user", "access-key", "budget"
MFA = "virtual-mfa-device"
LOGIN, PROFILE, KEY_FILE = "login", "profile", "key-file"
"""What stands in the lab's own files alone: a registry's login, a profile's credentials, the kept key or seed."""
IN_ENGINE = (CONTAINER, IMAGE, NETWORK, VOLUME)


@dataclass(frozen=True)
class Thing:
    """Something that exists, or will: its kind, its name, and what tells it from another of the same name.

    Attributes:
        identity: image id, container id, creation time …; empty where it does not exist yet, or nothing tells it apart.
    """

    kind: str
    name: str
    identity: str = ""


def alias(image: str, ports: Sequence[int]) -> str:
    """The name under which a container without a name is noted: its image as typed, and its host ports."""
    return f"@{image}#{','.join(map(str, sorted(ports)))}"

"""What the gateway saw: the events that prove a step where the state looks alike before and after."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from labs.seams.world import World


def find(world: World, service: str, kind: str, **patterns: str) -> dict[str, Any] | None:
    """The last event of this service and kind whose fields fit the patterns (`fnmatch`); None where there is none.

    Raises:
        SandboxError: the sandbox is not up.
    """
    seen = reversed(world.admin.events())
    return next((one for one in seen if one["service"] == service and _fits(one, {"kind": kind, **patterns})), None)


def _fits(event: Mapping[str, Any], patterns: Mapping[str, str]) -> bool:
    return all(fnmatchcase(str(event.get(name, "")), pattern) for name, pattern in patterns.items())


def deactivated(world: World) -> set[str]:
    """Ids of the access keys that somebody deactivated, whether or not they still exist."""
    return {
        event["subject"]
        for event in world.admin.events()
        if (event["kind"], event["reference"]) == ("api", "iam:UpdateAccessKey")
        and event["message"] == "Inactive"
        and event.get("subject")
    }

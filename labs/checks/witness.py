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
    wanted = {"service": service, "kind": kind, **patterns}
    return next((one for one in reversed(learners(world)) if _fits(one, wanted)), None)


def learners(world: World) -> list[dict[str, Any]]:
    """All events but those of what the kit did by itself, oldest first.

    Raises:
        SandboxError: the sandbox is not up.
    """
    return [event for event in world.admin.events() if not event.get("kit")]


def _fits(event: Mapping[str, Any], patterns: Mapping[str, str]) -> bool:
    return all(fnmatchcase(str(event.get(name, "")), pattern) for name, pattern in patterns.items())


def deactivated(world: World, user: str) -> dict[str, int]:
    """The user's access keys that somebody deactivated, whether or not they still exist: the event's number by id."""
    return _keys(world, user, "iam:UpdateAccessKey", "Inactive")


def deleted(world: World, user: str) -> dict[str, int]:
    """The user's access keys that somebody deleted: the event's number by id."""
    return _keys(world, user, "iam:DeleteAccessKey", "")


def _keys(world: World, user: str, action: str, status: str) -> dict[str, int]:
    wanted = {"kind": "api", "reference": action, "repository": user, "message": status, "subject": "?*"}
    return {event["subject"]: int(event["seq"]) for event in learners(world) if _fits(event, wanted)}

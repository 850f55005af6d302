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
    events = world.admin.events()
    removed = {event["subject"]: int(event["seq"]) for event in events if event["kind"] == "removing"}
    return [event for event in events if not event.get("kit") and not _undone_by_the_kit(event, removed)]


def _undone_by_the_kit(event: Mapping[str, Any], removed: Mapping[str, int]) -> bool:
    """Whether this is of a container that the kit itself removed, or gave a name that the kit took away afterwards.

    Args:
        removed: when (an event's number) the kit removed what: a container's id, an image's name.
    """
    if event["service"] != "engine":
        return False
    name = event["reference"].removeprefix("docker.io/").removeprefix("library/")  # containerd's store says it in full
    return event["subject"] in removed or (event["kind"] == "image-tag" and removed.get(name, 0) > int(event["seq"]))


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

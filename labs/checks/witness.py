"""What the gateway saw: the events that prove a step where the state looks alike before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from labs.seams.world import World


def find(
    world: World, service: str, kind: str, *, after: int = 0, ran: bool = False, **patterns: str
) -> dict[str, Any] | None:
    """`last` of what the learner did.

    Raises:
        SandboxError: the sandbox is not up.
    """
    return last(learners(world), service, kind, after=after, ran=ran, **patterns)


def last(
    events: Sequence[dict[str, Any]], service: str, kind: str, *, after: int = 0, ran: bool = False, **patterns: str
) -> dict[str, Any] | None:
    """The last event of this service and kind whose fields fit the patterns (`fnmatch`); None where there is none.

    Args:
        events: oldest first.
        after: it is later than the event with this number.
        ran: it is of a container that had been started.
    """
    wanted = {"service": service, "kind": kind, **patterns}
    started = {event["subject"] for event in events if ran and event["kind"] == "container-start"}
    return next(
        (
            event
            for event in reversed(events)
            if event["seq"] > after and _fits(event, wanted) and (not ran or event["subject"] in started)
        ),
        None,
    )


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
    taken = removed.get(event["reference"], 0) > int(event["seq"])
    return event["subject"] in removed or (event["kind"] == "image-tag" and taken)


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
    events = learners(world)
    made = last(events, "aws", "api", reference="iam:CreateUser", repository=user)  # of another of this name, nothing
    since = made["seq"] if made else 0
    return {one["subject"]: int(one["seq"]) for one in events if one["seq"] > since and _fits(one, wanted)}

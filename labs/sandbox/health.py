"""`status` of the sandbox: what runs, where, since when; changes nothing."""

from __future__ import annotations

import shutil
from typing import Any

from labs.base import processes
from labs.base.settings import Settings
from labs.sandbox import engine_choice, leftovers, reach
from labs.sandbox.supervised import PartState


def status(settings: Settings) -> dict[str, Any]:
    """What runs, where, since when; plain data, ready for JSON.

    Keys: `running`, `healthy`, `target`, `home`, `since`, `engine` {host, private, answers, unreached: why it does not
    get to the registries, asked of itself}, `addresses`, `supervisor`, `parts` by name {pid, since, ready_after,
    restarts, healthy, observed, rss_kib, pss_kib}, `disk_free_bytes`.
    """
    state = leftovers.read_state(settings)
    alive = processes.is_alive(state.pid, state.start)
    known = state.parts if alive else {}
    answers = bool(settings.engine_host) and engine_choice.answers(settings.engine_host)
    well = alive and all(part.healthy for part in known.values())
    unreached = reach.why_not(settings) if well and answers else ""
    return {
        "running": alive,
        "healthy": well and answers and not unreached,
        "target": settings.target,
        "home": str(settings.home),
        "since": state.since if alive else 0,
        "engine": {
            "host": settings.engine_host,
            "private": settings.has_private_engine,
            "answers": answers,
            "unreached": unreached,
        },
        "addresses": _addresses(settings),
        "supervisor": _describe_process(state.pid) if alive else {},
        "parts": {name: _describe_part(part) for name, part in known.items()},
        "disk_free_bytes": shutil.disk_usage(settings.home).free if settings.home.is_dir() else 0,
    }


def _addresses(settings: Settings) -> dict[str, str]:
    """Where the steps of the chosen target go; empty before the first `up`."""
    if settings.live:
        aws = f"https://*.{settings.region}.amazonaws.com"
        return {name: address for address, name in settings.registries.items()} | {"aws": aws}
    return {
        "hub": settings.hub_registry if settings.ports.hub else "",
        "ecr": settings.ecr_registry if settings.ports.ecr else "",
        "ecr-public": settings.ecr_public_registry if settings.ports.ecr_public else "",
        "aws": settings.aws_endpoint if settings.ports.aws else "",
    }


def _describe_part(part: PartState) -> dict[str, Any]:
    return _describe_process(part.pid) | {
        "since": part.since,
        "ready_after": part.ready_after,
        "restarts": part.restarts,
        "healthy": part.healthy,
        "observed": part.observed,
    }


def _describe_process(pid: int) -> dict[str, Any]:
    rss, pss = processes.resident_kib(pid)
    return {"pid": pid, "rss_kib": rss, "pss_kib": pss}

"""`status` of the sandbox: what runs, where, since when; changes nothing."""

from __future__ import annotations

import shutil
from typing import Any

from labs.base import processes
from labs.base.settings import Settings
from labs.sandbox import engine_choice, leftovers


def status(settings: Settings) -> dict[str, Any]:
    """What runs, where, since when; plain data, ready for JSON.

    Keys: `running`, `healthy`, `target`, `home`, `since`, `engine` {host, private, answers}, `addresses`, `supervisor`,
    `parts` by name {pid, since, ready_after, restarts, healthy, observed, rss_kib, pss_kib}, `disk_free_bytes`.
    """
    state = leftovers.read_state(settings)
    alive = processes.is_alive(int(state.get("pid", 0)), str(state.get("start", "")))
    known = state.get("parts", {}) if alive else {}
    described = {name: _describe_part(part) for name, part in known.items()}
    return {
        "running": alive,
        "healthy": alive and all(part["healthy"] for part in described.values()),
        "target": settings.target,
        "home": str(settings.home),
        "since": state.get("since", 0) if alive else 0,
        "engine": {
            "host": settings.engine_host,
            "private": engine_choice.is_private(settings),
            "answers": bool(settings.engine_host) and engine_choice.answers(settings.engine_host),
        },
        "addresses": _addresses(settings),
        "supervisor": _describe_process(int(state.get("pid", 0))) if alive else {},
        "parts": described,
        "disk_free_bytes": shutil.disk_usage(settings.home).free if settings.home.is_dir() else 0,
    }


def _addresses(settings: Settings) -> dict[str, str]:
    """Where the steps of the chosen target go; empty before the first `up`."""
    if settings.live:
        aws = f"https://*.{settings.region}.amazonaws.com"
        return {"hub": settings.hub_registry, "ecr": settings.ecr_registry, "aws": aws}
    return {
        "hub": settings.hub_registry if settings.ports.hub else "",
        "ecr": settings.ecr_registry if settings.ports.ecr else "",
        "aws": settings.aws_endpoint if settings.ports.aws else "",
    }


def _describe_part(part: dict[str, Any]) -> dict[str, Any]:
    shown = {name: part[name] for name in ("since", "ready_after", "restarts", "healthy", "observed")}
    return _describe_process(int(part["pid"])) | shown


def _describe_process(pid: int) -> dict[str, Any]:
    rss, pss = processes.resident_kib(pid)
    return {"pid": pid, "rss_kib": rss, "pss_kib": pss}

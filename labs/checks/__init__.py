"""Checks: functions that read the engine, the registries and the cloud, and return a `Verdict`.

A check never writes and never trusts what was recorded. Each has a name, which the catalogue uses; a module's checks
are known once it is imported (`labs/running/judge.py` imports them all).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, signature
from typing import Any, get_type_hints

import msgspec

from labs.base.documents import Damaged, typed
from labs.base.verdict import Verdict

Check = Callable[..., Verdict]
CHECKS: dict[str, Check] = {}
"""By name: `check(world, **arguments)`."""


def check(function: Check) -> Check:
    """Register a check under its function's name."""
    CHECKS[function.__name__] = function
    return function


def misfit(kind: str, arguments: Mapping[str, Any]) -> str:
    """Why a step cannot be given this check with these arguments; empty where it can."""
    if kind not in CHECKS:
        return "nenhuma verificação tem esse nome"
    try:
        typed(arguments, _arguments(CHECKS[kind]))
    except Damaged as error:
        return str(error)
    return ""


@cache
def _arguments(function: Check) -> type[msgspec.Struct]:
    """What a check takes beside the world, as its signature says, as a type that refuses anything else."""
    hints, (_world, *taken) = get_type_hints(function), signature(function).parameters.values()
    fields = [
        (one.name, hints[one.name]) if one.default is Parameter.empty else (one.name, hints[one.name], one.default)
        for one in taken
    ]
    return msgspec.defstruct(function.__name__, fields, forbid_unknown_fields=True)

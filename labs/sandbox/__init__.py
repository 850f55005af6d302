"""The sandbox: `up`, `down`, `reset`, `status`. The functions live in `lifecycle.py`, `first_day.py` and `health.py`.

Imported on first use: the supervisor is a module of this package and must stay small in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.sandbox.first_day import reset as reset
    from labs.sandbox.health import status as status
    from labs.sandbox.lifecycle import down as down
    from labs.sandbox.lifecycle import up as up

__all__ = ["down", "reset", "status", "up"]


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name not in __all__:
        raise AttributeError(name)
    import importlib

    module = {"status": "health", "reset": "first_day"}.get(name, "lifecycle")
    return getattr(importlib.import_module(f"labs.sandbox.{module}"), name)

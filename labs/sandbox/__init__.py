"""The sandbox: `up`, `down`, `reset`, `status`. The functions live in `lifecycle.py` and `health.py`.

Imported on first use: the supervisor is a module of this package and must stay small in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.sandbox.health import status as status
    from labs.sandbox.lifecycle import down as down
    from labs.sandbox.lifecycle import reset as reset
    from labs.sandbox.lifecycle import up as up

__all__ = ["down", "reset", "status", "up"]


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name == "status":
        from labs.sandbox import health

        return health.status
    if name in __all__:
        from labs.sandbox import lifecycle

        return getattr(lifecycle, name)
    raise AttributeError(name)

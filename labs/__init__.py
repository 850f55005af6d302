"""Container registry labs: the kit behind the notebooks. A notebook needs `from labs import lesson`, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.notebook.lab import lesson as lesson

__all__ = ["lesson"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import labs` stays light."""
    if name == "lesson":
        from labs.notebook.lab import lesson

        return lesson
    raise AttributeError(name)

"""Container registry labs: the kit behind the notebooks. A notebook needs `from labs import lesson`, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.notebook.lab import lesson as lesson

    __version__: str

__all__ = ["__version__", "lesson"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import labs` stays light."""
    if name == "lesson":
        from labs.notebook.lab import lesson

        return lesson
    if name == "__version__":
        from labs.base.version import version

        return version()
    raise AttributeError(name)

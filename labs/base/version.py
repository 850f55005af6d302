"""The course's version, which stands once, in `pyproject.toml`: the kit runs from its clone, on bare Python too."""

from __future__ import annotations

import tomllib

from labs.base.settings import CLONE


def version() -> str:
    """As `1.0.0`."""
    with (CLONE / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])

"""Numbers and names for a person to read in Portuguese."""

from __future__ import annotations

import re

LETTERS = "abcdefgh"
"""How the options of a question are called."""


_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What moves the cursor of a terminal and colours its letters (ECMA-48, "Control sequences"; OSC of xterm)."""


def plain(text: str) -> str:
    """A tool's words without what only a terminal understands: colours, cursor."""
    return _ESCAPES.sub("", text)


def size(count: float) -> str:
    """Bytes for a person, in decimal units as Docker shows them, with the Portuguese comma: `12,3 MB`."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 999.95:
            return f"{decimal(count)} {unit}"
    return f"{decimal(count / 1000)} GB"


def decimal(value: float, places: int = 1) -> str:
    """A number with the Portuguese comma."""
    return f"{value:.{places}f}".replace(".", ",")


def short(digest: str) -> str:
    """`sha256:` and twelve digits, as Docker shows ids."""
    return digest[:19]


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

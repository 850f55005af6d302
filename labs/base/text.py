"""Numbers and names for a person to read in Portuguese."""

from __future__ import annotations

import re

LETTERS = "abcdefgh"
"""How the options of a question are called."""


_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"  # a control sequence, or what a cut line left of one
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\|$)"  # a string for the terminal: its title, a link's address
    r"|\x1b[ -/]*[0-~]?"  # all other escapes
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]",  # bell, backspace …; tab, line feed and carriage return stay
    re.MULTILINE,
)
"""What only a terminal understands: colours, moves of its cursor (ECMA-48, "Control sequences"; OSC of xterm)."""
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_BESIDE = re.compile(
    r"\s*(?:$|WARNING\b|[0-9a-f]{12}…$|(?:Run|See) 'docker .*--help'|For more help on how to use Docker)"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """A tool's words without what only a terminal understands: colours, cursor."""
    return _ESCAPES.sub("", text)


def coloured(text: str) -> str:
    """The same, but its colours are still in it (ECMA-48, "Select graphic rendition")."""
    return _ESCAPES.sub(lambda found: found[0] if COLOUR.fullmatch(found[0]) else "", text)


def telling(text: str) -> str:
    """What a tool said, without the lines that say nothing of a failure: warnings, a new container's id, where to find
    help. Long ids are cut as Docker cuts them; where no other line is left, all are kept.
    """
    lines = [_LONG_ID.sub(r"\1…", line) for line in text.splitlines()]
    return "\n".join([line for line in lines if not _BESIDE.match(line)] or lines)


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


def dollars(amount: object) -> str:
    """A sum of AWS's, which charges in dollars, as Brazil writes it: `US$ 5,00`."""
    return f"US$ {amount:.2f}".replace(".", ",")


def short(digest: str) -> str:
    """`sha256:` and twelve digits, as Docker shows ids."""
    return digest[:19]


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

"""A tool's colours, in the few words that the cards' look has a readable ink for (`card.css`, `.lab-ansi-…`)."""

from __future__ import annotations

import colorsys
import itertools
import re

from labs.base.text import COLOUR, coloured

HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
"""In the order of the colour wheel, a sixth of it each. White, black and grey are the page's own ink."""
MARKS = {"bold", "italic", "underline"}
_RESET = re.compile(r"\x1b\[0*m")
Pieces = list[list[str]]
"""Texts in a row, each with its words of style."""


class Painter:
    """Reads line after line; a colour that a line leaves on holds for the next, as on a terminal."""

    def __init__(self) -> None:
        self._on = ""

    def paint(self, line: str) -> str | Pieces:
        """The line's texts with their style; the line itself where it has no colour. All other escapes are left out."""
        line = coloured(line)
        if not self._on and "\x1b" not in line:
            return line
        from prompt_toolkit.formatted_text import ANSI, to_formatted_text  # a tenth of a second, for colours only

        read = to_formatted_text(ANSI(self._on + line))
        self._on = "".join(COLOUR.findall(_RESET.split(self._on + line)[-1]))
        grouped = itertools.groupby(read, key=lambda fragment: _words(fragment[0]))
        return [["".join(fragment[1] for fragment in group), words] for words, group in grouped]


def _words(style: str) -> str:
    """prompt_toolkit's style ("ansired bg:#00ff00 bold") in ours: one hue, and what the letters look like.

    A ground is not drawn, since no letter would be sure to be readable on it: its hue is the letters', in bold.
    """
    words = style.split()
    ink = next((one for one in words if one.startswith(("ansi", "#"))), "")
    ground = next((one[3:] for one in words if one.startswith("bg:")), "")
    marks = MARKS & set(words) | ({"bold"} if _hue(ground) else set())
    return " ".join(filter(None, (_hue(ground) or _hue(ink), *sorted(marks))))


def _hue(colour: str) -> str:
    """The nearest of `HUES`; empty for greys, and for no colour."""
    if not colour.startswith("#"):
        return next((hue for hue in HUES if colour.endswith(hue)), "")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return HUES[round(hue * len(HUES)) % len(HUES)] if saturation > 0.2 and value > 0.2 else ""

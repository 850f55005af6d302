"""A tool's colours in a card's log: shown, readable, and never an escape."""

from __future__ import annotations

import re

import pytest

from labs.base.events import Line
from labs.base.text import coloured, plain
from labs.widgets.card import FOLDER
from labs.widgets.colours import HUES, Painter
from labs.widgets.feed import Feed

CSS = (FOLDER / "card.css").read_text("utf-8")
GROUNDS = {"light": "#ffffff", "dark": "#212121"}
"""What JupyterLab's two themes have below a card."""
LEAST = 4.5
"""WCAG 2.2, 1.4.3."""

ESCAPES = [
    *("\x1b[2K", "\x1b[1A", "\x1b[?25l", "\x1b[10;20H", "\x9b2J", "\x1b[0 q", "\x1b7", "\x1b(B", "\x1b=", "\x1bc"),
    *("\x1b]0;title\x07", "\x1b]8;;http://x.y\x1b\\", "\x1bPq#0\x1b\\", "\x07", "\x08", "\x00", "\x1b\\"),
]


@pytest.mark.parametrize("escape", ESCAPES, ids=repr)
def test_what_only_a_terminal_understands_is_left_out(escape: str) -> None:
    assert plain(f"a{escape}b") == coloured(f"a{escape}b") == "ab"
    assert coloured(f"\x1b[31ma{escape}b") == "\x1b[31mab"


@pytest.mark.parametrize("cut", ["\x1b", "\x1b[", "\x1b[3", "\x1b[31;", "\x1b]0;tit", "\x9b4"], ids=repr)
def test_what_a_cut_line_leaves_of_an_escape_is_left_out(cut: str) -> None:
    assert plain(f"a{cut}\nb") == coloured(f"a{cut}\nb") == "a\nb"


def test_a_lines_own_signs_stay() -> None:
    assert plain("é\tß\n10 %\r20 %") == "é\tß\n10 %\r20 %"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("sem cor", "sem cor"),
        ("a \x1b[31mb\x1b[0m c", [["a ", ""], ["b", "red"], [" c", ""]]),
        ("\x1b[1;92mok\x1b[m", [["ok", "green bold"]]),
        ("\x1b[38;5;208mx", [["x", "yellow"]]),
        ("\x1b[38;2;20;40;250mx", [["x", "blue"]]),
        ("\x1b[97;41m ERRO \x1b[0m", [[" ERRO ", "red bold"]]),
        ("\x1b[97mbranco \x1b[30mpreto \x1b[38;5;240mcinza", [["branco preto cinza", ""]]),
        ("\x1b[8mescondido", [["escondido", ""]]),
        ("\x1b[3;4mx", [["x", "italic underline"]]),
        ("\x1b[31m<b>&amp;", [["<b>&amp;", "red"]]),
        ("\x1b[38;5mx\x1b[999my", [["xy", ""]]),
    ],
)
def test_a_line_is_painted(line: str, shown: object) -> None:
    assert Painter().paint(line) == shown


def test_a_colour_holds_until_it_is_taken_back() -> None:
    """As the classic builder does with what a command said on its error stream."""
    painter = Painter()
    lines = ["\x1b[91m/bin/sh: mkdirr: not found", "mais", "\x1b[0mfim", "e nada"]
    assert [painter.paint(line) for line in lines] == [
        [["/bin/sh: mkdirr: not found", "red"]],
        [["mais", "red"]],
        [["fim", ""]],
        "e nada",
    ]


def test_a_log_gets_the_colours_and_a_secret_hides_behind_none() -> None:
    feed = Feed(lambda text: text.replace("segredo", "***"))
    feed(Line("bom", coloured="\x1b[2K\x1b[32mbom\x1b[0m"))
    feed(Line("o segredo", coloured="o seg\x1b[31mredo\x1b[0m"))
    assert feed.everything()["lines"] == [[["bom", "green"]], "o ***"]


@pytest.mark.parametrize("theme", GROUNDS)
def test_every_colour_can_be_read(theme: str) -> None:
    light, dark = re.findall(r"\.lab-card \{\n(.*?)\n\}", CSS, re.DOTALL)[:2]
    known = dict(re.findall(r"(--[\w-]+): (#\w{6});", light))
    if theme == "dark":
        known |= dict(re.findall(r"(--[\w-]+): (#\w{6});", dark))
    for hue in HUES:
        found = re.search(rf"\.lab-ansi-{hue} {{ color: var\((--[\w-]+)\)", CSS)
        assert found, hue
        assert contrast(known[found[1]], GROUNDS[theme]) >= LEAST, hue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

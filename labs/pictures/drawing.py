"""SVG by a few strokes: boxes, words, lines. One drawing serves the live card and the stored still.

Every colour is written as a plain attribute, so that a drawing looks right where a code host strips styles and unknown
classes; the classes beside them let `widgets/picture.css` replace the colours by the theme's (a style sheet wins over a
presentation attribute: SVG 2, section 6.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from labs.pictures.markup import escape

WIDTH = 720
"""Units across a drawing; text of size 14 is then as large as the page's."""
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

Tone = Literal["plain", "soft", "blue", "violet", "teal", "green", "amber", "red"]
Ink = Literal["ink", "mute", "blue", "violet", "teal", "green", "amber", "red"]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

FILLS: dict[Tone, str] = {
    "plain": "#ffffff",
    "soft": "#f1f3f5",
    "blue": "#dbeafe",
    "violet": "#ede9fe",
    "teal": "#ccf2ec",
    "green": "#dcfce7",
    "amber": "#fef3c7",
    "red": "#fee2e2",
}
"""Pale fills: ink on any of them has more than 10:1 (WCAG 2.2, 1.4.3)."""
INKS: dict[Ink, str] = {
    "ink": "#1f2328",
    "mute": "#4b5563",
    "blue": "#1e40af",
    "violet": "#5b21b6",
    "teal": "#115e59",
    "green": "#166534",
    "amber": "#854d0e",
    "red": "#991b1b",
}
"""Words and edges: at least 5:1 on white and on every fill."""
NARROW, WIDE = "iljtfrI.,:;'|!()[]{}/ -·", "mwMW%@…→"


class Drawing:
    """Collects shapes; `svg` gives the picture, as high as its lowest shape."""

    def __init__(self, width: float = WIDTH) -> None:
        self.width, self.height = width, 0.0
        self._shapes: list[str] = []

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        tone: Tone = "plain",
        *,
        dashed: bool = False,
        thick: bool = False,
        round: float = 6,
    ) -> None:
        """A rectangle. `dashed` says "not there (yet)" or "implied"; never colour alone."""
        self._reach(y + height)
        self._shapes.append(
            f'<rect class="pic-{tone}" x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0.5))}" height="{_n(height)}" '
            f'rx="{_n(min(round, height / 2, max(width, 0.5) / 2))}" '
            f'fill="{FILLS[tone]}" stroke="{_edge(tone)}" stroke-width="{2.5 if thick else 1.25}"{_dash(dashed)}/>'
        )

    def circle(self, x: float, y: float, radius: float, tone: Tone = "plain", *, thick: bool = False) -> None:
        self._reach(y + radius)
        self._shapes.append(
            f'<circle class="pic-{tone}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{FILLS[tone]}" '
            f'stroke="{_edge(tone)}" stroke-width="{3 if thick else 1.25}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 14,
        bold: bool = False,
        mono: bool = False,
        anchor: Anchor = "start",
        ink: Ink = "ink",
    ) -> None:
        """One line of words; `y` is its baseline."""
        self._reach(y + size * 0.35)
        more = {
            "font-weight": "600" if bold else "",
            "font-family": MONO if mono else "",
            "text-anchor": anchor if anchor != "start" else "",
        }
        attributes = "".join(f' {name}="{value}"' for name, value in more.items() if value)
        self._shapes.append(
            f'<text class="pic-ink-{ink}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{INKS[ink]}"'
            f'{attributes} xml:space="preserve">{escape(words)}</text>'
        )

    def paragraph(
        self,
        x: float,
        y: float,
        words: str,
        width: float,
        *,
        size: float = 13,
        ink: Ink = "mute",
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> float:
        """Words wrapped into `width`; returns the baseline for what comes next."""
        for line in wrap(words, width, size):
            self.text(x, y, line, size=size, ink=ink, anchor=anchor, bold=bold)
            y += size * 1.35
        return y

    def line(
        self,
        points: Sequence[Point],
        ink: Ink = "mute",
        *,
        dashed: bool = False,
        thick: bool = False,
        arrow: bool = False,
    ) -> None:
        """A line through points, with a head at its end where wanted."""
        self._reach(max(y for _, y in points))
        path = "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        width = 3 if thick else 1.5
        self._shapes.append(
            f'<path class="pic-line-{ink}" d="{path}" fill="none" stroke="{INKS[ink]}" stroke-width="{width}" '
            f'stroke-linejoin="round"{_dash(dashed)}/>'
        )
        if arrow:
            self._head(points[-2], points[-1], ink, 9 if thick else 7)

    def shape(self, path: str, tone: Tone, *, bottom: float, edge: bool = True) -> None:
        """Any closed outline in SVG's path language, reaching down to `bottom`."""
        self._reach(bottom)
        stroke = f' stroke="{_edge(tone)}" stroke-width="1.25"' if edge else ' stroke="none"'
        name = f"pic-{tone}" if edge else f"pic-{tone} pic-bare"
        self._shapes.append(f'<path class="{name}" d="{path}" fill="{FILLS[tone]}"{stroke}/>')

    def badge(
        self, x: float, y: float, words: str, tone: Tone = "soft", *, anchor: Anchor = "start", size: float = 12
    ) -> float:
        """Words in a pill whose middle is at `y`; returns its width."""
        width = measure(words, size, bold=True) + 24
        left = x - width if anchor == "end" else x - width / 2 if anchor == "middle" else x
        self.box(left, y - 11, width, 22, tone, round=11)
        ink: Ink = "ink" if tone in ("plain", "soft") else tone  # type: ignore[assignment]
        self.text(left + 10, y + size * 0.36, words, size=size, bold=True, ink=ink)
        return width

    def link(self, address: str, words: str) -> None:
        """What is drawn until `end_link` leads to an address; `words` name it."""
        self._shapes.append(f'<a href="{escape(address)}" aria-label="{escape(words)}">')

    def end_link(self) -> None:
        self._shapes.append("</a>")

    def svg(self, title: str, description: str, *, linked: bool = False) -> str:
        """The drawing as an element. With links inside it is a group: an image would hide them."""
        height = self.height + 12
        box = f'width="{_n(self.width)}" height="{_n(height)}" viewBox="0 0 {_n(self.width)} {_n(height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lab-drawing" role="{"group" if linked else "img"}" '
            f'aria-label="{escape(title)}" {box} font-family="{SANS}">'
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
            f'<rect class="pic-paper" width="{_n(self.width)}" height="{_n(height)}" fill="#ffffff"/>'
            f"{''.join(self._shapes)}</svg>"
        )

    def _head(self, before: Point, end: Point, ink: Ink, size: float) -> None:
        dx, dy = end[0] - before[0], end[1] - before[1]
        length = (dx * dx + dy * dy) ** 0.5 or 1
        ux, uy = dx / length * size, dy / length * size
        back = (end[0] - ux, end[1] - uy)
        points = (end, (back[0] - uy * 0.6, back[1] + ux * 0.6), (back[0] + uy * 0.6, back[1] - ux * 0.6))
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._shapes.append(f'<polygon class="pic-head-{ink}" points="{drawn}" fill="{INKS[ink]}"/>')

    def _reach(self, y: float) -> None:
        self.height = max(self.height, y)


def measure(words: str, size: float = 14, *, mono: bool = False, bold: bool = False) -> float:
    """About how wide words are; a little too much rather than too little, as fonts differ."""
    if mono:
        return len(words) * size * 0.605
    if bold:
        size *= 1.12
    units = sum(
        0.39 if letter in NARROW else 0.95 if letter in WIDE else 0.7 if letter.isupper() else 0.61 for letter in words
    )
    return units * size


def fit(words: str, width: float, size: float = 14, *, mono: bool = False, both: bool = False) -> str:
    """Words cut to a width, with "…" where something is missing: at the end, or in the middle to keep `both` ends."""
    if measure(words, size, mono=mono) <= width:
        return words
    if both:
        head, tail = words[:12], words[12:]
        while tail and measure(f"{head}…{tail}", size, mono=mono) > width:
            tail = tail[1:]
        return f"{head}…{tail}"
    while words and measure(f"{words}…", size, mono=mono) > width:
        words = words[:-1]
    return f"{words.rstrip()}…"


def wrap(words: str, width: float, size: float = 13) -> list[str]:
    """Words broken into lines at spaces; a word that is too long alone is cut."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if line and measure(longer, size) > width:
            lines.append(fit(line, width, size))
            line = word
        else:
            line = longer
    return [*lines, fit(line, width, size)] if line else lines


def _edge(tone: Tone) -> str:
    return INKS["mute"] if tone in ("plain", "soft") else INKS[tone]  # type: ignore[index]


def _dash(dashed: bool) -> str:
    return ' stroke-dasharray="5 4"' if dashed else ""


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

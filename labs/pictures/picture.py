"""What all pictures are: words that are complete by themselves, markup for a card, a still for a stored notebook."""

from __future__ import annotations

from dataclasses import dataclass

from labs.pictures.drawing import Drawing
from labs.pictures.markup import details, paragraph

SAME_BELOW = "Os mesmos dados estão em texto logo abaixo do desenho."


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        text: all of it as plain text.
        html: the drawing and the same facts as a table, for a card.
        still: the drawing alone, as an SVG document that needs no style sheet; empty where nothing is drawn.
        said: one line for a screen reader when the picture changed under the learner's typing.
    """

    text: str
    html: str
    still: str = ""
    said: str = ""


def message(text: str) -> Picture:
    """What there is to say where nothing can be drawn."""
    return Picture(text, "".join(paragraph(line) for line in text.splitlines()), said=text)


def drawn(
    title: str, text: str, drawing: Drawing, facts: str, *, said: str = "", below: str = "", linked: bool = False
) -> Picture:
    """A picture from its drawing. `facts` is the table that says the same; `below` stands under the drawing, open."""
    live = drawing.svg(title, SAME_BELOW, linked=linked)
    scroller = f"<div class='lab-scroll' role='group'>{live}</div>"
    markup = f"<div class='lab-figure'>{scroller}{below}{details('Ver em tabela', facts) if facts else ''}</div>"
    return Picture(text, markup, drawing.svg(title, text, linked=linked), said or title)

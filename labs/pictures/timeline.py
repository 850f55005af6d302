"""When a value arrives: ARG and ENV at build time, --env-file and -e at run time, and who wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs.pictures.drawing import WIDTH, Drawing, Tone, fit, wrap
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

NONE = "nenhuma"


@dataclass(frozen=True)
class Origin:
    """Which variables come from where, by name; values never come in.

    Attributes:
        image: the image that was read.
        arguments: ARGs of its build, as its history tells.
        kept: ENVs stored in it.
        given: by container, the variables that arrived at run time.
    """

    image: str
    arguments: tuple[str, ...]
    kept: tuple[str, ...]
    given: Mapping[str, tuple[str, ...]]


TRACE = "só no build; não chega ao container, e deixa rastro no histórico"
Bar = tuple[str, Tone, float, float, str]
BARS: tuple[Bar, ...] = (
    ("ARG", "violet", 150, 356, "só no build"),
    ("ENV", "blue", 150, 704, "fica na imagem; é o valor padrão na execução"),
    ("--env-file", "teal", 452, 704, "na execução: vence o ENV"),
    ("-e", "green", 452, 704, "na execução: vence todos"),
)
"""What, its tone, where its bar begins and ends, what it says; from the weakest to the strongest."""


def timeline(origin: Origin) -> Picture:
    """ARG, ENV, --env-file and -e over build and run, with the names that this image and its containers really have."""
    title = "Quando cada valor vale: build e execução (run)"
    order = [(str(number), lane[0], _words(lane)) for number, lane in enumerate(BARS, start=1)]
    lines = [title, *(f"  {number}. {what}: {words}" for number, what, words in order)]
    facts = [
        (f"ARG no build de {origin.image}", _listed(origin.arguments)),
        (f"ENV dentro de {origin.image}", _listed(origin.kept)),
        *((f"chegaram na execução, em {name}", _listed(given)) for name, given in origin.given.items()),
    ]
    lines += [f"  {label}: {names}" for label, names in facts]
    tables = table("Do mais fraco ao mais forte", ("Ordem", "De onde vem o valor", "Vale quando"), order)
    tables += table("Agora, no seu engine", ("Onde", "Variáveis"), facts)
    return drawn(title, "\n".join(lines), _draw(facts), tables, said=f"{facts[1][0]}: {facts[1][1]}.")


def _words(lane: Bar) -> str:
    return TRACE if lane[0] == "ARG" else lane[4]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or NONE


def _draw(facts: Sequence[tuple[str, str]]) -> Drawing:
    drawing = Drawing()
    drawing.box(140, 8, 230, 36, "soft")
    drawing.text(255, 31, "build: uma vez", bold=True, anchor="middle")
    drawing.box(376, 8, 62, 36, "teal", thick=True)
    drawing.text(407, 31, "imagem", size=12, bold=True, anchor="middle")
    drawing.box(444, 8, 266, 36, "soft")
    drawing.text(577, 31, "run: em cada ambiente", bold=True, anchor="middle")
    y = 60.0
    for number, (name, tone, begin, end, words) in enumerate(BARS, start=1):
        drawing.text(10, y + 24, f"{number}. {name}", size=14, bold=True, mono=True)
        drawing.box(begin, y + 4, end - begin, 30, tone)
        drawing.text(begin + 10, y + 24, fit(words, end - begin - 16, 13), size=13)
        if name == "ARG":
            drawing.line([(356, y + 19), (406, y + 19)], "violet", dashed=True)
            drawing.text(414, y + 24, "✗ não chega ao container; fica no histórico", size=13, ink="mute")
        y += 44
    drawing.text(10, y + 12, "↓ de cima para baixo, cada um vence o anterior", size=13, ink="mute")
    y += 32
    drawing.line([(10, y), (WIDTH - 10, y)])
    drawing.text(10, y + 26, "Agora, no seu engine (só os nomes, nunca os valores)", size=14, bold=True)
    y += 52
    for label, names in facts:
        drawing.text(10, y, fit(label, 270, 13), size=13, ink="mute")
        for line in wrap(names, (WIDTH - 310) * 0.97, 13):
            drawing.text(290, y, line, size=12.5, mono=True)
            y += 20
        y += 4
    return drawing

"""The stack of an image's layers: who made each and how large it is; of two images, which layers both have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labs.base.text import plural, size
from labs.pictures.drawing import WIDTH, Drawing, Tone, fit
from labs.pictures.markup import paragraph, table
from labs.pictures.picture import Picture, drawn
from labs.seams.engine import HistoryEntry, Image

FILE_INSTRUCTIONS = ("COPY", "ADD", "RUN", "WORKDIR")
"""Instructions that can add a layer (docs.docker.com/reference/dockerfile); the others only configure."""
ROW = 34
FROM_BASE, OWN = "da imagem base", "deste Dockerfile"


@dataclass(frozen=True)
class Stack:
    """An image to draw.

    Attributes:
        history: oldest first.
        base: the layers (diff ids) of the image that it was built from.
        places: by layer, the other names and registries that hold it too.
    """

    name: str
    image: Image
    history: tuple[HistoryEntry, ...]
    base: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Unpacked bytes, in every store; what a registry tells is compressed."""
        return sum(entry.size for entry in self.history)


@dataclass(frozen=True)
class Row:
    """One layer: its number from below, its diff id, what made it, bytes, whether the base brought it."""

    number: int
    layer: str
    words: str
    size: int
    base: bool
    places: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        return FROM_BASE if self.base else OWN


def layers(first: Stack, second: Stack | None = None) -> Picture:
    """The stack of layers, newest on top; with a second image, which layers both have."""
    stacks = [first] if second is None else [first, second]
    common = set(first.image.layers) & set(second.image.layers) if second else None
    texts = [_text(stack, common) for stack in stacks]
    facts = "".join(_table(stack, common) for stack in stacks)
    if second is None:
        title = f"Pilha de layers de {first.name}"
        return drawn(title, texts[0], _draw_one(first), facts)
    shared = common or set()
    words = f"{len(shared)} de {len(second.image.layers)} layers de {second.name} também estão em {first.name}."
    title = f"Layers de {first.name} e de {second.name}"
    drawing = _draw_two(first, second, shared)
    return drawn(title, "\n\n".join([*texts, words]), drawing, facts, said=words, below=paragraph(words))


def rows_of(stack: Stack) -> list[Row]:
    """The layers, oldest first."""
    made = layer_instructions(stack.history, len(stack.image.layers))
    return [
        Row(number, layer, instruction(entry.command), entry.size, layer in stack.base, stack.places.get(layer, ()))
        for number, (entry, layer) in enumerate(zip(made, stack.image.layers, strict=True), start=1)
    ]


def _head(stack: Stack) -> str:
    layers = plural(len(stack.image.layers), "layer", "layers")
    return f"{stack.name}: {layers}, {size(stack.size)} descompactados no engine"


def _foot(stack: Stack) -> str:
    rest = len(stack.history) - len(stack.image.layers)
    others = plural(rest, "instrução", "instruções")
    return f"Mais {others} sem layer (ENV, LABEL, CMD…): só configuração." if rest > 0 else ""


def _shared(layer: str, common: set[str] | None) -> str:
    return "" if common is None else "compartilhada" if layer in common else "só nesta imagem"


def _text(stack: Stack, common: set[str] | None) -> str:
    lines = []
    for row in reversed(rows_of(stack)):
        owner = row.owner if stack.base else ""
        held = f"também em {plural(len(row.places), 'outro nome', 'outros nomes')}" if row.places else ""
        facts = (f"{row.number:>2}. {row.words}", size(row.size), owner, _shared(row.layer, common), held)
        lines.append(" · ".join(filter(None, facts)))
    return "\n".join(filter(None, (_head(stack), *lines, _foot(stack))))


def _table(stack: Stack, common: set[str] | None) -> str:
    rows = [
        (
            str(row.number),
            row.words,
            row.owner if stack.base else "—",
            size(row.size),
            ", ".join(row.places) or "—" if common is None else _shared(row.layer, common),
        )
        for row in reversed(rows_of(stack))
    ]
    columns = ("Layer", "Quem criou", "De quem é", "Tamanho", "Também em" if common is None else "Nas duas?")
    foot = _foot(stack)
    return table(_head(stack), columns, rows) + (paragraph(foot) if foot else "")


def _draw_one(stack: Stack) -> Drawing:
    drawing, rows = Drawing(), rows_of(stack)
    drawing.text(10, 24, fit(_head(stack), 700, 15), size=15, bold=True)
    largest = max((row.size for row in rows), default=0) or 1
    places = any(row.places for row in rows)
    room = 150 if places else 250
    y = 40.0
    for row in reversed(rows):
        tone: Tone = "soft" if row.base else "teal"
        drawing.box(10, y, 380, ROW - 4, tone)
        drawing.text(22, y + 20, str(row.number), bold=True, ink="mute")
        drawing.text(46, y + 20, fit(row.words, 322, 13), size=13)
        width = max(3.0, room * row.size / largest) if row.size else 0
        if width:
            drawing.box(402, y + 5, width, ROW - 14, "blue", round=3)
        drawing.text(402 + width + 8, y + 20, size(row.size), size=13)
        if row.places:
            drawing.text(WIDTH - 8, y + 20, f"× {len(row.places) + 1}", size=13, bold=True, anchor="end")
        y += ROW
    y = _key(drawing, y + 16, stack, places)
    if foot := _foot(stack):
        drawing.text(10, y, foot, size=13, ink="mute")
    return drawing


def _key(drawing: Drawing, y: float, stack: Stack, places: bool) -> float:
    drawing.box(10, y - 11, 18, 14, "teal", round=3)
    drawing.text(36, y, OWN if stack.base else "layer da imagem", size=13, ink="mute")
    if stack.base:
        drawing.box(170, y - 11, 18, 14, "soft", round=3)
        drawing.text(196, y, FROM_BASE, size=13, ink="mute")
    drawing.box(330, y - 11, 18, 14, "blue", round=3)
    words = "tamanho · × em quantos nomes e registries está" if places else "largura da barra: tamanho descompactado"
    drawing.text(356, y, words, size=13, ink="mute")
    return y + 24


def _draw_two(first: Stack, second: Stack, common: set[str]) -> Drawing:
    """Side by side, lowest layers on one line; bands join the layers that both have."""
    drawing = Drawing()
    tallest = max(len(first.image.layers), len(second.image.layers))
    floor = 56.0 + tallest * ROW
    drawing.text(10, 22, fit(first.name, 290, 13, both=True), size=13, bold=True)
    drawing.text(400, 22, fit(second.name, 290, 13, both=True), size=13, bold=True)
    for x, stack in ((10.0, first), (400.0, second)):
        about = f"{plural(len(stack.image.layers), 'layer', 'layers')}, {size(stack.size)}"
        drawing.text(x, 41, about, size=13, ink="mute")
    heights = {row.layer: floor - row.number * ROW for row in rows_of(first)}
    for row in rows_of(second):
        if row.layer in common:
            left, right = heights[row.layer] + ROW / 2 - 2, floor - row.number * ROW + ROW / 2 - 2
            drawing.line([(320, left), (400, right)], "teal", thick=True)
            drawing.text(360, (left + right) / 2 - 5, "a mesma", size=12, anchor="middle", ink="teal")
    for x, stack in ((10.0, first), (400.0, second)):
        for row in rows_of(stack):
            y, shared = floor - row.number * ROW, row.layer in common
            drawing.box(x, y, 310, ROW - 4, "teal" if shared else "amber", thick=not shared)
            drawing.text(x + 10, y + 20, fit(row.words, 214, 13), size=13)
            drawing.text(x + 300, y + 20, size(row.size), size=13, bold=not shared, anchor="end")
    drawing.box(10, floor + 10, 18, 14, "teal", round=3)
    drawing.text(36, floor + 22, "nas duas imagens: guardada uma vez só", size=13, ink="mute")
    drawing.box(330, floor + 10, 18, 14, "amber", round=3, thick=True)
    drawing.text(356, floor + 22, "só nesta imagem", size=13, ink="mute")
    return drawing


def layer_instructions(history: Sequence[HistoryEntry], count: int) -> list[HistoryEntry]:
    """The history entries that made the image's `count` layers, oldest first.

    `docker history` does not say which entries made a layer. Entries with a size did; where those are fewer than the
    layers, so did the oldest file instructions of size 0 (a RUN that changes nothing makes an empty layer).
    """
    chosen = {index for index, entry in enumerate(history) if entry.size}
    for index, entry in enumerate(history):
        if len(chosen) >= count:
            break
        if not entry.size and instruction(entry.command).startswith(FILE_INSTRUCTIONS):
            chosen.add(index)
    made = [history[index] for index in sorted(chosen)]
    missing = [HistoryEntry("", 0)] * (count - len(made))
    return [*missing, *made][-count:] if count else []


def instruction(command: str) -> str:
    """The Dockerfile instruction behind a line of `docker history`, of the classic builder or BuildKit."""
    text = re.sub(r"\s+", " ", command.replace("# buildkit", "")).strip()
    text = re.sub(r"^\|\d+ .*?(?=/bin/sh -c )", "", text)  # build arguments that a RUN saw
    text = re.sub(r"^RUN (?:\|\d+ .*?)?/bin/sh -c ", "RUN ", text)
    if text.startswith("/bin/sh -c #(nop)"):
        text = text.removeprefix("/bin/sh -c #(nop)").strip()
    elif text.startswith("/bin/sh -c "):
        text = f"RUN {text.removeprefix('/bin/sh -c ')}"
    text = re.sub(r"^(COPY|ADD) (?:file|dir|multi):[0-9a-f]{64} in ", r"\1 … → ", text).strip()
    if not text:
        return "imagem base"
    return text if len(text) <= 72 else f"{text[:71]}…"

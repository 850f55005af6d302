"""A registry's page: its repositories with their tags, digests, layers and visibility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.base.text import plural, short, size
from labs.pictures.drawing import WIDTH, Drawing, Tone, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn


@dataclass(frozen=True)
class Blob:
    """A layer of a tag: its digest and compressed bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Tag:
    """A tag as a registry's page shows it.

    Attributes:
        size: compressed bytes.
        layers: oldest first; none means that they are not known.
        identity: every digest that stands for the image; `config`: its config's among them.
    """

    name: str
    digest: str
    size: int
    layers: tuple[Blob, ...] = ()
    identity: frozenset[str] = frozenset()
    config: str = ""


@dataclass(frozen=True)
class Repository:
    """A repository as a registry's page shows it. `visibility`: "público", "privado, tags imutáveis"."""

    name: str
    visibility: str
    tags: tuple[Tag, ...] = ()

    @property
    def public(self) -> bool:
        return self.visibility.startswith("público")


@dataclass(frozen=True)
class Registry:
    """A registry to draw: what stands in its page's bar, and its tone."""

    title: str
    address: str
    tone: Tone = "blue"


def registry(about: Registry, repositories: Sequence[Repository]) -> Picture:
    """The page of a registry."""
    found = plural(len(repositories), "repositório", "repositórios")
    lines = [f"{about.title}: {found if repositories else 'nenhum repositório ainda.'}"]
    rows = []
    for repository in repositories:
        lines.append(f"  {repository.name} · {repository.visibility}")
        for tag in repository.tags:
            held = plural(len(tag.layers), "layer", "layers") if tag.layers else ""
            packed = f"{size(tag.size)} comprimidos"
            lines.append("    " + " · ".join(filter(None, (tag.name, short(tag.digest), held, packed))))
            count = str(len(tag.layers) or "—")
            rows.append((repository.name, tag.name, short(tag.digest), count, size(tag.size), repository.visibility))
        if not repository.tags:
            lines.append("    nenhuma tag")
            rows.append((repository.name, "nenhuma tag", "—", "—", "—", repository.visibility))
    columns = ("Repositório", "Tag", "Digest", "Layers", "Tamanho (comprimido)", "Visibilidade")
    facts = table(about.title, columns, rows) if rows else ""
    return drawn(
        f"Página do registry: {about.title}", "\n".join(lines), _draw(about, repositories), facts, said=lines[0]
    )


def _draw(about: Registry, repositories: Sequence[Repository]) -> Drawing:
    drawing = Drawing()
    drawing.box(4, 4, WIDTH - 8, 44, about.tone)
    drawing.text(20, 32, about.title, size=16, bold=True)
    drawing.text(WIDTH - 20, 32, about.address, size=13, mono=True, anchor="end")
    y = 62.0
    if not repositories:
        drawing.box(4, y, WIDTH - 8, 64, "plain", dashed=True)
        drawing.text(WIDTH / 2, y + 38, "Nenhum repositório ainda", anchor="middle", ink="mute")
    for repository in repositories:
        y = _repository(drawing, repository, y)
    if any(len(tag.layers) for repository in repositories for tag in repository.tags):
        words = "barra: uma fatia por layer; no mesmo repositório, a mesma letra é a mesma layer, guardada uma vez só"
        drawing.paragraph(10, y + 12, words, 600, size=12)
    return drawing


def _repository(drawing: Drawing, repository: Repository, y: float) -> float:
    height = 44 + 30 * max(len(repository.tags), 1)
    drawing.box(4, y, WIDTH - 8, height, "plain")
    drawing.text(20, y + 27, fit(repository.name, 440, 15), size=15, bold=True)
    sign = "◯ " if repository.public else "● "
    drawing.badge(
        WIDTH - 16, y + 22, sign + repository.visibility, "amber" if repository.public else "green", anchor="end"
    )
    if not repository.tags:
        drawing.text(32, y + 60, "nenhuma tag", size=13, ink="mute")
    order = _order(repository)
    for index, tag in enumerate(repository.tags):
        line = y + 58 + 30 * index
        drawing.badge(32, line - 4, fit(tag.name, 116, 12), "soft")
        drawing.text(190, line, short(tag.digest), size=13, mono=True)
        _slices(drawing, tag, order, 364, line - 13)
        about = f"{plural(len(tag.layers), 'layer', 'layers')} · " if tag.layers else ""
        drawing.text(WIDTH - 20, line, f"{about}{size(tag.size)}", size=13, anchor="end", ink="mute")
    return y + height + 10


SLICES: tuple[Tone, ...] = ("soft", "blue", "teal", "violet", "amber", "green", "red")


def _order(repository: Repository) -> dict[str, int]:
    """The layers of all tags, in the order in which they first appear: the same layer gets the same look."""
    order: dict[str, int] = {}
    for tag in repository.tags:
        for blob in tag.layers:
            order.setdefault(blob.digest, len(order))
    return order


def _slices(drawing: Drawing, tag: Tag, order: dict[str, int], x: float, y: float) -> None:
    """One slice per layer. Square roots: beside a base of megabytes, a few kilobytes must still be seen."""
    room, least = 170.0, 11.0
    roots = [blob.size**0.5 for blob in tag.layers]
    spare = max(room - least * len(roots), 0)
    for blob, root in zip(tag.layers, roots, strict=True):
        width = least + spare * root / (sum(roots) or 1)
        place = order[blob.digest]
        drawing.box(x, y, width - 1.5, 18, SLICES[place % len(SLICES)], round=2)
        if width > 9:
            drawing.text(
                x + (width - 1.5) / 2, y + 13, chr(ord("a") + place % 26), size=11, anchor="middle", ink="mute"
            )
        x += width

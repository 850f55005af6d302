"""The anatomy of an image name: its parts marked and labelled, also those that Docker fills in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from labs.base.reference import DOCKER_HUB, ECR_PUBLIC, Reference, parse
from labs.pictures.drawing import WIDTH, Drawing, Ink, Tone, measure, wrap
from labs.pictures.markup import paragraph, table
from labs.pictures.picture import Picture, drawn

MARGIN = 16
LEAST_ROOM = 190
"""The least room for a label's words; a name that leaves less is written smaller."""
SMALLEST = 11.0
TONES: dict[str, tuple[Tone, Ink]] = {
    "registry": ("blue", "blue"),
    "namespace": ("violet", "violet"),
    "alias": ("violet", "violet"),
    "repositório": ("teal", "teal"),
    "tag": ("amber", "amber"),
    "digest": ("red", "red"),
}


@dataclass(frozen=True)
class Part:
    """A part of a name: what it is, its value, what it says, and the sign before it. `implied`: nobody wrote it."""

    label: str
    value: str
    meaning: str
    before: str = ""
    implied: bool = False


def name(text: str, known: Mapping[str, str] | None = None, public: Collection[str] = (ECR_PUBLIC,)) -> Picture:
    """The anatomy of an image name. `known` gives words for the lab's own registry addresses, `public` are those of ECR
    Public.

    A name that is not valid gives a picture that says why.
    """
    try:
        reference = parse(text)
    except ValueError as error:
        return refused(text, str(error))
    parts = parts_of(reference, known or {}, reference.registry in public)
    rows = [(part.label, part.value, part.meaning) for part in parts]
    rows[1:1] = _ecr_rows(reference)
    lines = [f"Nome: {text}", *(f"  {part}: {value} ({meaning})" for part, value, meaning in rows)]
    facts = table(f"Anatomia de {text}", ("Parte", "Valor", "O que diz"), rows)
    said = f"✓ Nome válido: {', '.join(f'{part} {value}' for part, value, _ in rows)}."
    return drawn(f"Anatomia do nome {text}", "\n".join(lines), _draw(parts), facts, said=said)


def refused(text: str, why: str) -> Picture:
    """A name that Docker would not take, with the reason."""
    said = f"✗ “{text}” não é um nome válido: {why}."
    drawing = Drawing()
    drawing.box(1, 1, WIDTH - 2, 84, "red", dashed=True)
    drawing.text(MARGIN, 34, _short(text, 70) or "(vazio)", size=17, mono=True)
    drawing.text(MARGIN, 60, "✗ não é um nome válido", size=14, bold=True, ink="red")
    drawing.paragraph(MARGIN, 112, f"{why[:1].upper()}{why[1:]}.", WIDTH - 2 * MARGIN, size=14, ink="ink")
    return drawn("Nome que não é válido", said, drawing, "", said=said, below=paragraph(said, "hidden"))


def parts_of(reference: Reference, known: Mapping[str, str], public: bool = False) -> list[Part]:
    """The parts in the order of the full name; `public` says that the registry is ECR Public."""
    written, implied = reference.text.partition("@")[0], not reference.explicit
    parts = [Part("registry", reference.registry, _registry_words(reference, known), implied=implied)]
    owner, name = reference.namespace, reference.name
    if public and owner:  # the first part is the alias, all else the repository's name (ECR Public user guide)
        owner, _, name = reference.repository.partition("/")
    if owner and public:
        parts.append(Part("alias", owner, "o apelido da conta no ECR Public", "/"))
    elif owner:
        official = reference.registry == DOCKER_HUB and f"{owner}/" not in written
        meaning = "preenchido pelo Docker: imagens oficiais" if official else "a conta ou organização"
        parts.append(Part("namespace", owner, meaning, "/", official))
    parts.append(Part("repositório", name, "reúne as versões de uma imagem", "/"))
    if reference.tag:
        spelled = written.endswith(f":{reference.tag}")
        moving = "uma etiqueta: pode passar a apontar para outra imagem"
        filled = "preenchida pelo Docker: o nome não diz outra"
        parts.append(Part("tag", reference.tag, moving if spelled else filled, ":", not spelled))
    if reference.digest:
        meaning = "a impressão digital do conteúdo: nunca muda de imagem"
        parts.append(Part("digest", reference.digest, meaning, "@"))
    return parts


def _ecr_rows(reference: Reference) -> list[tuple[str, str, str]]:
    if not reference.ecr:
        return []
    account, region = reference.ecr
    return [
        ("conta da AWS", account, "os 12 dígitos no começo do endereço"),
        ("região", region, "cada região tem o seu registry"),
    ]


def _registry_words(reference: Reference, known: Mapping[str, str]) -> str:
    if reference.registry in known:
        return known[reference.registry]
    if reference.ecr:
        return "um endereço do Amazon ECR"
    if not reference.explicit:
        return "o Docker Hub, porque o nome não traz endereço"
    return "o endereço para onde vão push e pull"


def _draw(parts: list[Part]) -> Drawing:
    """The full name in a row; from each part a line goes down to its label, the last part's label on top."""
    drawing = Drawing()
    values, size = _sized(parts)
    x, middles = float(MARGIN), []
    for part, value in zip(parts, values, strict=True):
        if part.before:
            drawing.text(x, 40, part.before, size=size, mono=True, ink="mute")
            x += measure(part.before, size, mono=True)
        width = measure(value, size, mono=True) + 6
        drawing.box(x - 1, 20, width + 2, 30, TONES[part.label][0], dashed=part.implied)
        drawing.text(x + 3, 40, value, size=size, mono=True)
        middles.append(x + width / 2)
        x += width
    y = 78.0
    for part, middle in reversed(list(zip(parts, middles, strict=True))):
        y = _label(drawing, part, middle, y)
    if any(part.implied for part in parts):
        drawing.box(MARGIN, y - 8, 26, 16, "plain", dashed=True)
        drawing.text(MARGIN + 36, y + 5, "borda tracejada: não está escrito, o Docker preenche", size=13, ink="mute")
    return drawing


def _sized(parts: list[Part]) -> tuple[list[str], float]:
    """The values as they can be shown, and their size: as large as fits, with room for the last part's label."""
    for most in (48, 34, 24, 16):
        values = [_short(part.value, most if part.label == "registry" else min(most, 26)) for part in parts]
        letters = sum(len(part.before) + len(value) + 1 for part, value in zip(parts, values, strict=True))
        before = max(letters - len(values[-1]) - 1, 1)
        size = min(18.0, (WIDTH - 2 * MARGIN) / letters / 0.605, (WIDTH - LEAST_ROOM - MARGIN) / before / 0.605)
        if size >= SMALLEST:
            break
    return values, max(size, SMALLEST)


def _label(drawing: Drawing, part: Part, middle: float, y: float) -> float:
    ink = TONES[part.label][1]
    room = WIDTH - middle - 30
    drawing.line([(middle, 50), (middle, y - 4), (middle + 12, y - 4)], ink)
    drawing.text(middle + 18, y, part.label, size=14, bold=True, ink=ink)
    beside = middle + 18 + measure(part.label, 14, bold=True) + 10
    if measure(part.meaning, 13) < WIDTH - beside - 8:
        drawing.text(beside, y, part.meaning, size=13, ink="mute")
        return y + 30
    for line in wrap(part.meaning, room, 13):
        y += 18
        drawing.text(middle + 18, y, line, size=13, ink="mute")
    return y + 30


def _short(value: str, most: int) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"

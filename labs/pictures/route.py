"""Where a push goes: the default, and what an address at the start of the name changes."""

from __future__ import annotations

from collections.abc import Mapping

from labs.base.reference import Reference, parse
from labs.pictures.anatomy import refused
from labs.pictures.drawing import WIDTH, Drawing, Tone, fit, measure
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

DESTINATIONS = ("Docker Hub", "Amazon ECR", "outro registry")
WORDS = {
    "Docker Hub": "o padrão do Docker",
    "Amazon ECR": "da AWS, por conta e região",
    "outro registry": "o endereço que está no nome",
}
TONES: dict[str, Tone] = {"Docker Hub": "blue", "Amazon ECR": "amber", "outro registry": "violet"}


def route(text: str, known: Mapping[str, str] | None = None) -> Picture:
    """Where `docker push` of this name goes, and why. `known` gives the lab's own addresses a destination of the three.

    A name that is not valid gives a picture that says why.
    """
    try:
        reference = parse(text)
    except ValueError as error:
        return refused(text, str(error))
    place = destination(reference, known or {})
    first = text.partition("/")[0] if "/" in text else ""
    reason = _reason(reference, first)
    lines = [
        f"docker push {text}",
        f"  Há um endereço antes da primeira barra? {'sim' if reference.explicit else 'não'} ({reason})",
        f"  Vai para: {place} ({reference.registry})",
        f"  Repositório lá: {reference.repository}",
    ]
    facts = table(
        f"Para onde vai docker push {text}",
        ("Pergunta", "Resposta"),
        [
            ("Há um endereço antes da primeira barra?", f"{'Sim' if reference.explicit else 'Não'}: {reason}"),
            ("Para onde vai", f"{place} ({reference.registry})"),
            ("Repositório lá", reference.repository),
        ],
    )
    said = f"O push vai para {place}: {reason}."
    drawing = _draw(text, reference, place, reason)
    return drawn(f"Para onde vai docker push {text}", "\n".join(lines), drawing, facts, said=said)


def destination(reference: Reference, known: Mapping[str, str]) -> str:
    """One of `DESTINATIONS`."""
    if reference.registry in known:
        return known[reference.registry]
    if not reference.explicit or reference.registry in ("docker.io", "index.docker.io"):
        return "Docker Hub"
    return "Amazon ECR" if reference.ecr else "outro registry"


def _reason(reference: Reference, first: str) -> str:
    if not first:
        return "o nome não tem barra"
    if not reference.explicit:
        return f"“{first}” não tem ponto, nem porta, nem é localhost: é uma conta"
    if first == "localhost":
        return "“localhost” é um endereço"
    return f"“{first}” tem {'porta' if ':' in first else 'ponto'}: é um endereço"


def _address_lines(address: str, width: float, size: float) -> list[str]:
    """An address whole where it fits, else in two lines: what is cut off says too little."""
    if measure(address, size) <= width:
        return [address]
    breaks = [at for at, letter in enumerate(address) if letter in ".-" and measure(address[:at], size) <= width]
    cut = breaks[-1] if breaks else 0
    return [address[:cut], fit(address[cut:], width, size)] if cut else [fit(address, width, size)]


def _draw(text: str, reference: Reference, place: str, reason: str) -> Drawing:
    drawing = Drawing()
    drawing.box(10, 12, 700, 40, "soft")
    drawing.text(24, 38, fit(f"docker push {text}", 670, 15, mono=True), size=15, mono=True)
    drawing.line([(200, 52), (200, 78)], "ink", thick=True, arrow=True)
    drawing.shape("M200 80 L392 140 L200 200 L8 140 Z", "plain", bottom=200)
    drawing.text(200, 134, "Há um endereço antes", bold=True, anchor="middle")
    drawing.text(200, 154, "da primeira barra?", bold=True, anchor="middle")
    drawing.paragraph(24, 222, reason[:1].upper() + reason[1:] + ".", 370)
    heights = {"Docker Hub": 92.0, "Amazon ECR": 162.0, "outro registry": 252.0}
    for name in sorted(DESTINATIONS, key=lambda one: one == place):  # the way taken is drawn last, on top
        y, taken = heights[name], name == place
        yes = name != "Docker Hub"
        start = (296, 110) if not yes else (296, 170)
        bend = 410 if not yes else 430 - (20 if name == "outro registry" else 0)
        points = [start, (bend, start[1]), (bend, y + 8 if yes else y + 18), (452, y + 8 if yes else y + 18)]
        drawing.line(points, "ink" if taken else "mute", dashed=not taken, thick=taken, arrow=True)
        words = reference.registry if taken and reference.explicit else WORDS[name]
        said = _address_lines(words, 226, 13)
        height = 44 + 18 * len(said)
        drawing.box(456, y - 22, 254, height, TONES[name] if taken else "plain", dashed=not taken, thick=taken)
        drawing.text(470, y + 2, name, bold=True)
        if taken:
            drawing.text(WIDTH - 22, y + 2, "← vai por aqui", size=13, bold=True, anchor="end")
        for number, line in enumerate(said):
            drawing.text(470, y + 24 + 18 * number, line, size=13, ink="mute")
    drawing.text(330, 102, "não", size=13, bold=True)
    drawing.text(330, 190, "sim", size=13, bold=True)
    return drawing

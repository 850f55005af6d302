"""Homologação and produção side by side: one image, other values, and their live pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labs.base.text import short
from labs.pictures.drawing import WIDTH, Drawing, Tone, fit, measure
from labs.pictures.markup import Html, escape, paragraph, table
from labs.pictures.picture import Picture, drawn
from labs.seams.engine import Container

TONES: dict[str, Tone] = {"homologacao": "amber", "producao": "green"}
SHOWN_NAMES = {"homologacao": "Homologação", "producao": "Produção"}


def environments(names: Sequence[str], containers: Iterable[Container]) -> Picture:
    """Containers side by side. Keys are named, their values never shown."""
    by_name = {container.name: container for container in containers}
    found = [by_name.get(wanted) for wanted in names]
    rows = [
        (label, *(read(container) if container else "—" for container in found))
        for label, read in (
            ("Estado", state),
            ("APP_ENV", lambda one: one.environment.get("APP_ENV", "—")),
            ("APP_COLOR", lambda one: one.environment.get("APP_COLOR", "—")),
            ("Imagem", lambda one: f"{one.image} ({short(one.image_id)})"),
            ("Página", address),
            ("Chaves definidas", _keys_set),
        )
    ]
    lines = []
    for column, (wanted, container) in enumerate(zip(names, found, strict=True), start=1):
        lines.append(wanted)
        lines += (
            [f"  {row[0]}: {row[column]}" for row in rows] if container else ["  nenhum container com este nome agora"]
        )
    verdict = _same_image([container for container in found if container], len(names))
    frames = "".join(_frame(container) for container in found if container)
    linked = [(row[0], *(_linked(cell) for cell in row[1:])) for row in rows]
    pages = f"<div class='lab-side'>{frames}</div>" if frames else ""
    facts = table("Ambientes", ("", *names), linked)
    drawing = _draw(names, found, verdict)
    text = "\n".join([*lines, verdict])
    return drawn(
        "Homologação e produção", text, drawing, facts, said=verdict, below=paragraph(verdict, "hidden") + pages
    )


def state(container: Container) -> str:
    return "rodando" if container.exit_code is None else f"parado (código {container.exit_code})"


def address(container: Container) -> str:
    return f"http://127.0.0.1:{container.ports[0]}" if container.ports else "nenhuma porta publicada"


def _linked(cell: str) -> str:
    if not cell.startswith("http://127.0.0.1:"):
        return cell
    return Html(f"<a href='{escape(cell)}' target='_blank' rel='noopener'>{escape(cell)}</a>")


def _keys_set(container: Container) -> str:
    keys = sorted(key for key, value in container.environment.items() if key.startswith("KEY_") and value)
    return ", ".join(keys) or "nenhuma"


def _same_image(found: Sequence[Container], wanted: int) -> str:
    if len(found) < wanted:
        return "Nada a comparar agora: isso pede os dois ambientes de pé."
    if len({container.image_id for container in found}) == 1:
        return "A mesma imagem nos dois: só os valores mudam."
    return "As imagens são diferentes: o que foi homologado não é o que está em produção."


def _frame(container: Container) -> str:
    """The live page. The card's script puts the address in, so that it also works behind a proxy."""
    if not container.ports or container.exit_code is not None:
        return ""
    title = escape(f"Página de {container.name}")
    page = escape(address(container))
    return f"<iframe title='{title}' data-page='{page}' loading='lazy' sandbox='allow-scripts allow-forms'></iframe>"


def _draw(names: Sequence[str], found: Sequence[Container | None], verdict: str) -> Drawing:
    drawing = Drawing()
    images = list(dict.fromkeys(container.image_id for container in found if container))
    step = WIDTH / max(len(images), 1)
    middles = {image: step * (index + 0.5) for index, image in enumerate(images)}
    for image, middle in middles.items():
        drawing.box(middle - 130, 10, 260, 44, "blue", thick=True)
        drawing.text(middle, 28, "imagem", size=12, anchor="middle", ink="mute")
        drawing.text(middle, 46, short(image), size=13, mono=True, anchor="middle")
    if not images:
        drawing.box(WIDTH / 2 - 130, 10, 260, 44, "plain", dashed=True)
        drawing.text(WIDTH / 2, 37, "nenhum container agora", size=13, anchor="middle", ink="mute")
    width = (WIDTH - 20 - 24 * (len(names) - 1)) / max(len(names), 1)
    for index, (name, container) in enumerate(zip(names, found, strict=True)):
        x = 10 + index * (width + 24)
        if container:
            drawing.line([(middles[container.image_id], 54), (x + width / 2, 92)], "ink", thick=True, arrow=True)
        _environment(drawing, name, container, x, 94, width)
    drawing.text(WIDTH / 2, 318, verdict, bold=True, anchor="middle")
    return drawing


def _environment(drawing: Drawing, name: str, container: Container | None, x: float, y: float, width: float) -> None:
    drawing.box(x, y, width, 200, "plain", dashed=container is None, thick=container is not None)
    drawing.box(x, y, width, 36, TONES.get(name, "soft"))
    drawing.text(x + 14, y + 24, fit(SHOWN_NAMES.get(name, name), width - 130, 15), size=15, bold=True)
    if container is None:
        drawing.text(x + width / 2, y + 116, "nenhum container agora", anchor="middle", ink="mute")
        return
    sign = "▶ rodando" if container.exit_code is None else f"■ código {container.exit_code}"
    drawing.text(x + width - 12, y + 24, sign, size=13, bold=True, anchor="end")
    room, whole = width - 114, container.image
    facts = (
        ("página", address(container).removeprefix("http://")),
        ("imagem", whole if measure(whole, 13, mono=True) <= room else f"…/{whole.rpartition('/')[2]}"),
        ("APP_ENV", container.environment.get("APP_ENV", "—")),
        ("APP_COLOR", container.environment.get("APP_COLOR", "—")),
        ("chaves", f"{_keys_set(container)} = •••"),
    )
    for index, (label, value) in enumerate(facts):
        line = y + 64 + 29 * index
        drawing.text(x + 14, line, label, size=13, ink="mute")
        drawing.text(x + 104, line, fit(value, room, 13, mono=True), size=13, mono=True)

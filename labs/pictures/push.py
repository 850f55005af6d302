"""What a push will send, before it runs: which layers the registry has and which have to travel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from labs.base.text import plural, size
from labs.pictures.drawing import WIDTH, Drawing, Tone, fit
from labs.pictures.markup import paragraph, table
from labs.pictures.picture import Picture, drawn
from labs.pictures.stack import ROW, Row, Stack, rows_of

Fate = Literal["there", "mount", "travel"]
WORDS: dict[Fate, str] = {
    "there": "já está lá",
    "mount": "aproveitada de outro repositório",
    "travel": "vai viajar",
}
TONES: dict[Fate, Tone] = {"there": "soft", "mount": "violet", "travel": "amber"}


def push_preview(stack: Stack, destination: str, fates: Mapping[str, Fate]) -> Picture:
    """What `docker push` of this name will send. `fates` by layer (diff id), as the registry answered."""
    rows = rows_of(stack)
    sent = [row for row in rows if fates[row.layer] == "travel"]
    total = sum(row.size for row in sent)
    if sent:
        verdict = f"Vão viajar {len(sent)} de {plural(len(rows), 'layer', 'layers')}: {size(total)} antes de comprimir."
        verdict = verdict.replace("Vão viajar 1 de", "Vai viajar 1 de")
    else:
        verdict = "Nenhuma layer vai viajar: o registry já tem todas. Só o manifest e a tag."
    lines = [f"Prévia de docker push {stack.name}", f"  Destino: {destination}"]
    lines += [f"  {row.number}. {row.words} · {size(row.size)} · {WORDS[fates[row.layer]]}" for row in reversed(rows)]
    facts = table(
        f"Prévia de docker push {stack.name}",
        ("Layer", "Quem criou", "Tamanho no engine", "No push"),
        [(str(row.number), row.words, size(row.size), WORDS[fates[row.layer]]) for row in reversed(rows)],
    )
    drawing = _draw(stack, rows, destination, fates, verdict)
    title = f"O que o push de {stack.name} vai enviar"
    return drawn(title, "\n".join([*lines, verdict]), drawing, facts, said=verdict, below=paragraph(verdict, "hidden"))


def _draw(stack: Stack, rows: list[Row], destination: str, fates: Mapping[str, Fate], verdict: str) -> Drawing:
    drawing = Drawing()
    bottom = 50 + len(rows) * ROW
    drawing.text(10, 24, "No seu engine", bold=True)
    drawing.text(WIDTH - 220, 24, fit(destination, 214, 14), bold=True)
    drawing.box(WIDTH - 220, 36, 210, len(rows) * ROW + 8, "plain")
    for row in rows:
        fate, y = fates[row.layer], bottom - row.number * ROW - 8
        drawing.box(10, y, 300, ROW - 4, TONES[fate], thick=fate == "travel")
        drawing.text(20, y + 20, fit(row.words, 214, 13), size=13)
        drawing.text(302, y + 20, size(row.size), size=13, anchor="end")
        if fate == "travel":
            drawing.line([(314, y + 15), (WIDTH - 226, y + 15)], "amber", thick=True, arrow=True)
            drawing.text(400, y + 10, "vai viajar", size=13, bold=True, anchor="middle", ink="amber")
            drawing.box(WIDTH - 212, y, 194, ROW - 4, "plain", dashed=True)
            drawing.text(WIDTH - 115, y + 20, "ainda não está aqui", size=13, anchor="middle", ink="mute")
        else:
            drawing.text(400, y + 20, "não viaja", size=13, anchor="middle", ink="mute")
            drawing.box(WIDTH - 212, y, 194, ROW - 4, TONES[fate])
            words = "já está aqui" if fate == "there" else "em outro repositório"
            drawing.text(WIDTH - 115, y + 20, f"✓ {words}", size=13, anchor="middle")
    drawing.height = bottom
    drawing.text(10, bottom + 22, verdict, size=13, bold=True)
    return drawing

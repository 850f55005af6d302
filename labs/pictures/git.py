"""A registry beside a Git host: what corresponds to what, and where the comparison ends."""

from __future__ import annotations

from labs.pictures.drawing import WIDTH, Drawing
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

ROWS = (
    ("guarda", "código-fonte", "imagens prontas para rodar"),
    ("agrupa em", "repositórios", "repositórios"),
    ("conteúdo exato", "hash do commit", "digest"),
    ("nome que pode mudar", "branch", "tag"),
    ("enviar", "git push", "docker push"),
    ("baixar", "git pull", "docker pull"),
    ("o que viaja", "só o que falta", "só as layers que faltam"),
)
LIMIT = ("como se altera", "edita-se e faz-se outro commit", "não se edita: constrói-se outra imagem")
TITLE = "Um registry ao lado de um serviço de Git"


def beside_git() -> Picture:
    """The comparison of lesson 01. It has no state: the course's own words."""
    rows = [*ROWS, LIMIT]
    lines = [TITLE, *(f"  {label}: {git} | {registry}" for label, git, registry in rows)]
    facts = table(TITLE, ("", "Serviço de Git", "Registry"), rows)
    return drawn(TITLE, "\n".join(lines), _draw(), facts)


def _draw() -> Drawing:
    drawing = Drawing()
    drawing.box(150, 8, 256, 40, "violet")
    drawing.text(278, 34, "Serviço de Git", size=16, bold=True, anchor="middle")
    drawing.box(454, 8, 256, 40, "blue")
    drawing.text(582, 34, "Registry", size=16, bold=True, anchor="middle")
    y = 62.0
    for label, git, registry in ROWS:
        drawing.text(10, y + 22, label, size=13, ink="mute")
        drawing.box(150, y, 256, 34, "plain")
        drawing.box(454, y, 256, 34, "plain")
        command = git.startswith("git ")
        drawing.text(278, y + 22, git, mono=command, anchor="middle")
        drawing.text(582, y + 22, registry, mono=command, anchor="middle")
        drawing.text(430, y + 24, "≈", size=18, bold=True, anchor="middle", ink="teal")
        y += 42
    drawing.text(10, y + 30, LIMIT[0], size=13, ink="mute")
    drawing.box(150, y + 6, 256, 40, "amber", dashed=True)
    drawing.box(454, y + 6, 256, 40, "amber", dashed=True)
    drawing.text(278, y + 31, "edita-se, e vem outro commit", size=13, anchor="middle")
    drawing.text(582, y + 31, "não se edita: outra imagem", size=13, anchor="middle")
    drawing.text(430, y + 32, "≠", size=18, bold=True, anchor="middle", ink="red")
    drawing.text(WIDTH / 2, y + 70, "≈ parecido · ≠ aqui a comparação acaba", size=13, anchor="middle", ink="mute")
    return drawing

"""What runs where: the lab's parts as they stand now, and who talks to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labs.pictures.drawing import Drawing, Tone, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

PartName = Literal["engine", "gateway", "hub", "ecr", "aws"]


@dataclass(frozen=True)
class Running:
    """A part: what it is, where it answers, whether it does."""

    place: PartName
    name: str
    address: str
    up: bool

    @property
    def words(self) -> str:
        return "✓ de pé" if self.up else "✗ parado"


PLACES: dict[PartName, tuple[float, float, Tone]] = {
    "engine": (270, 28, "teal"),
    "gateway": (270, 208, "soft"),
    "hub": (508, 28, "blue"),
    "ecr": (508, 128, "amber"),
    "aws": (508, 228, "violet"),
}
BOX = 196.0
HEIGHT = 76.0


def parts(running: Sequence[Running]) -> Picture:
    """The parts of the lab. The lesson and the terminal are the learner's side and always there."""
    title = "O que roda onde"
    lines = [title, "  esta aula e o terminal: docker → engine, aws → gateway; engine → gateway → registries"]
    lines += [f"  {one.name}: {one.address} · {one.words}" for one in running]
    rows = [(one.name, one.address, one.words) for one in running]
    facts = table(title, ("Parte", "Endereço", "Agora"), rows)
    up = sum(one.up for one in running)
    said = f"{up} de {len(running)} partes de pé."
    return drawn(title, "\n".join(lines), _draw(running), facts, said=said)


def _draw(running: Sequence[Running]) -> Drawing:
    drawing = Drawing()
    drawing.box(4, 4, 712, 330, "plain", dashed=True)
    drawing.text(18, 326, "seu computador: tudo responde em 127.0.0.1, nada sai para a internet", size=13, ink="mute")
    _box(drawing, 18, 28, "Esta aula", "JupyterLab, no navegador", "", "soft")
    _box(drawing, 18, 208, "Terminal", "já no ambiente do curso", "", "soft")
    drawing.line([(214, 56), (268, 56)], "ink", arrow=True)
    drawing.line([(214, 226), (252, 226), (252, 82), (268, 82)], "ink", arrow=True)
    drawing.text(241, 48, "docker", size=12, anchor="middle", bold=True)
    drawing.line([(214, 86), (232, 86), (232, 250), (268, 250)], "ink", arrow=True)
    drawing.line([(214, 264), (268, 264)], "ink", arrow=True)
    drawing.text(241, 282, "aws", size=12, anchor="middle", bold=True)
    drawing.line([(368, 104), (368, 206)], "ink", thick=True, arrow=True)
    drawing.text(378, 160, "push e pull", size=12, bold=True)
    for y in (66.0, 166.0, 262.0):
        drawing.line([(466, 246), (486, 246), (486, y), (506, y)], "ink", arrow=True)
    for one in running:
        x, top, tone = PLACES[one.place]
        _box(drawing, x, top, one.name, one.address, one.words, tone, up=one.up)
    return drawing


def _box(
    drawing: Drawing, x: float, y: float, name: str, about: str, state: str, tone: Tone, *, up: bool = True
) -> None:
    drawing.box(x, y, BOX, HEIGHT, tone if up else "red", dashed=not up)
    drawing.text(x + 12, y + 24, fit(name, BOX - 20, 15), size=15, bold=True)
    mono = about.startswith(("127.", "http", "unix", "tcp", "npipe"))
    drawing.text(x + 12, y + 45, fit(about, BOX - 20, 12, mono=mono), size=12, mono=mono, ink="ink" if mono else "mute")
    if state:
        drawing.text(x + 12, y + 66, state, size=13, bold=True, ink="ink" if up else "red")

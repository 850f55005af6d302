"""A release as a map: from one build to two registries and two environments, and what is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labs.base.text import short
from labs.pictures.drawing import Drawing, Tone, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

Place = Literal["build", "hub", "ecr", "homologacao", "producao"]


@dataclass(frozen=True)
class Station:
    """A place on the way. `id` is the image that it has ("" for none); images are compared by it."""

    place: Place
    title: str
    about: str
    id: str = ""


SPOTS: dict[Place, tuple[float, float, Tone]] = {
    "build": (10, 108, "teal"),
    "hub": (262, 30, "blue"),
    "ecr": (262, 186, "amber"),
    "homologacao": (520, 130, "violet"),
    "producao": (520, 242, "green"),
}
STATION_WIDE, STATION_HIGH = 190.0, 84.0


def release(version: str, stations: Sequence[Station]) -> Picture:
    """How far a version has come. The first station is the build: what others have is compared with it."""
    source = stations[0].id
    lines = [f"Mapa da release {version}"]
    lines += [f"  {one.title}: {words(one, source)}" for one in stations]
    there = sum(bool(one.id) and one.id == source for one in stations)
    verdict = f"{there} de {len(stations)} etapas com a mesma imagem."
    rows = [(one.title, one.about, words(one, source)) for one in stations]
    facts = table(lines[0], ("Etapa", "Onde", "Agora"), rows)
    return drawn(lines[0], "\n".join([*lines, verdict]), _draw(stations, verdict), facts, said=verdict)


def words(station: Station, source: str) -> str:
    if not station.id:
        return "○ ainda não"
    if station.place == "build" or station.id == source:
        return f"✓ {short(station.id)}"
    return f"✗ outra imagem, {short(station.id)}"


def _brief(station: Station, source: str) -> str:
    if station.id and station.place != "build" and station.id != source:
        return "✗ outra imagem"
    return words(station, source).replace("sha256:", "")


def _draw(stations: Sequence[Station], verdict: str) -> Drawing:
    drawing = Drawing()
    by_place = {one.place: one for one in stations}
    source = stations[0].id
    ways: tuple[tuple[Place, Place, str], ...] = (
        ("build", "hub", "push"),
        ("build", "ecr", "push"),
        ("ecr", "homologacao", "run"),
        ("ecr", "producao", "run"),
    )
    for start, end, verb in ways:
        done = bool(by_place[end].id)
        (x1, y1, _), (x2, y2, _) = SPOTS[start], SPOTS[end]
        left, right = (x1 + STATION_WIDE, y1 + STATION_HIGH / 2), (x2 - 3, y2 + STATION_HIGH / 2)
        bend = (left[0] + right[0]) / 2
        points = [left, (bend, left[1]), (bend, right[1]), right]
        drawing.line(points, "ink" if done else "mute", dashed=not done, thick=done, arrow=True)
        drawing.text(bend - 6, right[1] + 4, verb, size=12, bold=True, anchor="end")
    for one in stations:
        x, y, tone = SPOTS[one.place]
        wrong = bool(one.id) and one.id != source and one.place != "build"
        drawing.box(
            x,
            y,
            STATION_WIDE,
            STATION_HIGH,
            "red" if wrong else tone if one.id else "plain",
            dashed=not one.id,
            thick=bool(one.id),
        )
        drawing.text(x + 12, y + 25, one.title, size=15, bold=True)
        drawing.text(x + 12, y + 46, fit(one.about, STATION_WIDE - 20, 12), size=12, ink="mute")
        drawing.text(x + 12, y + 69, _brief(one, source), size=13, bold=True)
    drawing.height = 330
    drawing.text(10, 356, verdict, size=14, bold=True)
    return drawing

"""The course's map: its lessons on a path, with what is proven in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labs.course.catalog import Course, Lesson
from labs.pictures.drawing import WIDTH, Drawing, Tone, wrap
from labs.pictures.markup import Html, escape, meter, table
from labs.pictures.picture import Picture, drawn

COLUMNS = 4
STATION = (WIDTH - 20) / COLUMNS


@dataclass(frozen=True)
class Stop:
    """A lesson on the map."""

    lesson: Lesson
    count: int
    total: int
    here: bool

    @property
    def mark(self) -> str:
        return "✓" if self.count >= self.total else "◐" if self.count else "○"

    @property
    def words(self) -> str:
        return {"✓": "completa", "◐": "em andamento", "○": "por fazer"}[self.mark]


def course_map(course: Course, done: Iterable[str], here: str = "") -> Picture:
    """The lessons with what is proven. `done` holds "lesson/step"; `here` is the lesson that shows the map."""
    stops = _stops(course, set(done), here)
    lines, rows = [], []
    for stop in stops:
        lesson, you = stop.lesson, " ← você está aqui" if stop.here else ""
        counted = f"{stop.count} de {stop.total}"
        lines.append(f"{stop.mark} {lesson.id[:2]} {lesson.title}: {counted} ({stop.words}){you}")
        link = Html(f"<a href='{escape(lesson.id)}.ipynb'>{escape(lesson.title)}</a>")
        rows.append((lesson.id[:2], link, meter(stop.count, stop.total, counted), f"{stop.mark} {stop.words}{you}"))
    facts = table("Mapa do curso", ("Aula", "Título", "Passos comprovados", "Situação"), rows)
    complete = sum(stop.mark == "✓" for stop in stops)
    said = f"{complete} de {len(stops)} aulas completas."
    return drawn("Mapa do curso", "\n".join(["Mapa do curso", *lines]), _draw(stops), facts, said=said, linked=True)


def _stops(course: Course, proven: set[str], here: str) -> list[Stop]:
    stops = []
    for lesson in course.lessons:
        steps = (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
        count = sum(f"{lesson.id}/{step.id}" in proven for step in steps)
        stops.append(Stop(lesson, count, len(steps), lesson.id == here))
    return stops


def _draw(stops: list[Stop]) -> Drawing:
    """A path that is read as a text is: each row from the left, and back to the left at its end."""
    drawing = Drawing()
    places = [_place(index) for index in range(len(stops))]
    for before, after, stop in zip(places, places[1:], stops, strict=False):
        way = [before, after] if before[1] == after[1] else _back(before, after)
        drawing.line(way, "green" if stop.mark == "✓" else "mute", thick=True, dashed=stop.mark != "✓")
    for (x, y), stop in zip(places, stops, strict=True):
        drawing.link(f"{stop.lesson.id}.ipynb", f"Aula {stop.lesson.id[:2]}, {stop.lesson.title}: {stop.words}")
        _stop(drawing, stop, x, y)
        drawing.end_link()
    return drawing


def _place(index: int) -> tuple[float, float]:
    row, column = divmod(index, COLUMNS)
    return 10 + STATION * (column + 0.5), 60 + row * 164.0


def _back(last: tuple[float, float], first: tuple[float, float]) -> list[tuple[float, float]]:
    """From a row's last lesson to the next row's first, between the words of one and the circles of the other."""
    below = last[1] + 101
    return [(last[0], last[1] + 94), (last[0], below), (first[0], below), first]


def _stop(drawing: Drawing, stop: Stop, x: float, y: float) -> None:
    tone: Tone = {"✓": "green", "◐": "amber", "○": "plain"}[stop.mark]  # type: ignore[assignment]
    if stop.here:
        drawing.box(x - 80, y - 56, 160, 150, "blue", thick=True, round=10)
        drawing.text(x, y - 38, "você está aqui", size=12, bold=True, anchor="middle", ink="blue")
    drawing.circle(x, y, 26, tone, thick=True)
    drawing.text(x, y + 7, stop.lesson.id[:2], size=19, bold=True, anchor="middle")
    lines = wrap(stop.lesson.title, 150, 13)[:2]
    for number, line in enumerate(lines):
        drawing.text(x, y + 46 + 17 * number, line, size=13, bold=True, anchor="middle")
    words = f"{stop.mark} {stop.count} de {stop.total}"
    drawing.text(x, y + 46 + 17 * len(lines), words, size=13, anchor="middle")

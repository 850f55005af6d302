"""The clock of an ECR token: issued, now, expires. Twelve hours fit a clock's face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from labs.pictures.drawing import Drawing, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn
from labs.seams.ecr_token import LIFE

CENTRE, RADIUS = (150.0, 150.0), 112.0


@dataclass(frozen=True)
class Token:
    """A login that Docker keeps for ECR: for which address, issued when. The token itself stays where it is."""

    registry: str
    issued: datetime | None


def token_clock(token: Token | None, now: datetime, moved: timedelta = timedelta()) -> Picture:
    """The clock for the token that Docker keeps; `now` by the lab's clock, `moved` against the machine's."""
    title = "Relógio do token do ECR"
    rows = [("Agora, no relógio do laboratório", _moment(now))]
    if moved:
        rows.append(("Relógio do laboratório", f"{_hours(moved)} à frente do seu computador"))
    if token is None:
        verdict = "O Docker não tem login guardado para o ECR: não há token."
    elif token.issued is None:
        verdict = "O Docker tem um login guardado para o ECR, mas não é um token que eu saiba ler."
    else:
        left = token.issued + LIFE - now
        rows = [("Emitido", _moment(token.issued)), *rows, ("Vence", _moment(token.issued + LIFE))]
        alive = left >= timedelta()
        verdict = f"✓ Vale por mais {_hours(left)}." if alive else f"✗ Venceu há {_hours(-left)}: o registry recusa."
    lines = [title, *(f"  {label}: {value}" for label, value in rows), verdict]
    facts = table(title, ("", "Quando"), [*rows, ("Situação", verdict)])
    return drawn(title, "\n".join(lines), _draw(token, now, rows, verdict), facts, said=verdict)


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%d/%m/%Y %H:%M")


def _hours(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _draw(token: Token | None, now: datetime, rows: list[tuple[str, str]], verdict: str) -> Drawing:
    drawing = Drawing()
    x, y = CENTRE
    drawing.circle(x, y, RADIUS, "plain" if token else "soft")
    used = (now - token.issued) / LIFE if token and token.issued else None
    if used is not None:
        _face(drawing, used)
    for hour in range(12):
        inner, outer = _at(hour / 12, RADIUS - 8), _at(hour / 12, RADIUS)
        drawing.line([inner, outer], "ink")
        at = _at(hour / 12, RADIUS - 24)
        drawing.text(at[0], at[1] + 5, f"{hour}h" if hour else "12h", size=12, anchor="middle")
    if used is not None:
        drawing.line([CENTRE, _at(used, RADIUS - 38)], "ink", thick=True, arrow=True)
    drawing.circle(x, y, 5, "plain", thick=True)
    drawing.height = 270
    words = "horas desde que o token foi emitido" if used is not None else "não há token para contar"
    if used is not None and used >= 1:
        words = f"{int(used) + 1}ª volta: passaram {_hours(LIFE * used)}"
    drawing.text(x, 290, words, size=12, anchor="middle", ink="mute")
    top = 66.0
    for label, value in rows:
        drawing.text(330, top, label, size=13, ink="mute")
        drawing.text(330, top + 20, value, size=16, bold=True)
        top += 50
    bottom = drawing.paragraph(330, top + 6, verdict, 370, size=15, ink="ink", bold=True)
    if token:
        drawing.text(330, bottom + 6, fit(f"login de AWS em {token.registry}", 370, 13), size=13, ink="mute")
    return drawing


def _face(drawing: Drawing, used: float) -> None:
    """The part that is used up, and a red rim once all of it is."""
    x, y = CENTRE
    if used >= 1:
        drawing.circle(x, y, RADIUS, "red", thick=True)
        return
    drawing.circle(x, y, RADIUS, "green")
    end = _at(max(used, 0.0005), RADIUS)
    large = 1 if used > 0.5 else 0
    drawing.shape(
        f"M{x} {y} L{x} {y - RADIUS} A{RADIUS} {RADIUS} 0 {large} 1 {end[0]:.2f} {end[1]:.2f} Z", "soft", bottom=y
    )


def _at(turn: float, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * (turn % 1) - math.pi / 2
    return CENTRE[0] + radius * math.cos(angle), CENTRE[1] + radius * math.sin(angle)

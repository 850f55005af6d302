"""The account's budgets as the page of the console shows them: limit, spend so far, alerts and whom they tell.

Words are large: a page is read from a lesson's narrow column too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.base.text import dollars, plural
from labs.pictures.cost import Budget, percent
from labs.pictures.drawing import WIDTH, Drawing, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

PAGE = "Gerenciamento de faturamento e custos  ›  Orçamentos"
"""As the console in Portuguese names it (labs/course/facts.toml, budgets-menu)."""
LETTERS = 18
ROW, BAR = 34.0, 22.0


@dataclass(frozen=True)
class Told:
    """A budget with the addresses that each of its alerts tells, by level."""

    budget: Budget
    addresses: dict[float, tuple[str, ...]]


def budgets_page(budgets: Sequence[Told]) -> Picture:
    """The page of budgets."""
    title = "Orçamentos (budgets) da conta"
    rows = {told.budget.name: _rows(told) for told in budgets}
    lines = [f"{title}: {len(budgets)}" if budgets else f"{title}: nenhum. Ninguém é avisado, gaste-se quanto for."]
    for told in budgets:
        one = told.budget
        lines.append(f"  {one.name} · {dollars(one.limit)} por mês · gasto até agora: {_spent(one)} · {_state(one)}")
        for _, level, amount, state, who in rows[one.name]:
            lines.append(f"    alerta em {level} ({amount}) · {state} · avisa {who}")
    columns = ("Orçamento", "Alerta", "Valor", "Estado", "Avisa")
    facts = table(title, columns, [row for some in rows.values() for row in some]) if rows else ""
    said = f"{title}: {plural(len(budgets), 'orçamento', 'orçamentos')}."
    return drawn(title, "\n".join(lines), _draw(budgets), facts, said=said)


def _rows(told: Told) -> list[tuple[str, str, str, str, str]]:
    """Budget, level, amount, state and addresses of each alert."""
    one = told.budget
    return [
        (one.name, percent(level), dollars(one.at(level)), _crossed(one, level), _addresses(told, level))
        for level in one.levels
    ] or [(one.name, "nenhum", "—", "—", "ninguém")]


def _addresses(told: Told, level: float) -> str:
    return ", ".join(told.addresses.get(level, ())) or "ninguém"


def _crossed(budget: Budget, level: float) -> str:
    return "ultrapassado" if budget.spent > budget.at(level) else "ainda não"


def _spent(budget: Budget) -> str:
    return f"{dollars(budget.spent)} ({percent(_used(budget))})"


def _used(budget: Budget) -> float:
    return round(100 * budget.spent / budget.limit) if budget.limit else 0


def _state(budget: Budget) -> str:
    return "excedido" if budget.spent > budget.limit else "dentro do limite"


def _draw(budgets: Sequence[Told]) -> Drawing:
    drawing = Drawing()
    drawing.box(4, 4, WIDTH - 8, 44, "soft")
    drawing.text(20, 32, fit(PAGE, WIDTH - 40, LETTERS), size=LETTERS, ink="mute")
    drawing.text(20, 90, f"Orçamentos ({len(budgets)})", size=24, bold=True)
    drawing.box(WIDTH - 206, 64, 202, 40, "amber", round=20)
    drawing.text(WIDTH - 105, 90, "Criar orçamento", size=LETTERS, bold=True, anchor="middle")
    y = 124.0
    for told in budgets:
        y = _card(drawing, y, told) + 16
    if not budgets:
        drawing.box(4, y, WIDTH - 8, 64, "plain", dashed=True)
        drawing.text(24, y + 39, "Nenhum orçamento. Ninguém é avisado.", size=LETTERS, ink="mute")
    return drawing


def _card(drawing: Drawing, y: float, told: Told) -> float:
    """One budget; returns where it ends."""
    one, rows = told.budget, _rows(told)
    over = one.spent > one.limit
    height = 146 + ROW * len(rows)
    drawing.box(4, y, WIDTH - 8, height, "plain")
    drawing.text(24, y + 36, fit(one.name, 380, 20), size=20, bold=True)
    drawing.text(
        WIDTH - 24,
        y + 36,
        f"{'⚠' if over else '✓'} {_state(one)}",
        size=LETTERS,
        bold=True,
        anchor="end",
        ink="red" if over else "green",
    )
    words = f"{_spent(one)} gastos, de {dollars(one.limit)} por mês"
    drawing.text(24, y + 68, fit(words, WIDTH - 60, LETTERS), size=LETTERS)
    _bar(drawing, 24, y + 84, WIDTH - 56, one)
    for number, (_, level, amount, state, who) in enumerate(rows):
        line = y + 146 + ROW * number
        mark = "⚠" if state == "ultrapassado" else "○"
        drawing.text(24, line, f"{mark} alerta em {level}", size=LETTERS, ink="red" if mark == "⚠" else "ink")
        drawing.text(220, line, amount, size=LETTERS)
        drawing.text(330, line, f"avisa {fit(who, 300, LETTERS)}", size=LETTERS, ink="mute")
    return y + height


def _bar(drawing: Drawing, x: float, y: float, width: float, budget: Budget) -> None:
    """The spend against the limit, with a stroke at each alert; beyond the limit the bar is full."""
    most = max(budget.limit, budget.spent, 0.01)
    drawing.box(x, y, width, BAR, "soft", round=3)
    if budget.spent:
        over = budget.spent > budget.limit
        drawing.box(x, y, width * budget.spent / most, BAR, "red" if over else "green", round=3)
    for level in budget.levels:
        if budget.at(level) <= most:
            at = x + width * budget.at(level) / most
            drawing.line([(at, y - 4), (at, y + BAR + 4)], "ink", thick=True)

"""A month's cost: the estimate as a curve, and where there is a budget, its limit, its alerts and the spend so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.base.text import dollars
from labs.course import costs
from labs.pictures.drawing import Drawing
from labs.pictures.markup import paragraph, table
from labs.pictures.picture import Picture, drawn

DAYS = 30
LEFT, RIGHT, TOP, BOTTOM = 76.0, 540.0, 60.0, 300.0


@dataclass(frozen=True)
class Budget:
    """A budget as AWS gives it back: limit and spend so far in USD, alert levels in per cent, today's day."""

    name: str
    limit: float
    spent: float
    levels: tuple[float, ...]
    day: int

    def at(self, level: float) -> float:
        return self.limit * level / 100


def cost(estimate: costs.Estimate, budget: Budget | None = None) -> Picture:
    """A month's estimate with the date and source of its prices, against the budget."""
    storage, transfer = costs.STORAGE, costs.TRANSFER_OUT
    rows = [
        (storage.label, _gigabytes(estimate.storage_gb), f"US$ {storage.usd:f}", dollars(estimate.storage_usd)),
        (transfer.label, _gigabytes(estimate.transfer_gb), f"US$ {transfer.usd:f}", dollars(estimate.transfer_usd)),
        ("Push para o ECR", "—", "sem cobrança", dollars(0)),
        ("Total do mês", "", "", dollars(estimate.total_usd)),
    ]
    rows = [(label, amount, price.replace(".", ","), usd) for label, amount, price, usd in rows]
    title = "Estimativa de um mês no ECR privado"
    note = f"Preços lidos em {costs.READ_IN}, sem descontar o nível gratuito. Confira em {costs.OFFICIAL_PAGE}"
    lines = [f"  {label}: {usd}" + (f" ({amount}, {price} por GB)" if amount[:1].isdigit() else "")
             for label, amount, price, usd in rows]  # fmt: skip
    against = _against(budget)
    facts = table(title, ("Item", "Quantidade", "Preço por GB", "Por mês"), rows) + _alerts(budget)
    said = f"Total do mês: {dollars(estimate.total_usd)}. {against[0]}"
    text = "\n".join([title, *lines, *against, note])
    return drawn(title, text, _draw(float(estimate.total_usd), budget), facts, said=said, below=paragraph(note))


def _gigabytes(amount: float) -> str:
    return f"{amount:g} GB".replace(".", ",")


def percent(level: float) -> str:
    return f"{level:g} %".replace(".", ",")


def _against(budget: Budget | None) -> list[str]:
    if budget is None:
        return ["Ainda não há budget: nada avisa se o gasto passar disso."]
    levels = ", ".join(f"{percent(level)} ({dollars(budget.at(level))})" for level in budget.levels)
    return [
        f"Budget {budget.name}: {dollars(budget.limit)}; alertas em {levels or 'nenhum nível'}",
        f"Gasto até agora: {dollars(budget.spent)}, {percent(_used(budget))} do limite. {_crossed(budget)}",
    ]


def _used(budget: Budget) -> float:
    return round(100 * budget.spent / budget.limit) if budget.limit else 0


def _crossed(budget: Budget) -> str:
    fired = [level for level in budget.levels if budget.spent > budget.at(level)]
    return f"Passou de: {', '.join(map(percent, fired))}." if fired else "Nenhum alerta disparou."


def _alerts(budget: Budget | None) -> str:
    if budget is None:
        return ""
    rows: Sequence[tuple[str, str, str]] = [
        (percent(level), dollars(budget.at(level)), "passou" if budget.spent > budget.at(level) else "ainda não")
        for level in budget.levels
    ]
    return table(f"Alertas do budget {budget.name}", ("Nível", "Valor", "Gasto até agora"), rows)


def _draw(total: float, budget: Budget | None) -> Drawing:
    drawing = Drawing()
    top = 1.15 * max(total, budget.limit if budget else 0, budget.spent if budget else 0, 0.1)

    def x(day: float) -> float:
        return LEFT + (RIGHT - LEFT) * day / DAYS

    def y(usd: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * usd / top

    drawing.text(10, 24, "Quanto o mês custa, dia a dia", size=15, bold=True)
    drawing.text(LEFT, 46, "US$ acumulados", size=12, anchor="middle", ink="mute")
    drawing.shape(f"M{x(0)} {y(0)} L{x(DAYS)} {y(total):.1f} L{x(DAYS)} {y(0)} Z", "blue", bottom=BOTTOM, edge=False)
    drawing.line([(x(0), y(0)), (x(DAYS), y(total))], "blue", thick=True)
    drawing.line([(LEFT, TOP - 6), (LEFT, BOTTOM), (RIGHT, BOTTOM)], "ink")
    for day in (1, 10, 20, 30):
        drawing.text(x(day), BOTTOM + 20, f"dia {day}", size=12, anchor="middle", ink="mute")
    drawing.text(LEFT - 8, BOTTOM + 4, "0", size=12, anchor="end", ink="mute")
    labels = [(y(total), f"estimativa {dollars(total)}", False)]
    if budget:
        for level in budget.levels:
            full = level >= 100
            drawing.line(
                [(LEFT, y(budget.at(level))), (RIGHT, y(budget.at(level)))], "red" if full else "amber", dashed=not full
            )
            drawing.text(LEFT - 8, y(budget.at(level)) + 4, percent(level), size=12, anchor="end")
            labels.append((y(budget.at(level)), f"alerta {dollars(budget.at(level))}", True))
        _spent(drawing, x(min(budget.day, DAYS)), y(budget.spent), budget)
    _spread(drawing, labels)
    drawing.text(10, BOTTOM + 50, " ".join(_against(budget)[-1:]), size=13, bold=True)
    return drawing


def _spent(drawing: Drawing, x: float, y: float, budget: Budget) -> None:
    over = any(budget.spent > budget.at(level) for level in budget.levels)
    drawing.line([(x, BOTTOM), (x, y)], "ink", thick=True)
    drawing.circle(x, y, 6, "red" if over else "green", thick=True)
    words = f"gasto até hoje {dollars(budget.spent)}"
    drawing.text(x - 12 if x > 300 else x + 12, y - 8, words, size=13, bold=True, anchor="end" if x > 300 else "start")


def _spread(drawing: Drawing, labels: list[tuple[float, str, bool]]) -> None:
    """Labels at the right end of their lines, pushed apart where they would cover each other."""
    low = BOTTOM + 4
    for y, words, alert in sorted(labels, reverse=True):
        low = min(y + 4, low)
        drawing.text(RIGHT + 8, low, words, size=12, bold=not alert, ink="ink" if alert else "blue")
        low -= 17

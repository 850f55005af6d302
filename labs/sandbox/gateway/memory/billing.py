"""The month's bill and the budget alerts that it crosses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

BIGGEST = Decimal("1000000")


@dataclass(frozen=True)
class Alert:
    budget: str
    threshold: str
    message: str


class Billing:
    """Actual spend so far, and which notifications already fired. A notification fires once per crossing."""

    def __init__(self) -> None:
        self.spent = Decimal(0)
        self.fired: set[tuple[str, str]] = set()

    def clear(self) -> None:
        self.spent = Decimal(0)
        self.fired.clear()

    def spend(self) -> dict[str, Any]:
        """`CalculatedSpend` of a cost budget (AWS Budgets API reference)."""
        amount = {"Amount": f"{self.spent:f}", "Unit": "USD"}
        return {"ActualSpend": amount, "ForecastedSpend": dict(amount)}

    def evaluate(self, budgets: Iterable[tuple[dict[str, Any], list[dict[str, Any]]]]) -> list[Alert]:
        """Compare the spend with all notifications; returns those that crossed since the last time."""
        alerts, standing = [], set()
        for budget, notifications in budgets:
            for notification in notifications:
                mark = (str(budget["BudgetName"]), key(notification))
                if not exceeded(self.spent, budget, notification):
                    continue
                standing.add(mark)
                if mark not in self.fired:
                    alerts.append(alert(self.spent, budget, notification))
        self.fired = standing
        return alerts


def amount(text: Any) -> Decimal | None:
    """A non-negative sum of money, or None."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    # An exponent like 1E-999999 is finite too, and a megabyte long once written out.
    return value if value.is_finite() and 0 <= value <= BIGGEST and -int(value.as_tuple().exponent) < 20 else None


def key(notification: Mapping[str, Any]) -> str:
    names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    return " ".join(str(notification.get(name, "PERCENTAGE")) for name in names)


def exceeded(spent: Decimal, budget: Mapping[str, Any], notification: Mapping[str, Any]) -> bool:
    """Whether the actual spend is beyond the threshold; forecasts and usage budgets are not simulated."""
    if notification.get("NotificationType") != "ACTUAL" or budget.get("BudgetType") != "COST":
        return False
    line, operator = _line(budget, notification), notification.get("ComparisonOperator")
    if operator == "GREATER_THAN":
        return spent > line
    return spent < line if operator == "LESS_THAN" else spent == line


def alert(spent: Decimal, budget: Mapping[str, Any], notification: Mapping[str, Any]) -> Alert:
    """The subject and the numbers of AWS's own alert e-mail (AWS Cost Management user guide)."""
    name, threshold = str(budget["BudgetName"]), f"{Decimal(str(notification['Threshold'])).normalize():f}"
    relative = notification.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE"
    limit = amount(budget.get("BudgetLimit", {}).get("Amount")) or Decimal(0)
    message = (
        f"AWS Budgets: {name} has exceeded your alert threshold. ACTUAL cost ${spent:.2f} is greater than "
        f"{threshold + '%' if relative else '$' + threshold} (${_line(budget, notification):.2f}) of ${limit:.2f}."
    )
    return Alert(name, threshold, message)


def _line(budget: Mapping[str, Any], notification: Mapping[str, Any]) -> Decimal:
    threshold = Decimal(str(notification.get("Threshold", 0)))
    if notification.get("ThresholdType", "PERCENTAGE") != "PERCENTAGE":
        return threshold
    limit = amount(budget.get("BudgetLimit", {}).get("Amount")) or Decimal(0)
    return limit * threshold / 100

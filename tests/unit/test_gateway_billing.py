"""The gateway's bills: thresholds and sums of money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from labs.sandbox.gateway.memory import billing


@pytest.mark.parametrize(
    ("threshold", "kind", "operator", "spent", "expected"),
    [
        (50, "PERCENTAGE", "GREATER_THAN", "2.50", False),
        (50, "PERCENTAGE", "GREATER_THAN", "2.51", True),
        (3, "ABSOLUTE_VALUE", "GREATER_THAN", "3.01", True),
        (3, "ABSOLUTE_VALUE", "LESS_THAN", "2", True),
        (3, "ABSOLUTE_VALUE", "EQUAL_TO", "3", True),
    ],
)
def test_thresholds(threshold: float, kind: str, operator: str, spent: str, expected: bool) -> None:
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": operator}
    notification |= {"Threshold": threshold, "ThresholdType": kind}  # type: ignore[dict-item]
    budget = {"BudgetName": "b", "BudgetType": "COST", "BudgetLimit": {"Amount": "5", "Unit": "USD"}}
    assert billing.exceeded(Decimal(spent), budget, notification) is expected
    forecast = {**notification, "NotificationType": "FORECASTED"}
    assert not billing.exceeded(Decimal("100"), budget, forecast)


@pytest.mark.parametrize("text", ["-1", "x", None, "NaN", "Infinity", "1e99"])
def test_money_is_a_sum_zero_or_more(text: str | None) -> None:
    assert billing.amount(text) is None

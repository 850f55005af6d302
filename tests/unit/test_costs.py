"""The ECR estimate: plain arithmetic on a table whose every line says where it comes from."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from labs.base.errors import LabError
from labs.course.costs import ALLOWANCES, PRICES, READ_IN, estimate

AWS_FILES = Path(__file__).parents[2] / "widget-server" / "aws"


def test_the_lessons_example() -> None:
    month = estimate(storage_gb=5, transfer_gb=20)
    assert (month.storage_usd, month.transfer_usd) == (Decimal("0.50"), Decimal("1.80"))
    assert month.total_usd == Decimal("2.30")


def test_nothing_costs_nothing() -> None:
    assert estimate(0, 0).total_usd == 0


def test_cents_are_rounded_not_cut() -> None:
    assert estimate(storage_gb=0.05, transfer_gb=0).storage_usd == Decimal("0.01")


@pytest.mark.parametrize("storage", [-1, float("nan"), float("inf")])
def test_impossible_amounts_are_refused(storage: float) -> None:
    with pytest.raises(LabError, match="zero para cima"):
        estimate(storage, 0)


def test_every_line_of_the_table_has_a_source_and_the_table_a_date() -> None:
    assert all(line.source.startswith("https://") for line in (*PRICES, *ALLOWANCES))
    assert READ_IN.count("-") == 1


def test_the_budget_of_the_lesson_covers_its_example() -> None:
    limit = json.loads((AWS_FILES / "budget.json").read_text("utf-8"))["BudgetLimit"]
    assert limit["Unit"] == "USD"
    assert estimate(5, 20).total_usd < Decimal(limit["Amount"])

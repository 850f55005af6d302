"""What the lessons and the pages beside them say of the world outside is in one table, with its date and source."""

from __future__ import annotations

import re
import tomllib
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from labs.base.settings import CLONE
from labs.course.costs import READ_IN, STORAGE, TRANSFER_OUT, Price

TABLE = CLONE / "labs" / "course" / "facts.toml"
YEAR = re.compile(r"\b20[2-9]\d\b")
NOT_OF_A_LESSON = re.compile(r"2012-10-17")
"""A year that is part of a name: the version of the language of AWS's policies."""


@dataclass(frozen=True)
class Fact:
    """The head of the table says what the fields are."""

    name: str
    says: str
    where: list[str]
    checked: date
    source: str

    def is_old(self, today: date) -> bool:
        return today - self.checked > timedelta(days=365)


FACTS = [Fact(name, **fact) for name, fact in tomllib.loads(TABLE.read_text("utf-8")).items()]
TEXTS = sorted(
    [
        *(CLONE / "docs" / "lessons").glob("*.md"),
        *(CLONE / "labs" / "course" / "lessons").glob("*.toml"),
        *(CLONE / "docs" / name for name in ("depois.md", "ao-vivo.md", "professor.md")),
    ]
)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_fact_is_still_said_where_the_table_says(fact: Fact) -> None:
    for place in fact.where:
        assert fact.says in (CLONE / place).read_text("utf-8"), f"{place} no longer says {fact.says!r}"
    assert fact.source.startswith("https://")
    assert fact.checked <= datetime.now(UTC).date()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_each_year_that_a_lesson_names_belongs_to_a_fact(text: Path) -> None:
    place = str(text.relative_to(CLONE))
    rest = NOT_OF_A_LESSON.sub("", text.read_text("utf-8"))
    for fact in FACTS:
        if place in fact.where:
            rest = rest.replace(fact.says, "")
    beside = [line for line in rest.splitlines() if YEAR.search(line) and "Este texto é de" not in line]
    assert beside == [], f"add what is said here to {TABLE}"


@pytest.mark.parametrize(("name", "price"), [("ecr-storage-price", STORAGE), ("ecr-transfer-price", TRANSFER_OUT)])
def test_the_estimate_reckons_with_the_prices_that_the_lesson_says(name: str, price: Price) -> None:
    fact = next(fact for fact in FACTS if fact.name == name)
    assert fact.says == rf"US\$ {price.usd}".replace(".", ",") and f"{fact.checked:%Y-%m}" == READ_IN


@pytest.mark.filterwarnings("default::UserWarning")
def test_a_fact_is_looked_up_once_a_year() -> None:
    """Old facts are told and fail nothing: a day must not break what a commit did not."""
    today = datetime.now(UTC).date()
    for fact in FACTS:
        if fact.is_old(today):
            warnings.warn(
                f"{fact.name}: last looked up on {fact.checked}; see {fact.source}", UserWarning, stacklevel=1
            )


def test_what_is_old_is_known_as_old() -> None:
    fact = Fact("x", "", [], date(2026, 3, 15), "")
    assert not fact.is_old(date(2027, 3, 15)) and fact.is_old(date(2027, 3, 16))

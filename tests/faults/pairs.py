"""A matrix of faults by pairs: what the gate tries of it, and what only `--exhaustive` does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

Case = tuple[str, ...]


def pairs(case: Case) -> set[Any]:
    """Each two of a case's values, with the axes that they are of."""
    return set(itertools.combinations(enumerate(case), 2))


def by_pairs(*axes: Sequence[str]) -> list[Case]:
    """So many of all combinations that each two values of two axes meet in one; the earlier of an axis more often.

    Most faults that need more than one condition need two (Kuhn, Wallace, Gallo: Software Fault Interactions, IEEE
    TSE 30/6, 2004); this takes the case with the most pairs that are still missing until none is.
    """
    whole = list(itertools.product(*axes))
    missing = set().union(*map(pairs, whole))
    chosen = []
    while missing:
        chosen.append(max(whole, key=lambda case: len(missing & pairs(case))))
        missing -= pairs(chosen[-1])
    return chosen


def matrix(*axes: Sequence[str]) -> list[Any]:
    """All combinations as parameters of a test; those that the pairs do not need are marked `exhaustive`."""
    gate = set(by_pairs(*axes))
    return [
        pytest.param(
            *case,
            marks=() if case in gate else pytest.mark.exhaustive,
            id="-".join(case).replace(" ", "_"),
        )
        for case in itertools.product(*axes)
    ]

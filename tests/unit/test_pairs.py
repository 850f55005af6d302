"""What the gate tries of a matrix of faults: each pair, and no more than it needs."""

from __future__ import annotations

import itertools

import pytest

from tests.faults.pairs import by_pairs, matrix, pairs

STEPS, PARTS, MOMENTS = "abcdefgh", "vwxyz", "123"


@pytest.mark.parametrize("axes", [(STEPS, PARTS, MOMENTS), ("KJ", STEPS, MOMENTS), ("AB", "ab")])
def test_each_two_values_meet_in_as_few_cases_as_can_be(axes: tuple[str, ...]) -> None:
    chosen = by_pairs(*axes)
    whole = list(itertools.product(*axes))
    assert set().union(*map(pairs, chosen)) == set().union(*map(pairs, whole))
    longest, second = sorted(map(len, axes))[:-3:-1]
    assert len(chosen) == len(set(chosen)) == longest * second


def test_the_whole_matrix_is_there_and_the_rest_is_marked() -> None:
    cases = matrix(STEPS, PARTS, MOMENTS)
    assert len(cases) == 120 and len({case.id for case in cases}) == 120
    assert sum(not case.marks for case in cases) == 40

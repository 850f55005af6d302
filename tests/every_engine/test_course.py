"""The whole course on each engine and image store: by button, typed, and by a person who does some of each.

Of the system's engine without buildx `tests/parity` does the first two; here it has buildx. What always runs is the
mixed way, in which each step meets what both have made: on each store one row presses what the other types. The rest
of the table stands behind `--exhaustive`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.settings import Settings
from labs.running import residue
from labs.seams import engine_api
from labs.seams.world import World
from tests.courses import PATHS, typist

from .conftest import learners_docker

STEPS = [f"{lesson.id}/{step.id}" for lesson, step in PATHS]
WORK = [f"{lesson.id}/{step.id}" for lesson, step in PATHS if not step.given]
WAYS = {"by button": STEPS, "typed": [], "mixed": STEPS[::2], "mixed the other way": STEPS[1::2]}
"""Which steps are pressed; the others are typed."""
ENGINES = [("system", "graph"), *((suite, store) for suite in ("trixie", "sid") for store in ("graph", "containerd"))]
OFTEN = (
    ("system", "graph", "mixed"),
    ("sid", "graph", "mixed the other way"),
    ("sid", "containerd", "mixed"),
    ("trixie", "containerd", "mixed the other way"),
)
SELDOM = [row for engine in ENGINES for way in WAYS if (row := (*engine, way)) not in OFTEN]
TABLE = [*(pytest.param(*row) for row in OFTEN), *(pytest.param(*row, marks=pytest.mark.exhaustive) for row in SELDOM)]


@pytest.mark.parametrize(("suite", "store", "way"), TABLE)
def test_the_whole_course_passes_and_leaves_nothing(lab_homes: Path, suite: str, store: str, way: str) -> None:
    with learners_docker(lab_homes, suite, store), typist(lab_homes, WAYS[way]) as course:
        course.result(*PATHS[-1])
        failed = {path: one for path, one in course.results.items() if not one.after.passed}
        assert {path: (one.after.observed, one.output[-600:]) for path, one in failed.items()} == {}
        assert [path for path in WORK if course.results[path].before.passed] == []
        settings = Settings.load(course.settings.home)
        assert residue.names(World(settings)) == []
        left = set(engine_api.everything(settings.engine_host)) - course.engine_before
        assert {(kind, name) for kind, name, _ in left} == set()

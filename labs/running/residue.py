"""What the course made and is there now: the ledger's things, and a case of the clinic that was left in the middle."""

from __future__ import annotations

from collections.abc import Iterator

from labs.clinic import cases
from labs.course.catalog import case_number
from labs.ownership import removal
from labs.ownership.items import Item
from labs.seams.world import World


def items(world: World) -> Iterator[Item]:
    """All of it, in the order in which it can be removed: an open case first."""
    if name := cases.current(world.settings):
        yield Item(f"caso {case_number(name)} da clínica", lambda: cases.close_case(world, lambda _: None))
    yield from removal.items(world)


def names(world: World) -> list[str]:
    """Their names, for people."""
    return [item.name for item in items(world)]

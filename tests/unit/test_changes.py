"""Announcements reach who listens, once each, and nobody who is gone."""

from __future__ import annotations

from labs.widgets import changes


class Picture:
    def __init__(self) -> None:
        self.looked = 0

    def look(self) -> None:
        self.looked += 1


def test_all_that_listen_hear() -> None:
    first, second = Picture(), Picture()
    changes.listen(first.look)
    changes.listen(second.look)
    changes.announce()
    changes.announce()
    assert (first.looked, second.looked) == (2, 2)


def test_listening_keeps_nobody_alive() -> None:
    changes.listen(Picture().look)
    changes.announce()
    assert changes._listeners == []

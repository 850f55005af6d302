"""What stands in the state folder is known to who empties it."""

from __future__ import annotations

from pathlib import Path

from labs.base.settings import Settings
from labs.sandbox import first_day


def test_reset_knows_every_place_of_the_settings(settings: Settings) -> None:
    names = [name for name, value in vars(Settings).items() if isinstance(value, property)]
    places = [value for name in names if isinstance(value := getattr(settings, name), Path)]
    tops = {place.relative_to(settings.home).parts[0] for place in places}
    assert len(tops) > 10 and tops <= {*first_day.LEARNERS, settings.sandbox.name}

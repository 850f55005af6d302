"""What `up` writes into the ledger: what the engine held before the lab, and what the kit itself needs there."""

from __future__ import annotations

from labs.base.settings import BASE_IMAGE, Settings
from labs.base.things import IMAGE, Thing
from labs.ownership.ledger import KIT, Ledger
from labs.sandbox import seeds
from labs.seams import engine_api


def note(settings: Settings) -> None:
    """Before anything is created: list what is there, once per engine, and note what `up` is going to make.

    Raises:
        StateError: the ledger cannot be written; nothing may be created then.
        EngineError: the engine does not answer.
    """
    ledger = Ledger(settings)
    place = ledger.place(IMAGE)
    if not ledger.is_listed(place):
        ledger.list_before(place, [Thing(*listed) for listed in engine_api.everything(settings.engine_host)])
    # The images seeded into the Hub stay in the engine only where `up` is killed between their push and their removal.
    seeded = (seeds.image_name(settings, repository) for repository in (seeds.PUBLIC, seeds.PRIVATE))
    ledger.note([Thing(IMAGE, name) for name in (BASE_IMAGE, *seeded)], KIT)


def saw_base(settings: Settings, base: str) -> None:
    """The base image exists."""
    Ledger(settings).saw([Thing(IMAGE, base, engine_api.image_id(settings.engine_host, base))], KIT)

"""The live target without any network."""

from __future__ import annotations

import pytest

from labs.base.settings import CLONE, Settings
from labs.live import accounts

from .kit import ACCOUNTS, Real


@pytest.fixture
def real(settings: Settings) -> Settings:
    """The live target, chosen and still locked."""
    aws = settings.work / "widget-server" / "aws"
    aws.mkdir()
    for path in (CLONE / "widget-server" / "aws").glob("*.json"):
        (aws / path.name).write_text(path.read_text())
    settings.save()
    return accounts.choose_live(settings, ACCOUNTS, "dckr_pat_canary")


@pytest.fixture
def world(real: Settings) -> Real:
    return Real(real)

"""Cards without a browser: a runner that does what a test says, and the messages that cards send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.widgets.action import StepCard
from labs.widgets.picture import PictureCard

from .kit import FakeRunner


@pytest.fixture
def runner(settings: Settings) -> FakeRunner:
    return FakeRunner(settings)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Custom messages of all cards."""
    messages: list[Any] = []
    monkeypatch.setattr(StepCard, "send", lambda _self, content, _buffers=None: messages.append(content))
    monkeypatch.setattr(PictureCard, "send", lambda _self, content, _buffers=None: messages.append(content))
    yield messages

"""What the sandbox reads of an engine, in the forms that its API has had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labs.seams import engine_api
from labs.seams.unix_http import Reply


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        ({"BuildCache": [{"Size": 3, "Shared": False}, {"Size": 4}, {"Size": 9, "Shared": True}]}, 7),
        ({"BuildCache": None, "Images": []}, 0),
        ({"BuildCacheUsage": {"TotalSize": 5, "TotalCount": 2}}, 5),  # API 1.52 (Docker Engine API, version history)
        ({"BuildCacheUsage": {}}, 0),
        ({}, 0),
    ],
)
def test_the_builders_cache_is_read_in_both_forms(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], size: int
) -> None:
    monkeypatch.setattr(engine_api, "_call", lambda *_, **__: Reply(200, {}, json.dumps(answer).encode()))
    assert engine_api.builder_cache("unix:///engine") == size

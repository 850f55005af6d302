"""The engine's own words as events."""

from __future__ import annotations

from typing import Any

from labs.base.events import Event, Line, Progress
from labs.seams.engine_stream import follow_layers


def bars(seen: list[Event]) -> list[tuple[str, str, int]]:
    return [(one.key, one.label, one.done) for one in seen if isinstance(one, Progress)]


def test_layers_have_bars_in_bytes_and_a_last_line_each() -> None:
    seen: list[Event] = []
    layer = "0123456789ab"
    digest = "sha256:" + "0" * 64
    messages: list[dict[str, Any]] = [
        {"status": "The push refers to repository [x]"},
        {"id": layer, "status": "Pushing", "progressDetail": {"current": 1, "total": 4}},
        {"id": layer, "status": "Pushed", "progressDetail": {}},
        {"status": f"v1: digest: {digest} size: 528"},
    ]
    assert follow_layers(messages, seen.append) == digest
    assert bars(seen) == [(layer, f"{layer} Pushing", 1), (layer, f"{layer} Pushed", 0)]
    assert [one.text for one in seen if isinstance(one, Line)] == [
        f"{layer}: Pushed",
        f"v1: digest: {digest} size: 528",
    ]

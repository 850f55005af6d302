"""The engine's own words as events."""

from __future__ import annotations

from typing import Any

from labs.base.events import Event, Line, Progress
from labs.seams.engine_stream import BuildFollower, follow_layers

BUILD = """Step 1/3 : FROM base
 ---> 0123456789ab
Step 2/3 : ENV A=1
Step 3/3 : RUN make
 ---> Running in 0123456789ab
made
Successfully built 0123456789ab
Successfully tagged x:v1"""


def bars(seen: list[Event]) -> list[tuple[str, str, int]]:
    return [(one.key, one.label, one.done) for one in seen if isinstance(one, Progress)]


def test_each_build_step_that_takes_time_has_a_bar_which_is_full_when_the_next_begins() -> None:
    seen: list[Event] = []
    follower = BuildFollower(seen.append)
    for line in BUILD.splitlines():
        follower.line(line)
    assert bars(seen) == [
        ("step 1", "1/3 FROM base", 0),
        ("step 1", "1/3 FROM base", 1),
        ("step 3", "3/3 RUN make", 0),
        ("step 3", "3/3 RUN make", 1),
    ]
    kept = [one.text for one in seen if isinstance(one, Line) and not one.detail]
    assert kept == ["Step 1/3 : FROM base", "Step 2/3 : ENV A=1", "Step 3/3 : RUN make", "Successfully tagged x:v1"]


def test_a_step_that_fails_is_never_full() -> None:
    seen: list[Event] = []
    follower = BuildFollower(seen.append)
    follower.line("Step 1/1 : RUN false")
    follower.line(" ---> Running in 0123456789ab")
    assert bars(seen) == [("step 1", "1/1 RUN false", 0)]


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

"""Events in small batches, as the browser gets them."""

from __future__ import annotations

from labs.base.events import Line, Progress
from labs.widgets.feed import LOG_LINES, Feed, described


def test_a_batch_holds_only_what_is_new() -> None:
    feed = Feed()
    assert feed.batch() is None
    feed(Line("a\nb"))
    feed(Progress("k", "layer", 1, 2))
    feed(Progress("k", "layer", 2, 2))
    assert feed.batch() == {
        "lines": ["a", "b"],
        "bars": [{"key": "k", "label": "layer", "value": 2, "max": 2, "words": "2 B de 2 B", "kind": "", "seconds": 0}],
    }
    assert feed.batch() is None
    feed(Progress("k", "layer", 2, 2))
    assert feed.batch() is None, "a bar that did not change is not sent"


def test_the_log_is_bounded_in_lines_and_in_width() -> None:
    feed = Feed()
    for number in range(3 * LOG_LINES):
        feed(Line(f"{number} " + "x" * 10_000))
    kept = feed.everything()["lines"]
    assert len(kept) == LOG_LINES and kept[0].startswith(f"{2 * LOG_LINES} ") and max(map(len, kept)) <= 2000


def test_a_line_redrawn_on_a_terminal_shows_its_end() -> None:
    feed = Feed()
    feed(Line("10 %\r50 %\r100 %"))
    assert feed.everything()["lines"] == ["100 %"]


def test_a_layer_that_is_done_keeps_the_size_it_had() -> None:
    half = described(Progress("k", "0123456789ab Pushing", 500_000, 1_000_000))
    assert half["words"] == "500,0 kB de 1,0 MB"
    done = described(Progress("k", "0123456789ab Pushed", 0, 0), half)
    assert (done["value"], done["max"], done["words"]) == (1_000_000, 1_000_000, "1,0 MB")
    known = described(Progress("k", "0123456789ab Layer already exists", 0, 0))
    assert (known["value"], known["max"], known["kind"]) == (1, 1, "there")
    assert known["words"] == "já existia, não viajou"
    mounted = described(Progress("k", "0123456789ab Mounted from aluno/widget-server", 0, 0))
    assert mounted["kind"] == "mounted" and "outro repositório" in mounted["words"]
    assert described(Progress("step 3", "3/9 RUN x", 1, 1, "steps", cached=True))["kind"] == "cache"
    assert described(Progress("step 3", "3/9 RUN x", 0, 1, "steps"))["words"] == "em andamento"
    assert described(Progress("step 3", "3/9 RUN x", 1, 1, "steps"))["words"] == "pronto"

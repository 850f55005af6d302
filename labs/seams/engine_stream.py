"""What the engine tells while it builds, pushes or pulls, as events: one bar per build step, one per layer.

The messages are those of the Docker Engine API (`POST /build`, `/images/{name}/push`, `/images/create`).
"""

from __future__ import annotations

import re
import textwrap
from collections import deque
from collections.abc import Iterable
from typing import Any

from labs.base.events import Line, Progress, Watcher
from labs.base.text import plain

ENDED = {"Pushed", "Layer already exists", "Pull complete", "Already exists", "Download complete"}
_STEP = re.compile(r"Step (\d+/\d+) : (.*)")
_WORK = ("FROM", "RUN", "COPY", "ADD")
"""Instructions that do something; the others note a value in the image, in no time, and have no bar."""
_TEMPORARY = re.compile(r"^( ---> |Removing intermediate container|\[Warning\]|Sending build context)")


class BuildFollower:
    """The lines of a build, with a bar for each step that takes time.

    A step is over when the next one begins, or when the image is there.
    """

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._running = ""
        self.said: deque[str] = deque(maxlen=5)
        """The last lines of the running step's own output: where it fails, they say why."""

    def line(self, text: str) -> None:
        """One line of the build's output."""
        text = plain(text)
        if not text.strip():
            return
        step = _STEP.match(text)
        if step:
            self._end_step()
            self.said.clear()
            if step[2].upper().startswith(_WORK):
                self._running = textwrap.shorten(f"{step[1]} {step[2]}", 48, placeholder=" …")
                self._tell(done=0)
        elif text.startswith("Successfully built"):
            self._end_step()
        tagged = text.startswith("Successfully tagged")
        if not (step or _TEMPORARY.match(text)):
            self.said.append(text)
        self._watch(Line(text, detail=not (step or tagged) or bool(_TEMPORARY.match(text))))

    def _end_step(self) -> None:
        if self._running:
            self._tell(done=1)
            self._running = ""

    def _tell(self, done: int) -> None:
        self._watch(Progress(f"step {self._running.partition('/')[0]}", self._running, done, 1, "steps"))


def follow_layers(messages: Iterable[dict[str, Any]], watch: Watcher) -> str:
    """Report each layer's progress; at the end one line per layer, in the order of the image. Returns the digest."""
    digest, final = "", {}
    for message in messages:
        layer, status = message.get("id", ""), message.get("status", "")
        detail = message.get("progressDetail") or {}
        digest = message.get("aux", {}).get("Digest", digest)
        if found := re.search(r"[Dd]igest: (sha256:[0-9a-f]{64})", status):
            digest = found[1]
        if re.fullmatch(r"[0-9a-f]{12}", layer):
            final[layer] = status
            total = detail.get("total", 0) or 0
            done = total if status in ENDED else detail.get("current", 0) or 0
            watch(Progress(layer, f"{layer} {status}", done, max(total, done)))
        elif not layer and status and not status.startswith("The push refers"):
            final[f"#{len(final)}"] = status
    for layer, status in final.items():
        watch(Line(status if layer.startswith("#") else f"{layer}: {status}"))
    return digest

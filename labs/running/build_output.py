"""What the docker client prints of a build, as events: its lines, and a bar for each instruction that takes time.

A button's build is the client's own, as in the learner's terminal. Into a pipe it prints plain lines, with buildx
(docs.docker.com/build/building/variables, "BUILDKIT_PROGRESS") as with the classic builder. buildx has `rawjson` too,
since 0.13; these very lines would then have to be made of it for the log, and older ones refuse it.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace

from labs.base.events import Event, Line, Progress, Watcher

_CLASSIC = re.compile(r"Step (?P<count>\d+/\d+) : (?P<text>.*)")
_BUILDKIT = re.compile(r"#(?P<number>\d+) \[(?:(?P<stage>[^\]]*) )?(?P<count>\d+/\d+)\] (?P<text>.*)")
_ENDED = re.compile(r"#(?P<number>\d+) (?P<how>DONE|CACHED)\b")
_WORK = ("FROM", "RUN", "COPY", "ADD", "WORKDIR")
"""Instructions that do something; the others note a value in the image, in no time, and have no bar."""
_TOLD_ALIKE = re.compile(r"Step \d+/\d+ : |Successfully tagged")
"""Lines that every run of the classic builder has: the rest varies, and BuildKit's number and time theirs by chance."""


class BuildFollower:
    """A watcher of a build's lines that tells another one its bars, too.

    An instruction of the classic builder is over when the next begins, or when the image is there; BuildKit says it of
    each.
    """

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._labels: dict[str, str] = {}
        self._running = ""
        self._cached = False

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Line):
            self._watch(event)
            return
        text = event.text
        if found := _CLASSIC.match(text):
            self._end_classic()
            if found["text"].upper().startswith(_WORK):
                self._running = found["count"].partition("/")[0]
                self._begin(self._running, f"{found['count']} {found['text']}")
        elif text == " ---> Using cache":
            self._cached = True
        elif text.startswith("Successfully built"):
            self._end_classic()
        elif found := _BUILDKIT.match(text):
            if found["number"] not in self._labels:
                stage = f"{found['stage']} " if found["stage"] else ""
                self._begin(found["number"], f"{stage}{found['count']} {found['text']}")
        elif (found := _ENDED.match(text)) and found["number"] in self._labels:
            self._end(found["number"], cached=found["how"] == "CACHED")
        self._watch(replace(event, detail=not _TOLD_ALIKE.match(text)))

    def _begin(self, key: str, text: str) -> None:
        self._labels[key] = textwrap.shorten(text, 48, placeholder=" …")
        self._watch(Progress(f"step {key}", self._labels[key], 0, 1, "steps"))

    def _end(self, key: str, *, cached: bool) -> None:
        self._watch(Progress(f"step {key}", self._labels[key], 1, 1, "steps", cached))

    def _end_classic(self) -> None:
        if self._running:
            self._end(self._running, cached=self._cached)
        self._running, self._cached = "", False

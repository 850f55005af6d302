"""What the engine tells while it pushes or pulls, as events: one bar per layer.

The messages are those of the Docker Engine API (`POST /images/{name}/push`, `/images/create`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from labs.base.events import Line, Progress, Watcher

ENDED = {"Pushed", "Layer already exists", "Pull complete", "Already exists", "Download complete"}


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

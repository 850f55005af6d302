"""Runs without a person: the headless run and the notebooks' checks press the page's button that a person would.

Only the approval page of the lab's own SSO is ever answered, and only where `LABS_AUTORUN` is set.
"""

from __future__ import annotations

import html
import os
import re
import urllib.parse
import urllib.request

from labs.base.events import Event, Line, Watcher
from labs.base.settings import Settings

VARIABLE = "LABS_AUTORUN"


def is_unattended() -> bool:
    return bool(os.environ.get(VARIABLE))


def answering(watch: Watcher, settings: Settings) -> Watcher:
    """A watcher that approves the device login which a command prints, and passes everything on."""
    page = re.compile(rf"{re.escape(settings.aws_endpoint)}/sso/device\S+")

    def answer(event: Event) -> None:
        watch(event)
        if isinstance(event, Line) and (found := page.search(event.text)):
            approve(found[0])

    return answer


def approve(address: str) -> None:
    """Open the approval page and submit its form, as a browser does.

    Raises:
        OSError: the page does not answer or refuses.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=10) as reply:
        page = reply.read().decode("utf-8")
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)
    }
    action = re.search(r'<form[^>]*action="([^"]+)"', page)
    target = urllib.parse.urljoin(address, html.unescape(action[1]) if action else address)
    with opener.open(target, data=urllib.parse.urlencode(fields).encode(), timeout=10) as reply:
        reply.read()

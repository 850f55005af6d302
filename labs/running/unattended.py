"""Runs without a person: the headless run and the notebooks' checks press the page's button that a person would.

Only the approval page of the lab's own SSO is ever answered, and only where `LABS_AUTORUN` is set.
"""

from __future__ import annotations

import html
import os
import re
from urllib.parse import urlencode, urljoin, urlsplit

from labs.base import listening
from labs.base.events import Event, Line, Watcher
from labs.base.settings import Settings
from labs.seams.unix_http import request

VARIABLE = "LABS_AUTORUN"


def is_unattended() -> bool:
    return bool(os.environ.get(VARIABLE))


def answering(watch: Watcher, settings: Settings) -> Watcher:
    """A watcher that approves the device login which a command prints, and passes everything on."""
    shown = "|".join(map(re.escape, filter(None, (f"{settings.aws_endpoint}/", listening.reached_at()))))
    page = re.compile(rf"(?:{shown})(sso/device\S+)")

    def answer(event: Event) -> None:
        watch(event)
        if isinstance(event, Line) and (found := page.search(event.text)):
            approve(f"{settings.aws_endpoint}/{found[1]}")

    return answer


def approve(address: str) -> None:
    """Open the approval page and submit its form, as a browser does.

    Raises:
        OSError: the page does not answer or refuses.
    """
    page = _answered(address, "GET")
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)
    }
    action = re.search(r'<form[^>]*action="([^"]+)"', page)
    _answered(urljoin(address, html.unescape(action[1]) if action else address), "POST", urlencode(fields).encode())


def _answered(address: str, method: str, body: bytes | None = None) -> str:
    parts = urlsplit(address)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    reply = request(f"{parts.scheme}://{parts.netloc}", method, target, body=body, headers=headers)
    if reply.status >= 400:
        raise ConnectionError(f"HTTP {reply.status} em {parts.path}")
    return reply.text

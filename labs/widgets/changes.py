"""Tells whoever shows the state that it may have changed, within this process.

A card that has run something announces it, and so does `watch`, which sees that something was typed in a terminal;
pictures that are on the page look again.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

_guard = threading.Lock()
_listeners: list[weakref.WeakMethod[Callable[[], None]]] = []


def listen(method: Callable[[], None]) -> None:
    """Call a bound method at each announcement, as long as its object lives."""
    with _guard:
        _listeners.append(weakref.WeakMethod(method))


def announce() -> None:
    """Something may have changed."""
    with _guard:
        _listeners[:] = [listener for listener in _listeners if listener() is not None]
        living = [method for listener in _listeners if (method := listener())]
    for method in living:
        method()

"""What JupyterLab's Portuguese language pack has not translated, of what a learner meets: menus, dialogs, notices.

The pack (4.5) has 989 of the interface's 1,600 texts. `pt_BR.json` adds 500, by extension: the text in English, behind
its context and U+0004 where it has one, and the text in Portuguese, or singular and plural. What stays in
English: the settings editor, the debugger, the extension manager, and descriptions of commands' arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOCALE = "pt_BR"
Pack = tuple[dict[str, Any], str]


def texts() -> dict[str, dict[str, list[str]]]:
    """The kit's own translations, as a language pack holds them: by extension, a text and its forms."""
    own = json.loads(Path(__file__).with_name(f"{LOCALE}.json").read_text("utf-8"))
    return {
        domain: {text: [said] if isinstance(said, str) else said for text, said in translated.items()}
        for domain, translated in own.items()
    }


def completed(load: Callable[[str], Pack]) -> Callable[[str], Pack]:
    """A loader of language packs that adds ours to the Portuguese one; what the pack says itself stays."""

    def load_completed(locale: str) -> Pack:
        data, message = load(locale)
        if locale == LOCALE and data:
            data = {**data, **{domain: {**ours, **data.get(domain, {})} for domain, ours in texts().items()}}
        return data, message

    return load_completed


def install() -> None:
    """Let JupyterLab's handler load the completed pack.

    Packs are otherwise found only as installed distributions, one per locale (jupyterlab_server/translation_utils.py).
    """
    from jupyterlab_server import translation_utils, translations_handler  # the texts are read without them, too

    setattr(translations_handler, "get_language_pack", completed(translation_utils.get_language_pack))  # noqa: B010

"""What all commands say and ask."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from labs.base.settings import Settings

EXIT_INTERRUPTED = 130
"""What shells report for Ctrl-C."""
WORD = "apagar"
"""What a person types before something is deleted: no Enter and no `s` from habit does it."""


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout stays for results (`env`, `--json`)."""
    sys.stderr.write(f"{text}\n")  # one write a line: two threads may report at once
    sys.stderr.flush()


def show(text: str) -> None:
    """A result, at once: whoever reads a pipe sees each line when it comes."""
    print(text, flush=True)


def ask(question: str) -> bool:
    """A yes/no question on the terminal; Enter means yes."""
    try:
        return input(f"{question} [S/n] ").strip().lower() in ("", "s", "sim", "y", "yes")
    except EOFError:
        return False


def confirmed() -> bool:
    """Whether the person at the terminal types the word.

    Raises:
        EOFError: there is nobody.
    """
    return input(f"Digite {WORD} para confirmar: ").strip() == WORD


def listed(title: str, names: Sequence[str]) -> str:
    """A title and one indented line for each name."""
    return "\n".join([title, *(f"  {name}" for name in names)])


def settings_or_defaults() -> Settings:
    """The settings, or the defaults where their file is damaged, which is said."""
    return Settings.load_or_defaults(say)

"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STANDS = "O que havia antes continua valendo: este comando não mudou nada do que o passo pede."
"""Said of a verdict that `holds`."""


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        observed: what was read, one Portuguese sentence.
        hint: what to do where it did not pass.
        evidence: what proves it, such as {"digest": "sha256:…"}; the certificate lists it.
        holds: of a verdict that did not pass: the command failed now, and what was there before still holds.
        unseen: of a verdict that did not pass: no event tells what it looks for. The log of events has an end, and what
            happened once does not un-happen: it takes no proof back.
        answered: False where an outside system gave no answer, so that nothing is known: it takes no proof back.
    """

    passed: bool
    observed: str
    hint: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    holds: bool = False
    answered: bool = True
    unseen: bool = False


def passed(observed: str, **evidence: Any) -> Verdict:
    """A verdict that passed."""
    return Verdict(True, observed, evidence={name: str(value) for name, value in evidence.items()})


def failed(observed: str, hint: str = "") -> Verdict:
    """A verdict that did not pass."""
    return Verdict(False, observed, hint)


def unseen(observed: str, hint: str = "") -> Verdict:
    """A verdict that did not pass because no event tells what it looks for."""
    return Verdict(False, observed, hint, unseen=True)

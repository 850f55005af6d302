"""Asking a check as a step does, and what it says in one line: ✓ or ✗, and its sentence."""

from __future__ import annotations

from typing import Any

from labs.base.verdict import Verdict
from labs.course.catalog import CheckSpec, Step
from labs.running.judge import judge
from labs.seams.world import World


def run(world: World, kind: str, **arguments: Any) -> Verdict:
    """A check's verdict, through `judge`: what an outside system refuses is a verdict too."""
    return judge(Step(id="s", title="s", command="c", hint="dica", check=CheckSpec(kind, arguments)), world)


def told(world: World, kind: str, **arguments: Any) -> str:
    """A check's verdict as a person reads it."""
    return line(run(world, kind, **arguments))


def line(verdict: Verdict) -> str:
    return f"{'✓' if verdict.passed else '✗'} {verdict.observed}"

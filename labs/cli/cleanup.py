"""`python3 -m labs.cleanup`: list what the course made, ask, remove it, and prove that nothing is left.

Only what the ledger says is the lab's is touched; the base image and the sandbox stay until `reset`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from labs.base import apt
from labs.base.settings import Settings
from labs.cli.terminal import confirmed, listed, show


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="só lista o que seria removido")
    parser.add_argument("--yes", action="store_true", help="não pergunta")


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0 only where nothing is left.

    Raises:
        LiveLocked: live, and another account answers, or nothing was confirmed in this session.
        LabError: what exists cannot be read.
    """
    from labs.live import guard
    from labs.ownership import removal
    from labs.running import residue
    from labs.seams.world import World

    world = World(Settings.load())
    guard.require_account(world)
    found = residue.names(world)
    if chosen.dry_run:
        print(_listed(found))
        return 0
    if world.settings.live:
        guard.require_session(world.settings)
    if found and not _agreed(found, chosen):
        print("Nada foi removido.")
        return 1
    left = removal.remove_all(world, lambda: residue.items(world), show)
    if not left:
        removal.close(world.settings)
    removal.tell_of_the_builders_cache(world.settings, show)
    print("Nada do curso ficou." if not left else f"Ainda existe: {', '.join(left)}")
    return 1 if left else 0


def _listed(found: Sequence[str]) -> str:
    return listed("Seria removido:", found) if found else "Nada do curso existe agora."


def _agreed(found: Sequence[str], chosen: argparse.Namespace) -> bool:
    """A person at a terminal is asked; a step's button, which has no terminal, is itself the person's word."""
    if chosen.yes or not apt.is_terminal():
        return True
    print(_listed(found))
    return confirmed()

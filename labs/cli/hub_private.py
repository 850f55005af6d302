"""`python3 -m labs.hub private NAME`: make a repository of the learner's Docker Hub account private, over its API.

The access token is exchanged for a token that lives for minutes, and stands on no command line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from labs.base.errors import CommandError, LabError
from labs.base.settings import Settings
from labs.seams.world import World


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if len(words) != 2 or words[0] != "private":
            raise CommandError(
                "Uso: python3 -m labs.hub private NOME", " ".join(words), "python3 -m labs.hub private widget-server"
            )
        world = World(Settings.load())
        world.hub_owner.hub_private(world.settings.hub_user, words[1])
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{world.settings.hub_user}/{words[1]} é privado.")
    return 0

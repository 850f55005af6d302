"""The board, as the hub starts it: `python3 -m labs.classroom.board`."""

from __future__ import annotations

import asyncio
import sys


def main(arguments: list[str]) -> int:
    """Serve until the hub ends this; whoever types it is told what it is."""
    if arguments:
        print("O painel da turma é uma parte do hub: não se inicia à mão.\nPróximo comando: python3 -m labs class up")
        return 0 if set(arguments) & {"-h", "--help"} else 2
    from labs.classroom.board.server import serve  # JupyterHub is there alone

    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

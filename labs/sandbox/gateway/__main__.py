"""`python -m labs.sandbox.gateway`: run the gateway of the state folder `LABS_HOME`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

if len(sys.argv) > 1 and __name__ == "__main__":
    print("O gateway é uma parte do laboratório: não se inicia à mão.\nPróximo comando: python3 -m labs up")
    raise SystemExit(0 if set(sys.argv[1:]) & {"-h", "--help"} else 2)

# One memory arena: threads here hardly allocate at the same time, each keeps its own free memory (mallopt(3)).
if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
    os.environ["MALLOC_ARENA_MAX"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "labs.sandbox.gateway"])


def main() -> int:
    from labs.base.errors import LabError  # here and below: by the process that stays
    from labs.base.settings import Settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    # What reaches this logger is malformed HTTP, with a traceback for each; `guarded` logs all that is ours.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    os.umask(0o077)
    try:
        from labs.sandbox.gateway.app import serve

        asyncio.run(serve(Settings.load().sandboxed()))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"O gateway não conseguiu começar: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

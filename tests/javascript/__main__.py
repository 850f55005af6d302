"""`python -m tests.javascript`: install biome and tsc; `--write` also puts every script into the format."""

from __future__ import annotations

import argparse
import sys

from . import tools

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.javascript", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put every script into the format")
    chosen = parser.parse_args()
    try:
        tools.ensure()
    except tools.ToolsMissingError as error:
        sys.exit(str(error))
    if chosen.write:
        answer = tools.tool("biome", "check", "--write", *tools.CHECKED)
        print(answer.stdout)
        sys.exit(answer.returncode)

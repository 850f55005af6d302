"""JupyterLab itself, as `start` runs it: `python3 -m labs.jupyter.application`."""

from __future__ import annotations

import sys

from labs.jupyter import hub

# Most of what JupyterLab takes to start would go into this parser, which jsonschema makes for the formats "iri" and
# "iri-reference" as soon as it is there to be found (jsonschema, `_format.py`). No schema of Jupyter's has them.
# None: the import fails, and jsonschema does without (docs.python.org/3/reference/import, "The module cache").
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def main() -> None:
    """Run it until it is ended: by itself, or as one of a hub's servers. Both load what must not be found above."""
    if hub.is_there():
        from jupyterhub.singleuser import main as run
    else:
        from jupyterlab.labapp import main as run
    run()


if __name__ == "__main__":
    main()

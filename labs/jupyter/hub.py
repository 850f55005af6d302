"""A lab that a class's JupyterHub has started: what the hub decides in the lab's place.

jupyterhub-singleuser takes address, port, base URL and login from its environment, whatever the configuration says
(jupyterhub, `singleuser/extension.py`); so it is asked there, and nowhere else.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

TOKEN, SERVICE, PREFIX = "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX"
"""jupyterhub.readthedocs.io/en/stable/reference/spawners.html, "Environment variables"."""


def is_there() -> bool:
    """Whether a hub started this lab."""
    return TOKEN in os.environ and SERVICE in os.environ


def port() -> int:
    """Where JupyterLab has to listen; 0 where nobody decided."""
    return urlsplit(os.environ[SERVICE]).port or 0 if is_there() else 0


def base_url() -> str:
    """Where JupyterLab's pages begin: `/user/NAME/`, or `/` where there is no hub."""
    return os.environ.get(PREFIX, "/") if is_there() else "/"

"""How a class's hub knows who comes: by name and code."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from labs.base.errors import StateError
from labs.classroom import accounts

SECONDS_AFTER_A_WRONG_CODE = 1.0


class CodeAuthenticator(Authenticator):
    """Asks the list of codes (`labs/classroom/accounts.py`), anew each time: who is added later gets in."""

    codes_file = Unicode(help="the list, as the kit writes it").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """The person, who administers nothing (the teacher's rights are a role), or None where name and code do not
        belong together.
        """
        name = accounts.bare_name(data["username"])
        if accounts.accepts(accounts.read(Path(self.codes_file)), name, data["password"]):
            return {"name": name, "admin": False}
        await asyncio.sleep(SECONDS_AFTER_A_WRONG_CODE)
        return None

    async def refresh_user(self, user: Any, handler: Any = None) -> bool | dict[str, Any]:
        """What JupyterHub asks of somebody who is logged in, every few minutes: who is no longer on the list logs in
        anew, and nobody is an administrator, as the teacher of an older class was.
        """
        try:
            return {"name": user.name, "admin": False} if user.name in accounts.read(Path(self.codes_file)) else False
        except StateError:  # a damaged list lets nobody in, and sends nobody out
            return True

"""How the board enters a learner's server: with a token of that learner, which opens that server and nothing else.

A learner is root in the own container and may put anything in the place of the server there: it reads what it is asked
with. So the board's own token, which reads the class and makes these, goes to the hub's API alone.
"""

from __future__ import annotations

import time

from labs.base.documents import Typed
from labs.classroom.board.requests import Refused, Requests

LIFE = 3600
"""Seconds that a token holds, for the hub."""
USED = LIFE - 300
"""Seconds that it is used."""
AGAIN = 60
"""Seconds after which a token that a lab refused is made anew: whoever refuses all of them gets no more than that."""
SECONDS = 10.0


class Made(Typed, frozen=True, forbid_unknown_fields=False):
    """What JupyterHub answers to POST /users/NAME/tokens."""

    token: str


class Tokens:
    """A token for each learner, made where it is wanted."""

    def __init__(self, requests: Requests, hub: str, token: str) -> None:
        """`hub`: the API's address; `token`: the board's own."""
        self._requests, self._hub, self._own = requests, hub, token
        self._made: dict[str, tuple[str, float]] = {}

    async def of(self, name: str) -> str:
        """This learner's.

        Raises:
            OSError: the hub makes none.
        """
        known, at = self._made.get(name, ("", 0.0))
        if known and time.monotonic() - at < USED:
            return known
        wanted = {"note": "painel", "expires_in": LIFE, "scopes": [f"access:servers!user={name}"]}
        asked = self._requests.ask(
            f"{self._hub}/users/{name}/tokens", Made, token=self._own, seconds=SECONDS, content=wanted
        )
        try:
            token = (await asked).token
        except Refused:
            raise  # somebody who never came: the hub has no such user
        except OSError as error:
            raise OSError(f"o hub não abre este laboratório para o painel: {error}") from error
        self._made[name] = (token, time.monotonic())
        return token

    def refused(self, name: str) -> None:
        """A lab did not take this learner's token: its learner may have taken it back."""
        if name in self._made and time.monotonic() - self._made[name][1] > AGAIN:
            del self._made[name]

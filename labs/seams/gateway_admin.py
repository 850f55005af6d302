"""Client of the gateway's administration socket: what the gateway saw, and the dials that the course turns."""

from __future__ import annotations

import json
from typing import Any, Protocol
from urllib.parse import quote

from labs.base.errors import SandboxError
from labs.base.settings import Settings
from labs.seams.unix_http import request

ADMIN_SECONDS = 15.0


class Admin(Protocol):
    """What checks and the clinic need of the gateway: its witness, and its dials."""

    def health(self) -> bool: ...
    def events(self, since: int = 0) -> list[dict[str, Any]]: ...
    def withdraw(self, seq: int) -> None: ...
    def removing(self, subject: str) -> None: ...
    def clock(self) -> dict[str, Any]: ...
    def set_clock(self, offset_seconds: int) -> None: ...
    def spend(self, amount: str) -> None: ...
    def hub_limits(self, pulls: int | None) -> None: ...


class GatewayAdmin:
    """One lab's gateway. Every method raises SandboxError where the sandbox is not up or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def health(self) -> bool:
        """Whether all listeners answer and both registries are reachable; False (not an error) where nobody answers."""
        try:
            return bool(self._ask("GET", "/health")["healthy"])
        except SandboxError:
            return False

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """What the gateway saw after event number `since`, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", f"/events?since={since}")
        return found

    def withdraw(self, seq: int) -> None:
        """Forget this event."""
        self._ask("POST", "/events/withdraw", {"seq": seq})

    def removing(self, subject: str) -> None:
        """The kit itself removes this container (its id) or name of an image now: what comes of it is nobody's work."""
        self._ask("POST", "/events/removing", {"subject": subject})

    def reached(self) -> list[str]:
        """The names by which engines asked last whether they get to the gateway (`labs/sandbox/reach.py`)."""
        return list(self._ask("GET", "/reached")["names"])

    def hub_account(self, name: str, token: str, *, asked: bool = False) -> None:
        """Make sure that the Hub account exists and has this access token; `asked`: because the learner said so."""
        self._ask("PUT", f"/hub/accounts/{quote(name, safe='')}", {"token": token, "asked": asked})

    def clock(self) -> dict[str, Any]:
        """`{"offset_seconds": int, "now": "2026-01-31T12:00:00.000000Z"}`."""
        found: dict[str, Any] = self._ask("GET", "/clock")
        return found

    def set_clock(self, offset_seconds: int) -> None:
        """Move the lab's clock against the machine's."""
        self._ask("POST", "/clock", {"offset_seconds": offset_seconds})

    def spend(self, amount: str) -> None:
        """The month's actual spend so far, in USD; fires the budget alerts that it crosses."""
        self._ask("POST", "/billing/spend", {"amount": amount, "unit": "USD"})

    def hub_limits(self, pulls: int | None) -> None:
        """Anonymous pulls allowed per six hours (an account has twice as many); None for no limit."""
        self._ask("POST", "/hub/limits", {"pulls": pulls})

    def reset(self) -> None:
        """The first day: no repositories, keys, budgets, accounts, events."""
        self._ask("POST", "/reset", {})

    def _ask(self, method: str, target: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            reply = request(
                f"unix://{self._settings.admin_socket}",
                method,
                target,
                body=body,
                headers=headers,
                timeout=ADMIN_SECONDS,
            )
        except OSError as error:
            raise SandboxError("O laboratório não está de pé.", str(error), "python3 -m labs up") from error
        if reply.status < 400:
            return reply.json()
        said = reply.json() or {}
        what = "O laboratório ainda está começando ou uma parte dele parou."
        if reply.status == 400:
            what = "O laboratório não aceita este valor."
        elif reply.status == 507:
            what = "O laboratório não conseguiu gravar no disco."
        raise SandboxError(what, str(said.get("error") or said.get("observed") or reply.text), "python3 -m labs status")

"""The administration socket: health, events, accounts, clock, spend, limits, reset. For the kit alone (0600)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from labs.sandbox.gateway.errors import BodyError, StorageError, UnavailableError, WrongRequestError
from labs.sandbox.gateway.http import answer, json_object, log
from labs.sandbox.gateway.memory import billing
from labs.sandbox.gateway.memory.clock import iso
from labs.sandbox.gateway.memory.entries import ClockMoved, HubAccount, HubLimit, Spend
from labs.sandbox.gateway.memory.hub_accounts import NAME_RULE, hashed
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.store import Store

MOST_OFFSET = 10 * 365 * 86400
MOST_PULLS = 1_000_000


class Control:
    """Handler of the administration socket. `unready` says why the gateway does not serve yet; empty once it does.
    `reached` gives the names by which engines asked last whether they get here.
    """

    def __init__(
        self, state: State, stores: list[Store], unready: Callable[[], str], reached: Callable[[], list[str]]
    ) -> None:
        self._state = state
        self._stores = stores
        self._unready = unready
        self._reached = reached
        self._routes: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[Any]]] = {
            ("GET", "/health"): self._health,
            ("GET", "/events"): self._events,
            ("POST", "/events/withdraw"): self._withdraw,
            ("POST", "/events/removing"): self._removing,
            ("GET", "/reached"): self._last_reached,
            ("GET", "/clock"): self._clock,
            ("POST", "/clock"): self._set_clock,
            ("POST", "/billing/spend"): self._spend,
            ("POST", "/hub/limits"): self._limits,
            ("POST", "/reset"): self._reset,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        serve = self._routes.get((request.method, request.path))
        if serve is None and request.method == "PUT" and request.path.startswith("/hub/accounts/"):
            serve = self._account
        if serve is None:
            return answer({"error": "not found"}, 404)
        if serve != self._health and (why := self._unready()):
            return answer({"error": why}, 503)
        try:
            result = await serve(request)
        except (WrongRequestError, BodyError, web.RequestPayloadError) as error:
            return answer({"error": str(error)}, 400)
        except StorageError as error:
            return answer({"error": str(error)}, 507)
        except UnavailableError as error:
            return answer({"error": str(error)}, 503)
        return result if isinstance(result, web.Response) else answer(result)

    async def _health(self, _: web.BaseRequest) -> Any:
        silent = [store.name for store in self._stores if not await store.upstream.alive()]
        observed = self._unready() or (f"registry does not answer: {', '.join(silent)}" if silent else "")
        return answer({"healthy": not observed, "observed": observed}, 503 if observed else 200)

    async def _events(self, request: web.BaseRequest) -> Any:
        since = request.query.get("since", "0")
        if not re.fullmatch(r"\d{1,15}", since):
            raise WrongRequestError("since must be a number")
        return self._state.events.since(int(since))

    async def _withdraw(self, request: web.BaseRequest) -> Any:
        seq = (await json_object(request)).get("seq")
        if not isinstance(seq, int) or isinstance(seq, bool):
            raise WrongRequestError("seq: an event's number")
        self._state.events.withdraw(seq)
        return {"withdrawn": seq}

    async def _removing(self, request: web.BaseRequest) -> Any:
        subject = (await json_object(request)).get("subject")
        if not isinstance(subject, str) or not subject:
            raise WrongRequestError("subject: a container's id or an image's name")
        self._state.events.add("engine", "removing", subject=subject, kit=True)
        return {"removing": subject}

    async def _last_reached(self, _: web.BaseRequest) -> Any:
        return {"names": self._reached()}

    async def _account(self, request: web.BaseRequest) -> Any:
        content = await json_object(request)
        name, token = request.path.removeprefix("/hub/accounts/"), content.get("token")
        if not NAME_RULE.fullmatch(name) or not isinstance(token, str) or not 1 <= len(token) <= 1000:
            raise WrongRequestError("name: 4 to 30 lower-case letters and digits; token: text")
        if not await self._state.run(self._state.accounts.accepts, name, token):
            await self._state.record(HubAccount(name, await self._state.run(hashed, token)))
        if content.get("asked") is True:
            self._state.events.add("hub", "account", user=name)
        return {"name": name}

    async def _clock(self, _: web.BaseRequest) -> Any:
        return {"offset_seconds": self._state.clock.offset, "now": iso(self._state.clock.now())}

    async def _set_clock(self, request: web.BaseRequest) -> Any:
        offset = (await json_object(request)).get("offset_seconds")
        if not isinstance(offset, int) or isinstance(offset, bool) or abs(offset) > MOST_OFFSET:
            raise WrongRequestError("offset_seconds: whole seconds, at most ten years")
        await self._state.record(ClockMoved(offset))
        return await self._clock(request)

    async def _spend(self, request: web.BaseRequest) -> Any:
        content = await json_object(request)
        amount = billing.amount(content.get("amount"))
        if amount is None or content.get("unit", "USD") != "USD":
            raise WrongRequestError("amount: a sum in USD, zero or more")
        await self._state.record(Spend(amount))
        return {"amount": str(amount), "unit": "USD"}

    async def _limits(self, request: web.BaseRequest) -> Any:
        pulls = (await json_object(request)).get("pulls")
        whole = isinstance(pulls, int) and not isinstance(pulls, bool)
        if pulls is not None and not (whole and 0 <= pulls <= MOST_PULLS):
            raise WrongRequestError("pulls: a whole number up to a million, or null for no limit")
        await self._state.record(HubLimit(pulls))
        return {"pulls": pulls}

    async def _reset(self, _: web.BaseRequest) -> Any:
        """The first day: stores emptied first, so that a crash in between leaves fewer images, not unknown ones."""
        async with self._state.lock:
            for store in self._stores:
                if not await store.upstream.alive():
                    raise UnavailableError(f"registry does not answer: {store.name}")
            for store in self._stores:
                for name, repository in list(self._state.images[store.name].repositories.items()):
                    await store.empty(name, repository.all())
            await self._state.run(self._state.reset)
        log.info("reset to the first day")
        return {}

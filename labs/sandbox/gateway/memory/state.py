"""All that the gateway remembers, and the one way to change it: journal first, then memory, then the answer.

Changes run in one thread, in order, so that a replay of the journal makes the same state again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from labs.base.settings import Settings
from labs.sandbox.gateway.memory.access_log import Events
from labs.sandbox.gateway.memory.billing import Billing
from labs.sandbox.gateway.memory.clock import Clock
from labs.sandbox.gateway.memory.hub_accounts import Accounts
from labs.sandbox.gateway.memory.images import Images, Repository
from labs.sandbox.gateway.memory.journal import Entry, Journal
from labs.sandbox.gateway.memory.sso_sessions import Sessions
from labs.sandbox.gateway.memory.tokens import Signer

if TYPE_CHECKING:
    from labs.sandbox.gateway.memory.moto_door import Call, Cloud, Reply

T = TypeVar("T")
log = logging.getLogger("gateway")


class StorageError(Exception):
    """The journal cannot be written: the change did not happen."""


class State:
    """The gateway's memory. `cloud` is there once `load` has run."""

    cloud: Cloud

    def __init__(self, settings: Settings) -> None:
        folder = settings.sandbox / "gateway"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings = settings
        self.clock = Clock()
        self.journal = Journal(folder / "journal.jsonl")
        self.events = Events(folder / "events.jsonl", self.clock)
        self.signer = Signer.of(settings)
        self.accounts = Accounts()
        self.images = {"hub": Images(), "ecr": Images()}
        self.billing = Billing()
        self.sessions = Sessions()
        self.lock = asyncio.Lock()
        """Held by who changes images: the registry's store, the journal and moto change together."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._replaying = False

    # Life --------------------------------------------------------------------------------------

    def load(self) -> None:
        """Import moto (0.6 s) and replay the journal. Runs in the state's thread."""
        from labs.sandbox.gateway.memory.moto_door import Cloud

        self.cloud = Cloud(self.settings, self.clock)
        self._replay()

    def _replay(self) -> None:
        self._replaying = True
        parts: tuple[Any, ...] = (self.accounts, self.billing, self.sessions, *self.images.values(), self.cloud)
        for part in parts:
            part.clear()
        self.clock.offset = 0
        for entry in self.journal.entries():
            try:
                with self.clock.standing_at(entry["time"]):
                    self._apply(entry)
            except Exception:  # one entry that an older or a damaged lab wrote must not take all others with it
                log.exception("journal: an entry of kind %.40r cannot be replayed", entry.get("kind"))
        self._replaying = False

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run something in the state's thread, after all earlier changes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def settled(self) -> None:
        """Wait while the memory is being made again from the journal."""
        if self._replaying:
            await self.run(lambda: None)

    def reset(self) -> None:
        """The first day again."""
        self.journal.clear()
        self.events.clear()
        self._replay()

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self.journal.close()

    # Changes -----------------------------------------------------------------------------------

    async def record(self, kind: str, **content: Any) -> None:
        """Change something.

        Raises:
            StorageError: the journal cannot be written; nothing changed.
        """
        await self.run(self._record, {"kind": kind, "time": self.clock.now(), **content})

    def _record(self, entry: Entry) -> None:
        self._append(entry)
        with self.clock.standing_at(entry["time"]):
            self._apply(entry)

    def _append(self, entry: Entry) -> None:
        try:
            self.journal.append(entry)
        except OSError as error:
            raise StorageError(str(error)) from error

    async def call(self, call: Call) -> Reply:
        """One call of the AWS API: what moto accepts and changes is journalled before it is answered.

        Raises:
            StorageError: the journal cannot be written; moto's state was made again from the journal.
        """
        return await self.run(self._call, call)

    def _call(self, call: Call) -> Reply:
        if not call.changes:
            return self.cloud.dispatch(call, 0)
        entry = call.entry(self.clock.now())
        with self.clock.standing_at(entry["time"]):
            reply = self.cloud.dispatch(call, entry["seed"])
            if reply.crashed:
                self._replay()
            if reply.status < 300:
                try:
                    self._append(entry)
                except StorageError:
                    self._replay()
                    raise
                self._after_call(call)
        return reply

    # What each kind of entry does --------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        getattr(self, "_do_" + entry["kind"].replace("-", "_"))(entry)

    def _do_aws(self, entry: Entry) -> None:
        from labs.sandbox.gateway.memory.moto_door import Call

        call = Call.of_entry(entry)
        self.cloud.dispatch(call, entry["seed"])
        self._after_call(call)

    def _after_call(self, call: Call) -> None:
        if call.service == "ecr" and call.region == self.settings.region and call.action == "DeleteRepository":
            self.images["ecr"].drop(str(call.parameters.get("repositoryName")))
        if call.service == "budgets":
            self._evaluate_budgets()

    def _evaluate_budgets(self) -> None:
        self.cloud.set_spend(self.billing.spend())
        alerts = self.billing.evaluate(self.cloud.budgets())
        if not self._replaying:
            for one in alerts:
                self.events.add("budgets", "alert", repository=one.budget, reference=one.threshold, message=one.message)

    def _do_spend(self, entry: Entry) -> None:
        self.billing.spent = Decimal(entry["amount"])
        self._evaluate_budgets()

    def _do_used(self, entry: Entry) -> None:
        self.cloud.mark_used(entry["key"], entry["service"], entry["region"], entry["time"])

    def _do_image(self, entry: Entry) -> None:
        images = self.images[entry["registry"]]
        images.put(entry["repository"], entry["tag"], entry["digest"], entry["type"], entry["manifest"], entry["time"])
        self._show(entry)

    def _do_image_gone(self, entry: Entry) -> None:
        self.images[entry["registry"]].remove(entry["repository"], entry["digests"], entry["tags"])
        self._show(entry)

    def _show(self, entry: Entry) -> None:
        if entry["registry"] == "ecr":
            self.cloud.show_images(entry["repository"], self.images["ecr"].get(entry["repository"]))

    def _do_hub_account(self, entry: Entry) -> None:
        self.accounts.put(entry["name"], entry["hash"])

    def _do_hub_repository(self, entry: Entry) -> None:
        made = Repository(entry["time"], entry["time"])
        self.images["hub"].repositories.setdefault(entry["repository"], made)
        self.accounts.set_private(entry["repository"], entry["private"])

    def _do_hub_privacy(self, entry: Entry) -> None:
        self.accounts.set_private(entry["repository"], entry["private"])

    def _do_hub_repository_gone(self, entry: Entry) -> None:
        self.images["hub"].drop(entry["repository"])
        self.accounts.set_private(entry["repository"], False)

    def _do_hub_limit(self, entry: Entry) -> None:
        self.accounts.set_limit(entry["pulls"], entry["time"])

    def _do_clock(self, entry: Entry) -> None:
        self.clock.offset = entry["offset"]

    def _do_sso(self, entry: Entry) -> None:
        self.sessions.apply(entry)

"""All that the gateway remembers, and the one way to change it: journal first, then memory, then the answer.

Changes run in one thread, in order, so that a replay of the journal makes the same state again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from labs.base.settings import Settings
from labs.sandbox.gateway.errors import StorageError
from labs.sandbox.gateway.memory import entries
from labs.sandbox.gateway.memory.access_log import Events
from labs.sandbox.gateway.memory.billing import Billing
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.clock import Clock
from labs.sandbox.gateway.memory.entries import Entry, Recorded, Registry
from labs.sandbox.gateway.memory.hub_accounts import Accounts
from labs.sandbox.gateway.memory.images import Images, Repository
from labs.sandbox.gateway.memory.journal import Journal
from labs.sandbox.gateway.memory.sso_sessions import Sessions
from labs.sandbox.gateway.memory.tokens import Signer

if TYPE_CHECKING:  # `load` imports it, in its thread
    from labs.sandbox.gateway.memory.moto_door import Cloud

T = TypeVar("T")
log = logging.getLogger("gateway")


class State:
    """The gateway's memory. `cloud` is there once `load` has run."""

    cloud: Cloud

    def __init__(self, settings: Settings) -> None:
        folder = settings.sandbox / "gateway"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings = settings
        self.clock = Clock()
        self.journal = Journal(folder / "journal.jsonl")
        self.events = Events(settings.gateway_events, self.clock)
        self.signer = Signer.of(settings)
        self.accounts = Accounts()
        self.images: dict[Registry, Images] = {"hub": Images(), "ecr": Images(), "ecr-public": Images()}
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
        for recorded in self.journal.entries():
            try:
                self._apply(recorded)
            except Exception:  # one entry that an older or a damaged lab wrote must not take all others with it
                log.exception("journal: this %s cannot be replayed", type(recorded.entry).__name__)
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

    async def record(self, entry: Entry) -> None:
        """Change something.

        Raises:
            StorageError: the journal cannot be written; nothing changed.
        """
        await self.run(self._record, Recorded(self.clock.now(), entry))

    def _record(self, recorded: Recorded) -> None:
        self._append(recorded)
        self._apply(recorded)

    def _append(self, recorded: Recorded) -> None:
        try:
            self.journal.append(recorded)
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
        moment, entry = self.clock.now(), entries.AwsCall.of(call)
        with self.clock.standing_at(moment):
            reply = self.cloud.dispatch(call, entry.seed)
            if reply.crashed:
                self._replay()
            if reply.status < 300:
                try:
                    self._append(Recorded(moment, entry))
                except StorageError:
                    self._replay()
                    raise
                self._after_call(call)
        return reply

    # What each kind of entry does --------------------------------------------------------------

    def _apply(self, recorded: Recorded) -> None:
        with self.clock.standing_at(recorded.time):
            self._change(*recorded)

    def _change(self, moment: float, entry: Entry) -> None:
        match entry:
            case entries.AwsCall():
                self.cloud.dispatch(entry.call, entry.seed)
                self._after_call(entry.call)
            case entries.KeyUsed():
                self.cloud.mark_used(entry.key, entry.service, entry.region, moment)
            case entries.ImagePut() | entries.ImageGone():
                self._change_images(moment, entry)
            case entries.HubAccount():
                self.accounts.put(entry.name, entry.hash)
            case entries.HubRepository():
                self.images["hub"].repositories.setdefault(entry.repository, Repository(moment, moment))
                self.accounts.set_private(entry.repository, entry.private)
            case entries.HubPrivacy():
                self.accounts.set_private(entry.repository, entry.private)
            case entries.HubRepositoryGone():
                self.images["hub"].drop(entry.repository)
                self.accounts.set_private(entry.repository, False)
            case entries.PublicRepository():
                self.images["ecr-public"].repositories.setdefault(entry.repository, Repository(moment, moment))
            case entries.PublicRepositoryGone():
                self.images["ecr-public"].drop(entry.repository)
            case entries.HubLimit():
                self.accounts.set_limit(entry.pulls, moment)
            case entries.Spend():
                self.billing.spent = entry.amount
                self._evaluate_budgets("spend")
            case entries.ClockMoved():
                self.clock.offset = entry.offset
            case _:
                self.sessions.apply(moment, entry)

    def _change_images(self, moment: float, entry: entries.ImagePut | entries.ImageGone) -> None:
        images, name = self.images[entry.registry], entry.repository
        if isinstance(entry, entries.ImagePut):
            images.put(name, entry.tag, entry.digest, entry.type, entry.manifest, moment)
        else:
            images.remove(name, entry.digests, entry.tags)
        if entry.registry == "ecr":
            self.cloud.show_images(name, images.get(name))

    def _after_call(self, call: Call) -> None:
        if call.service == "ecr" and call.region == self.settings.region and call.action == "DeleteRepository":
            self.images["ecr"].drop(str(call.parameters.get("repositoryName")))
        if call.service == "budgets":
            self._evaluate_budgets("budget")

    def _evaluate_budgets(self, changed: str) -> None:
        """Send the alerts that are due now; `changed` says what made them so: the month's "spend" or the "budget"."""
        self.cloud.set_spend(self.billing.spend())
        alerts = self.billing.evaluate(self.cloud.budgets())
        if not self._replaying:
            for one in alerts:
                name, level = one.budget, one.threshold
                self.events.add("budgets", "alert", repository=name, reference=level, code=changed, message=one.message)

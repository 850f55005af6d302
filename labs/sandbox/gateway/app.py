"""Wires the gateway's parts together and opens its listeners."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import web

from labs.base.marks import KIT_MARK, REACH_NAME
from labs.base.reference import DOCKER_HUB
from labs.base.settings import Settings
from labs.sandbox.gateway import engine_watch, http, real_names
from labs.sandbox.gateway.aws.sso import PATHS as SSO_PATHS
from labs.sandbox.gateway.aws.sso import Sso
from labs.sandbox.gateway.control import Control
from labs.sandbox.gateway.errors import UnavailableError
from labs.sandbox.gateway.http import Failure, Handler, guarded, log, registry_failure
from labs.sandbox.gateway.memory.access_log import QUIET
from labs.sandbox.gateway.memory.entries import Registry
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.hub import Hub
from labs.sandbox.gateway.registries.hub_api import HubApi
from labs.sandbox.gateway.registries.store import Store
from labs.sandbox.gateway.registries.upstream import CHUNK, Upstream

READY_SECONDS = 20.0
REACHED = 32
"""Names by which engines asked last: `status`, `doctor` and a notebook may ask at the same time."""
"""How long a request waits for the gateway to be ready, before it is told to try later."""
RETRY_SECONDS = 0.05
STOP_SECONDS = 2.0
SIGN_IN = "/api/v2/auth/token"
"""Where Docker Hub's API gives a token, as each of its reads needs one."""


class Gateway:
    """All parts of one gateway. Listeners open at once; requests wait for moto and the journal."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = State(settings)
        self.upstreams = {name: Upstream(settings.run / f"{name}.sock") for name in ("hub", "ecr")}
        behind: dict[Registry, str] = {"hub": "hub", "ecr": "ecr", "ecr-public": "ecr"}
        self.stores = {name: Store(self.state, name, self.upstreams[store]) for name, store in behind.items()}
        self.reached = deque[str](maxlen=REACHED)
        """The last name that an engine asked for to prove that it gets here."""
        self.unready = "loading"
        self._ready = asyncio.Event()
        self._runners: list[web.ServerRunner] = []
        self._proxy: asyncio.Server | None = None
        self._handlers: dict[str, Handler] = {}

    # Readiness ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Import moto, replay the journal, make memory and stores agree. Retries while a registry is still starting."""
        await self.state.run(self.state.load)
        self._make_handlers()
        while True:
            try:
                for name, store in self.stores.items():
                    await store.reconcile(await self._repositories(name))
                break
            except UnavailableError as failure:
                self.unready = f"registry does not answer: {failure}"
                await asyncio.sleep(RETRY_SECONDS)
        self.unready = ""
        self._ready.set()

    async def _repositories(self, name: Registry) -> list[str]:
        """The names to look for in a store. The Hub's come from the store too: an image may have brought them."""
        if name == "ecr":
            return self.state.cloud.repositories()
        known = list(self.state.images[name].repositories)
        return sorted({*known, *await self.stores[name].catalog()}) if name == "hub" else known

    def _make_handlers(self) -> None:
        # These need moto, which `load` has imported in its thread meanwhile.
        from labs.sandbox.gateway.aws.ecr_api import EcrApi
        from labs.sandbox.gateway.aws.ecr_public_api import EcrPublicApi
        from labs.sandbox.gateway.aws.front_door import Aws
        from labs.sandbox.gateway.identity import Identities
        from labs.sandbox.gateway.registries.ecr import Ecr
        from labs.sandbox.gateway.registries.ecr_public import EcrPublic

        identities = Identities(self.state)
        ecr = Ecr(self.state, self.stores["ecr"], identities)
        public = EcrPublic(self.state, self.stores["ecr-public"], identities)
        public_api = EcrPublicApi(self.state, self.stores["ecr-public"], public)
        aws = Aws(self.state, identities, EcrApi(self.state, self.stores["ecr"], ecr), public_api)
        hub, api, sso = Hub(self.state, self.stores["hub"]), HubApi(self.state, self.stores["hub"]), Sso(self.state)

        async def hub_port(request: web.BaseRequest) -> web.StreamResponse:
            if request.path == "/token" and request.method in ("GET", "POST"):
                return await hub.token(request)
            return await (api.handle if request.path.startswith("/api/") else hub.v2)(request)

        async def public_port(request: web.BaseRequest) -> web.StreamResponse:
            if request.path.rstrip("/") == "/token" and request.method == "GET":
                return public.token(request)
            return await public.v2(request)

        async def aws_port(request: web.BaseRequest) -> web.StreamResponse:
            return await (sso.handle if request.path in SSO_PATHS else aws.handle)(request)

        self._handlers = {"hub": hub_port, "ecr": ecr.v2, "ecr_public": public_port, "aws": aws_port}

    def _when_ready(self, name: str) -> Handler:
        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            if not self._ready.is_set():
                try:
                    await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
                except TimeoutError:
                    return FAILURES[name](503, "UNAVAILABLE", f"the lab is still starting: {self.unready}")
            if request.path.startswith(asked := f"/v2/{REACH_NAME}/"):
                self.reached.append(request.path.removeprefix(asked).partition("/")[0][:64])
                return FAILURES[name](404, "MANIFEST_UNKNOWN", "manifest unknown")
            await self.state.settled()
            quiet = QUIET.set(is_kits_read(request))
            try:
                return await self._handlers[name](request)
            finally:
                QUIET.reset(quiet)

        return handler

    # Listeners ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the listeners.

        Raises:
            OSError: a port is taken, or the socket's folder cannot be written.
        """
        control = Control(self.state, list(self.stores.values()), lambda: self.unready, lambda: list(self.reached))
        runner = await self._runner(control.handle)
        self.settings.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = os.umask(0o177)  # the socket is born 0600
        try:
            await web.UnixSite(runner, str(self.settings.admin_socket)).start()
        finally:
            os.umask(before)
        for name, failure in FAILURES.items():
            port = getattr(self.settings.ports, name)
            hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
            runner = await self._runner(guarded(self._when_ready(name), hosts, failure))
            await web.TCPSite(runner, "127.0.0.1", port, backlog=256).start()
        if self.settings.has_real_names:
            await self._open_real_names()

    async def _open_real_names(self) -> None:
        behind = real_names.listeners(self.settings)
        handlers = {
            name: guarded(self._when_ready(listener), {name}, FAILURES[listener]) for name, listener in behind.items()
        }

        async def named(request: web.BaseRequest) -> web.StreamResponse:
            return await handlers.get(request.host.lower(), handlers[DOCKER_HUB])(request)

        inner = self.settings.names_socket
        runner = await self._runner(named)
        await web.UnixSite(runner, str(inner), ssl_context=real_names.certificate(self.settings), backlog=256).start()
        self._proxy = await real_names.Proxy(self.settings, inner).open(self.settings.ports.names)

    async def _runner(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.ServerRunner:
        server = web.Server(
            handler,
            access_log=None,
            read_bufsize=CHUNK,
            keepalive_timeout=http.IDLE_SECONDS,
            lingering_time=STOP_SECONDS,
            auto_decompress=False,  # limits count the bytes that were sent, and what is passed on stays as it is
        )
        runner = web.ServerRunner(server, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        self._runners.append(runner)
        return runner

    async def close(self) -> None:
        if self._proxy:
            self._proxy.close()
        for runner in reversed(self._runners):
            await runner.cleanup()
        for upstream in self.upstreams.values():
            await upstream.close()
        self.state.close()
        for socket in (self.settings.admin_socket, self.settings.names_socket):
            socket.unlink(missing_ok=True)


def is_kits_read(request: web.BaseRequest) -> bool:
    """Whether a check or a picture asks: such requests bear the kit's mark. What the kit changes is told as anybody's;
    of AWS's, all of them POST, `front_door` knows which only read.
    """
    marked = KIT_MARK in request.headers.get("User-Agent", "")
    return marked and (request.method in ("GET", "HEAD") or request.path == SIGN_IN)


def aws_failure(status: int, code: str, message: str) -> web.Response:
    """An error of the gateway itself as AWS's JSON services write it; botocore reads it for all services."""
    return http.answer({"__type": code, "message": message}, status, {"x-amzn-ErrorType": code})


FAILURES: dict[str, Failure] = {
    "hub": registry_failure,
    "ecr": registry_failure,
    "ecr_public": registry_failure,
    "aws": aws_failure,
}


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    gateway = Gateway(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loading = asyncio.create_task(gateway.load())
    waiting = asyncio.create_task(stop.wait())
    watching = asyncio.create_task(engine_watch.follow(settings.engine_host, gateway.state.events))
    try:
        await gateway.open()
        await asyncio.wait({loading, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
            shrink()
            log.info("ready")
        await waiting
    finally:
        for task in (loading, waiting, watching):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await gateway.close()


def shrink() -> None:
    """After the imports: let the collector skip what will live for ever, and give freed memory back (mallopt(3))."""
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

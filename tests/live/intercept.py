"""The internet as a test stands it up: a CONNECT proxy that ends TLS for Docker Hub's and AWS's own addresses.

Clients talk to the real names over TLS, with certificates of the tests' own authority; behind the proxy stand the
sandbox's gateway and its rules. All rewriting between the two worlds is here, none in the product. An address that is
none of the two services' is refused and noted.
"""

from __future__ import annotations

import asyncio
import configparser
import contextlib
import json
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import trustme
from aiohttp import web
from multidict import CIMultiDict

from labs.base.settings import Settings
from labs.running.unattended import approve
from labs.sandbox.gateway.aws import sigv4
from labs.sandbox.gateway.errors import RefusedError
from labs.sandbox.gateway.memory.console_session import console_credentials
from labs.sandbox.gateway.memory.sso_sessions import PERMISSION_SET
from labs.sandbox.gateway.real_names import pipe

HUB_HOSTS = ("registry-1.docker.io", "index.docker.io", "auth.docker.io", "hub.docker.com")
REGION = "us-east-2"
ADMINISTRATOR = "AdministratorAccess"
CERTIFIED = (
    *HUB_HOSTS,
    *(
        f"*.{middle}amazonaws.com"
        for middle in ("", f"{REGION}.", f"ecr.{REGION}.", f"dkr.ecr.{REGION}.", f"sso.{REGION}.")
    ),
)
HOP_BY_HOP = {"host", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
CHUNK = 1 << 16


class Internet:
    """The proxy and what it saw. Use as a context manager; everything runs in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(home=folder)
        self.strays: list[str] = []
        self.connections: list[str] = []
        self.signed: list[str] = []
        self.problems: list[str] = []
        self._secrets: dict[str, tuple[str, str]] = {}
        authority = trustme.CA()
        self.bundle = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.bundle))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*CERTIFIED).configure_cert(self._tls)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to be behind this proxy and to trust it."""
        proxy, bundle = f"http://127.0.0.1:{self.port}", str(self.bundle)
        names = {"SSL_CERT_FILE": bundle, "AWS_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle}
        proxies = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "http_proxy": proxy}
        return {**names, **proxies, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}

    def aim(self, settings: Settings) -> None:
        """From now on this sandbox stands behind the real names."""
        self._settings = settings.sandboxed()

    def _learn(self) -> None:
        """Remember the secrets that the lab's files hold now: signatures are made anew for the other host."""
        parser = configparser.RawConfigParser(default_section="\0")
        parser.read(Settings.load(self._settings.home).aws_credentials_file, "utf-8")
        for section in parser.sections():
            stored = dict(parser.items(section))
            if key := stored.get("aws_access_key_id"):
                self._secrets[key] = (stored["aws_secret_access_key"], stored.get("aws_session_token", ""))

    @contextlib.contextmanager
    def running(self) -> Iterator[Internet]:
        """Listen until the block ends."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(20)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=300))
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self._inner = self._runner.addresses[0][1]
        self._proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._proxy.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._proxy.close()
        await self._runner.cleanup()
        await self._client.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    # The CONNECT proxy -------------------------------------------------------------------------

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            host, _, port = target.partition(":")
            if method != "CONNECT" or port != "443" or not is_known(host):
                self.strays.append(f"{method} {target}")
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            self.connections.append(host)
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            pass  # a client that hung up, or the end of the test
        finally:
            writer.close()

    # What stands behind the names ---------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._forwarded(request)
        except Exception as failure:
            self.problems.append(f"{request.method} {request.host}{request.path}: {failure!r}")
            raise

    async def _forwarded(self, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        ports = self._settings.ports
        if host == "hub.docker.com":
            return await self._pass(request, ports.hub, "/api" + request.raw_path)
        if host in HUB_HOSTS:
            return await self._pass(request, ports.hub, request.raw_path)
        if ".dkr.ecr." in host:
            return await self._pass(request, ports.ecr, request.raw_path)
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        if "Authorization" in headers:
            headers["Authorization"] = self._signed_anew(request, body)
        as_administrator = f"role_name={ADMINISTRATOR}"
        target = request.raw_path.replace(as_administrator, f"role_name={PERMISSION_SET}")
        url = f"http://127.0.0.1:{ports.aws}{target}"
        async with self._client.request(request.method, _exact(url), data=body, headers=headers) as reply:
            data = await reply.read()
            kept = {n: v for n, v in reply.headers.items() if n.lower() not in (*HOP_BY_HOP, "content-length")}
            if host.startswith("portal.sso.") and reply.status == 200:
                data = self._portal(request, data, as_administrator in request.raw_path)
            return web.Response(body=await self._person(host, data), status=reply.status, headers=kept)

    async def _pass(self, request: web.BaseRequest, port: int, target: str) -> web.StreamResponse:
        """Stream both ways; registry addresses in the answer's headers become the real ones."""
        # Docker says `Accept` once for each kind of manifest, in an order of chance.
        headers = CIMultiDict((n, v) for n, v in request.headers.items() if n.lower() not in HOP_BY_HOP)
        body = request.content.iter_chunked(CHUNK) if request.can_read_body else None
        url = _exact(f"http://127.0.0.1:{port}{target}")
        async with self._client.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as reply:
            kept = {name: self._real(value, port, request.host) for name, value in reply.headers.items()}
            kept = {name: value for name, value in kept.items() if name.lower() not in HOP_BY_HOP}
            response = web.StreamResponse(status=reply.status, headers=kept)
            await response.prepare(request)
            async for chunk in reply.content.iter_chunked(CHUNK):
                await response.write(chunk)
            await response.write_eof()
            return response

    def _real(self, value: str, port: int, host: str) -> str:
        value = value.replace(f"http://127.0.0.1:{port}/token", "https://auth.docker.io/token")
        return value.replace(f"http://127.0.0.1:{port}", f"https://{host}")

    def _signed_anew(self, request: web.BaseRequest, body: bytes) -> str:
        """The client signed the real host. That signature is verified here, then made for the gateway's host."""
        authorization = request.headers["Authorization"]
        signature = sigv4.parse(authorization)
        self._learn()
        if signature.key not in self._secrets:
            return authorization
        secret, token = self._secrets[signature.key]
        headers = {name.lower(): value for name, value in request.headers.items()}
        message = sigv4.Message(request.method, request.raw_path, headers, body)
        try:
            sigv4.verify(message, signature, secret, token)
        except RefusedError:
            self.problems.append(f"{request.host}: the signature is not for this host")
        self.signed.append(f"{request.host} {signature.service}")
        there = {**headers, "host": f"127.0.0.1:{self._settings.ports.aws}"}
        moved = sigv4.Message(request.method, request.raw_path, there, body)
        anew = sigv4._compute(moved, signature, secret, token, headers["x-amz-date"])
        return authorization.replace(signature.signature, anew)

    def _portal(self, request: web.BaseRequest, data: bytes, as_administrator: bool) -> bytes:
        """The portal offers an administrator's role beside the sandbox's one. Its credentials are the console's, for
        who went through the device login: to others the gateway refuses those of its own role.
        """
        content: dict[str, Any] = json.loads(data)
        if request.path == "/assignment/roles":
            content["roleList"].append({"roleName": ADMINISTRATOR, "accountId": self._settings.account})
        if as_administrator:
            made = console_credentials(self._settings)
            content["roleCredentials"] |= {
                "accessKeyId": made["aws_access_key_id"],
                "secretAccessKey": made["aws_secret_access_key"],
                "sessionToken": made["aws_session_token"],
            }
        return json.dumps(content).encode()

    async def _person(self, host: str, data: bytes) -> bytes:
        """The device flow sends a person to a page: it is approved as one would, and shown under AWS's own name."""
        if not host.startswith("oidc.") or b"verificationUriComplete" not in data:
            return data
        content: dict[str, Any] = json.loads(data)
        page = content["verificationUriComplete"]
        await asyncio.get_running_loop().run_in_executor(None, approve, page)
        real = f"https://device.sso.{REGION}.amazonaws.com"
        shown = {n: re.sub(r"^http://[^/]+", real, v) if isinstance(v, str) else v for n, v in content.items()}
        return json.dumps(shown).encode()


def is_known(host: str) -> bool:
    """Whether an address is one of the two services'."""
    return host in HUB_HOSTS or host.endswith(".amazonaws.com")


def _exact(url: str) -> Any:
    from yarl import URL

    return URL(url, encoded=True)

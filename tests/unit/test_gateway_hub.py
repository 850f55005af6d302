"""The Hub's handlers in this process, without a registry behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from labs.base.settings import Ports, Settings
from labs.sandbox.gateway.aws.sso import Sso
from labs.sandbox.gateway.http import guarded
from labs.sandbox.gateway.memory.hub_accounts import hashed
from labs.sandbox.gateway.memory.state import State
from labs.sandbox.gateway.registries.hub import Hub
from labs.sandbox.gateway.registries.hub_api import HubApi
from labs.sandbox.gateway.registries.store import Store
from labs.sandbox.gateway.registries.upstream import Upstream

Check = Callable[[aiohttp.ClientSession, str], Awaitable[None]]
AUTH = {"Authorization": aiohttp.encode_basic_auth("aluno", "t")}
WRONG = {"Authorization": aiohttp.encode_basic_auth("aluno", "x")}


def run(home: Path, pick: Callable[[State, Store], object], check: Check) -> State:
    """Serve one handler and let a client loose on it; returns the state for a look afterwards."""

    async def scene() -> State:
        state = State(Settings(home=home, ports=Ports(1, 2, 3)))
        state.accounts.put("aluno", hashed("t"))
        state.images["hub"].put("aluno/app", "v1", "sha256:a", "t", "{}", 1.0)
        upstream = Upstream(home / "nobody.sock")
        server = RawTestServer(pick(state, Store(state, "hub", upstream)))  # type: ignore[arg-type]
        client: TestClient[web.BaseRequest, None]
        async with TestClient(server) as client:
            await check(client.session, str(server.make_url("")).rstrip("/"))
        await upstream.close()
        state.close()
        return state

    return asyncio.run(scene())


def hub(state: State, store: Store) -> object:
    handler = Hub(state, store)
    return lambda request: handler.token(request) if request.path == "/token" else handler.v2(request)


def test_scopes_are_granted_as_the_account_may(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async def access(scope: str, auth: dict[str, str] | None) -> dict[str, list[str]]:
            async with client.get(f"{url}/token", params={"scope": scope}, headers=auth) as reply:
                token = (await reply.json())["token"]
            content = seen.read_hub(token)
            assert content
            granted: dict[str, list[str]] = content["access"]
            return granted

        from labs.sandbox.gateway.memory.tokens import Signer

        seen = Signer(tmp_path / "sandbox" / "gateway" / "key")
        assert await access("repository:aluno/app:pull,push", AUTH) == {"aluno/app": ["pull", "push"]}
        assert await access("repository:aluno/app:pull,push", None) == {"aluno/app": ["pull"]}
        assert await access("repository:acme/app:pull,push", AUTH) == {"acme/app": []}
        assert await access("repository:aluno/novo:push", AUTH) == {"aluno/novo": ["push"]}
        assert await access("registry:catalog:* nonsense", AUTH) == {}

    run(tmp_path, hub, check)


def test_a_registry_that_does_not_answer_is_503(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/token", params={"scope": "repository:aluno/app:pull"}) as reply:
            token = (await reply.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with client.get(f"{url}/v2/aluno/app/manifests/v1", headers=headers) as reply:
            assert reply.status == 503
            assert (await reply.json())["errors"][0]["code"] == "UNAVAILABLE"

    run(tmp_path, hub, check)


@pytest.mark.parametrize("header", ["Basic ???", "Basic ", "Basic /w==", "Bearer x", "Nonsense"])
def test_odd_credentials_are_refused_calmly(tmp_path: Path, header: str) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/v2/", headers={"Authorization": header}) as reply:
            assert reply.status == 401
        async with client.get(f"{url}/token", headers={"Authorization": header}) as reply:
            assert reply.status == (401 if header.startswith("Basic") else 200)

    run(tmp_path, hub, check)


def test_the_api_answers_in_the_hubs_shape(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/api/v2/repositories/aluno/") as reply:
            found = await reply.json()
            assert (found["count"], found["results"][0]["name"]) == (1, "app")
        async with client.get(f"{url}/api/v2/repositories/ninguem/") as reply:
            assert reply.status == 404
        async with client.get(f"{url}/api/v2/repositories/aluno", headers=WRONG) as reply:
            assert reply.status == 401
        login = {"username": "aluno", "password": "t"}
        async with client.post(f"{url}/api/v2/users/login", json=login) as reply:
            token = (await reply.json())["token"]
        headers = {"Authorization": f"JWT {token}"}
        private = f"{url}/api/v2/repositories/aluno/app/privacy/"
        async with client.post(private, json={"is_private": "yes"}, headers=headers) as reply:
            assert reply.status == 400
        async with client.delete(f"{url}/api/v2/repositories/aluno/app/", headers=AUTH) as reply:
            assert reply.status == 503

    run(tmp_path, lambda state, store: HubApi(state, store).handle, check)


def test_foreign_hosts_are_turned_away(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/v2/") as reply:
            assert reply.status == 421

    run(tmp_path, lambda state, store: guarded(Hub(state, store).v2, {"127.0.0.1:1"}), check)


def test_the_approval_page_says_when_a_code_is_unknown(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession, url: str) -> None:
        async with client.get(f"{url}/sso/device", params={"user_code": "<b>x"}) as reply:
            assert reply.status == 404
            text = await reply.text()
            assert "<b>x" not in text
            assert 'lang="pt-BR"' in text
        async with client.get(f"{url}/sso/device") as reply:
            assert "<label" in await reply.text()
        async with client.post(f"{url}/client/register", data=b"[]") as reply:
            assert (await reply.json())["error"] == "invalid_request"
        async with client.get(f"{url}/assignment/accounts") as reply:
            assert reply.headers["x-amzn-ErrorType"] == "UnauthorizedException"

    run(tmp_path, lambda state, store: Sso(state).handle, check)

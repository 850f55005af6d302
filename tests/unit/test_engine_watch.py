"""The engine's events beside the gateway's: what is told, once, across a broken stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from labs.base.marks import TITLE_LABEL
from labs.sandbox.gateway import engine_watch
from labs.sandbox.gateway.memory.access_log import QUIET, Events
from labs.sandbox.gateway.memory.clock import Clock

APP = {TITLE_LABEL: "widget-server"}
DESTROY = {"image": "widget-server:v1", "name": "widget-v1", **APP}


def event(number: int, kind: str, action: str, **attributes: str) -> dict[str, Any]:
    actor = {"ID": f"id{number}", "Attributes": attributes}
    return {"Type": kind, "Action": action, "Actor": actor, "timeNano": 10**18 + number}


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return Events(tmp_path / "events.jsonl", Clock())


def told(events: Events) -> list[tuple[str, str, str, str]]:
    return [(one["kind"], one["repository"], one["reference"], one["code"]) for one in events.since()]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (event(1, "container", "destroy", **DESTROY), [("container-destroy", "widget-server:v1", "widget-v1", "")]),
        (
            event(1, "container", "die", image="widget-server:arg", name="x", exitCode="0"),
            [("container-die", "widget-server:arg", "x", "0")],
        ),
        (
            event(1, "image", "tag", name="127.0.0.1:5001/aluno/widget-server:v1"),
            [("image-tag", "", "127.0.0.1:5001/aluno/widget-server:v1", "")],
        ),
        (event(1, "image", "tag", name="outra:v1", **APP), [("image-tag", "", "outra:v1", "")]),
        (
            event(1, "image", "tag", name="docker.io/library/widget-server:temporaria"),
            [("image-tag", "", "widget-server:temporaria", "")],
        ),
        (event(1, "container", "destroy", image="postgres:16", name="banco"), []),
        (event(1, "image", "tag", name="meu-widget-server:v1"), []),
        ({"Type": "network"}, []),
    ],
)
def test_only_what_comes_of_the_app_is_told(events: Events, seen: dict[str, Any], said: list[Any]) -> None:
    engine_watch.tell(seen, events, {})
    assert told(events) == said


def test_a_read_of_the_kits_own_leaves_no_event(events: Events) -> None:
    token = QUIET.set(True)
    events.add("hub", "pull")
    events.add_provisional("docker", "ecr", repository="w")
    QUIET.reset(token)
    assert events.since() == [] and events.add("hub", "pull") == 1


@asynccontextmanager
async def engine(socket: Path, answers: Callable[[int], list[dict[str, Any]]]) -> AsyncIterator[list[str]]:
    """An engine whose stream of events breaks off each time; what was asked of it."""
    asked: list[str] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        asked.append(request.query["since"])
        lines = "".join(json.dumps(one) + "\n" for one in answers(len(asked)))
        return web.Response(text=lines)

    app = web.Application()

    async def container(request: web.Request) -> web.Response:
        made = "APP_ENV=do-run" if request.match_info["id"] == "id1" else "OUTRA=x"
        return web.json_response({"Config": {"Env": ["PATH=/bin", made]}})

    async def info(_: web.Request) -> web.Response:
        return web.json_response({"SystemTime": "2001-09-09T03:46:40.000000000+02:00"})  # 10**18 ns

    app.router.add_get("/events", stream)
    app.router.add_get("/info", info)
    app.router.add_get("/containers/{id}/json", container)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


def test_a_stream_that_breaks_is_taken_up_where_it_broke(
    events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_watch, "AGAIN_SECONDS", 0.01)
    history = [event(number, "container", "destroy", **DESTROY) for number in (1, 2, 3)]

    async def watch() -> list[str]:
        async with engine(tmp_path / "docker.sock", lambda times: history[:times]) as asked:
            following = asyncio.create_task(engine_watch.follow(f"unix://{tmp_path}/docker.sock", events))
            async with asyncio.timeout(20):
                while len(asked) < 5:
                    await asyncio.sleep(0.01)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            return asked

    asked = asyncio.run(watch())
    assert [one["subject"] for one in events.since()] == ["id1", "id2", "id3"]
    assert asked[0] == "1000000000.000000000" and asked[3] == "1000000000.000000003"


def test_a_containers_environment_is_noted_before_it_is_gone(events: Events, tmp_path: Path) -> None:
    lives = [(1, "create", 1), (2, "create", 2), (3, "die", 1), (4, "destroy", 1), (5, "die", 2)]
    history = []
    for moment, action, number in lives:
        one = event(number, "container", action, image="widget-server:arg", name=f"n{number}")
        history.append({**one, "timeNano": 10**18 + moment})
    history.append({**event(9, "container", "create", image="postgres:16", name="n9"), "timeNano": 10**18 + 6})

    async def watch() -> None:
        async with engine(tmp_path / "docker.sock", lambda _: history):
            following = asyncio.create_task(engine_watch.follow(f"unix://{tmp_path}/docker.sock", events))
            async with asyncio.timeout(20):
                while len(events.since()) < len(lives):
                    await asyncio.sleep(0.01)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    asyncio.run(watch())
    noted = [(one["kind"], one["reference"], one["app_env"]) for one in events.since() if "die" in one["kind"]]
    assert noted == [("container-die", "n1", "do-run"), ("container-die", "n2", "")]


def test_what_the_engine_saw_before_the_lab_was_born_is_nobodys_work(events: Events, tmp_path: Path) -> None:
    old = {**event(1, "container", "destroy", **DESTROY), "timeNano": 10**18 - 5}

    async def watch() -> None:
        async with engine(tmp_path / "docker.sock", lambda _: [old]) as asked:
            following = asyncio.create_task(engine_watch.follow(f"unix://{tmp_path}/docker.sock", events))
            async with asyncio.timeout(20):
                while not asked:
                    await asyncio.sleep(0.01)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    asyncio.run(watch())
    assert events.since() == []


def test_an_event_that_was_withdrawn_is_not_told_again(events: Events, tmp_path: Path) -> None:
    engine_watch.tell(event(3, "container", "destroy", **DESTROY), events, {})
    events.withdraw(events.since()[-1]["seq"])
    for _ in range(2):  # the second finds a compacted file
        events = Events(tmp_path / "events.jsonl", Clock())
        assert events.since() == [] and events.engine_moment == 10**18 + 3


@pytest.mark.parametrize("host", ["ssh://maria@servidor", "npipe:////./pipe/docker_engine", ""])
def test_an_engine_that_cannot_be_watched_is_left_alone(events: Events, host: str) -> None:
    asyncio.run(asyncio.wait_for(engine_watch.follow(host, events), 5))
    assert events.since() == []

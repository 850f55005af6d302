"""The host ports of the course: told where they are another program's, and moved everywhere at once."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from labs.base.settings import FIRST_PORT, PORTS, Settings
from labs.cli.main import main
from labs.course import target_words
from labs.course.catalog import load_course
from labs.course.command_line import CommandLine
from labs.notebook.lab import Kit, Lab
from labs.running.journey import steps_of
from labs.running.runner import Runner
from labs.sandbox import host_ports
from labs.seams import engine_api

from .fakes import FakeWorld

OLD = [str(port) for port in range(FIRST_PORT, FIRST_PORT + PORTS)]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens, with five more after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_other_ports_reach_every_step_and_leave_all_else(settings: Settings) -> None:
    plain, moved = load_course(), target_words.course(settings.with_changes(first_port=4100))
    assert target_words.course(settings) == plain
    changed = 0
    for before, after in zip(plain.lessons, moved.lessons, strict=True):
        assert not re.search(rf"(?<!\d)({'|'.join(OLD)})(?!\d)", repr(after))
        back = re.sub(r"(?<![\d.])410([0-5])(?!\d)", r"300\1", repr(after))
        assert back == repr(before)
        changed += before != after
    assert changed >= 3
    published = {
        port for lesson in moved.lessons for step in steps_of(lesson) for port in step.line.publishes({"HUB_USER": "a"})
    }
    assert {4100, 4101, 4102, 4103, 4105} <= published <= set(range(4100, 4106))


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("docker run -p 3000:3333 -d x", (3000,)),
        ("docker container run --publish=127.0.0.1:3001:3333/tcp x", (3001,)),
        ("docker run -p 3000-3001:80-81 x && docker create -p 3002:1 y", (3000, 3001, 3002)),
        ("docker run -P x; docker rm x", ()),
    ],
)
def test_what_a_command_publishes(command: str, ports: tuple[int, ...]) -> None:
    assert CommandLine.of(command).publishes({}) == ports


def test_a_port_of_the_courses_own_container_is_no_strangers(
    settings: Settings, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.with_changes(engine_host="unix:///x", first_port=taken)
    monkeypatch.setattr(engine_api, "published_ports", lambda _: {"web": set[int]()})
    assert host_ports.of_others(own, [taken]) == [taken]
    assert host_ports.held_by_the_course(own) == []
    monkeypatch.setattr(engine_api, "published_ports", lambda _: {"web": {taken}})
    assert host_ports.of_others(own, [taken]) == []
    assert host_ports.held_by_the_course(own) == ["web"]


def test_the_command_tells_who_is_in_the_way_and_moves(
    settings: Settings, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ports", str(taken)]) == 1
    said = capsys.readouterr().out
    assert f"{taken}  em uso por outro programa" in said and f"ss -ltnp 'sport = :{taken}'" in said
    assert "Nos textos do curso, estas portas são 3000 a 3005." in said
    assert Settings.load().first_port == taken


@pytest.mark.parametrize("text", ["80", "65535", "x", "3000.5"])
def test_a_number_that_is_no_first_port(settings: Settings, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", text]) == 1
    assert "vai de 1024 a 65530" in capsys.readouterr().err
    assert Settings.load().first_port == FIRST_PORT


def test_containers_that_hold_the_ports_of_before_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.with_changes(engine_host="unix:///x").save()
    monkeypatch.setattr(engine_api, "published_ports", lambda _: {"widget-v1": {3000}})
    assert main(["ports", "4100"]) == 1
    assert "docker rm -f widget-v1 && python3 -m labs ports 4100" in capsys.readouterr().err


def test_a_lesson_says_it_before_the_step(
    world: FakeWorld, taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = world.settings.with_changes(first_port=taken)
    kit = Kit(lambda: settings, lambda settings: Runner(settings, FakeWorld(settings)))
    monkeypatch.setattr(Lab, "_missing", lambda _: [])
    Lab("02-build", kit).open()
    said = capsys.readouterr().out
    assert f"Neste computador, onde o texto diz 3000, 3001, use {taken}, {taken + 1}." in said
    assert f"⚠ Outro programa já usa a porta {taken}: vai faltar em “Rode e abra a página”." in said
    assert "python3 -m labs ports" in said
    Lab("03-tag", kit).open()
    assert "porta" not in capsys.readouterr().out

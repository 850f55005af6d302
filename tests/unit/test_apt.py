"""Debian's package tools: what is asked of them, and what their failures become."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from labs.base import apt as system
from labs.base.errors import MissingDependency

Answer = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def _done(code: int = 0, out: str = "", err: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], code, out, err)


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[str]]:
    """Put an answer in apt's place; returns the list of commands that were run."""

    def use(answer: Answer) -> list[str]:
        ran: list[str] = []

        def run(command: Sequence[str], _: Path | None = None) -> subprocess.CompletedProcess[str]:
            ran.append(" ".join(command))
            return answer(command)

        monkeypatch.setattr(system, "_run", run)
        monkeypatch.setattr(system, "root_prefix", list)
        return ran

    return use


def test_lists_are_refreshed_only_when_a_package_is_not_found(apt: Callable[[Answer], list[str]]) -> None:
    ran = apt(lambda command: _done())
    system.install(["curl"], lambda _: None)
    assert len(ran) == 1 and "apt-get install -y -q" in ran[0]

    answers = iter([_done(100, err="E: Unable to locate package curl"), _done(), _done()])
    ran = apt(lambda command: next(answers))
    system.install(["curl"], lambda _: None)
    assert ["update" in line for line in ran] == [False, True, False]


def test_no_network_is_said(apt: Callable[[Answer], list[str]]) -> None:
    apt(lambda command: _done(100, err="E: Failed to fetch http://x Could not resolve 'x'"))
    with pytest.raises(MissingDependency) as caught:
        system.install(["curl"], lambda _: None)
    assert "rede" in caught.value.what and "curl" in caught.value.next_command


def test_a_full_disk_is_said(apt: Callable[[Answer], list[str]]) -> None:
    apt(lambda command: _done(100, err="E: You don't have enough free space in /var/cache/apt/archives/."))
    with pytest.raises(MissingDependency) as caught:
        system.install(["docker.io"], lambda _: None)
    assert caught.value.next_command == "df -h"


def test_without_any_right_the_exact_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "root_prefix", lambda: None)
    with pytest.raises(MissingDependency) as caught:
        system.install(["iproute2"], lambda _: None)
    assert "apt-get install" in caught.value.next_command and "iproute2" in caught.value.next_command


def test_the_closure_leaves_out_what_only_scripts_need(apt: Callable[[Answer], list[str]]) -> None:
    listing = (
        "python3-minimal\n  Depends: libc6\n  PreDepends: dpkg\n |Depends: debconf\n  Depends: <virtual>\n"
        "libc6\n  Depends: libgcc-s1\nlibgcc-s1\ndpkg\n  Depends: tar\ntar\ndebconf\n"
    )
    apt(lambda command: _done(out=listing))
    found = system.dependencies(["python3-minimal"], lambda name: name in ("dpkg", "debconf"), lambda _: None)
    assert found == ["libc6", "libgcc-s1", "python3-minimal"]

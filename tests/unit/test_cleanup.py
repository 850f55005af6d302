"""The command that removes what the course made: what it asks before, and what it must never take for a yes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from labs.base import apt
from labs.base.errors import LiveLocked
from labs.base.settings import Live, Settings
from labs.cli.main import main
from labs.live import guard
from labs.ownership.items import Item
from labs.running import residue
from labs.seams import world as seams_world

from .fakes import FakeWorld


@pytest.fixture
def removed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that were removed, of a lab that holds one container."""
    gone: list[str] = []

    def items(_: object) -> Iterator[Item]:
        if not gone:
            yield Item("container widget-v1", lambda: gone.append("container widget-v1"))

    monkeypatch.setattr(seams_world, "World", FakeWorld)
    monkeypatch.setattr(residue, "items", items)
    monkeypatch.setattr(apt, "is_terminal", lambda: True)
    yield gone


@pytest.mark.parametrize(("words", "code"), [("--help", 0), ("-h", 0), ("--dryrun", 2), ("tudo", 2)])
def test_a_question_or_a_slip_removes_nothing(
    removed: list[str], capsys: pytest.CaptureFixture[str], words: str, code: int
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cleanup", words])
    assert ended.value.code == code
    assert removed == []


def test_a_dry_run_lists_and_removes_nothing(removed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "--dry-run"]) == 0
    assert "container widget-v1" in capsys.readouterr().out
    assert removed == []


@pytest.mark.parametrize(
    ("answer", "code", "gone"), [("apagar", 0, ["container widget-v1"]), ("", 1, []), ("s", 1, [])]
)
def test_a_person_at_a_terminal_is_shown_what_goes_and_asked(
    removed: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    gone: list[str],
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert main(["cleanup"]) == code
    assert "container widget-v1" in capsys.readouterr().out
    assert removed == gone


def test_yes_does_not_ask(removed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    assert main(["cleanup", "--yes"]) == 0
    assert removed == ["container widget-v1"]


def test_live_nothing_goes_before_the_session_is_confirmed(
    removed: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = settings.aimed_at(Live("maria", "111122223333", "us-east-1", "maria@example.com"))
    monkeypatch.setattr(Settings, "load", lambda: live)
    monkeypatch.setattr(guard, "require_account", lambda _: None)
    assert main(["cleanup", "--yes"]) == 1
    assert "python3 -m labs.target confirm" in capsys.readouterr().err
    assert removed == []


def test_live_another_account_is_told_before_anything_is_listed(
    removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise LiveLocked("O perfil é de outra conta.", "arn", "python3 -m labs.target confirm")

    monkeypatch.setattr(guard, "require_account", refuse)
    assert main(["cleanup", "--yes"]) == 1
    assert removed == []

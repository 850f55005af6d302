"""The gateway's journal: what stands on the disk, what is read of it, and what happens to a line that is no entry."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from labs.base.settings import Ports, Settings
from labs.sandbox.gateway.memory.entries import (
    KINDS,
    AwsCall,
    ClockMoved,
    HubLimit,
    ImageGone,
    ImagePut,
    Recorded,
    Spend,
    SsoApproval,
    of_line,
    to_line,
)
from labs.sandbox.gateway.memory.journal import Journal
from labs.sandbox.gateway.memory.state import State

SAMPLE = Path(__file__).parent / "samples" / "journal-1.jsonl"
"""A journal with every kind, as the kit wrote it when the entries were still dictionaries."""


def moved(offset: int) -> Recorded:
    return Recorded(1.5, ClockMoved(offset))


def offsets(journal: Journal) -> list[int]:
    return [recorded.entry.offset for recorded in journal.entries() if isinstance(recorded.entry, ClockMoved)]


def test_the_journal_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    journal.append(Recorded(1.0, ImageGone("hub", "aluno/é", ("sha256:a",), ())))
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"kind": "to')
    journal = Journal(path)
    journal.append(moved(2))
    assert list(journal.entries()) == [Recorded(1.0, ImageGone("hub", "aluno/é", ("sha256:a",), ())), moved(2)]
    assert path.stat().st_mode & 0o777 == 0o600
    journal.close()


def test_a_damaged_journal_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(to_line(moved(1)) + b"rubbish\n[1]\n\xff\x00\n" + to_line(moved(2)))
    journal = Journal(path)
    assert offsets(journal) == [1, 2]
    journal.append(moved(3))
    assert offsets(journal) == [1, 2, 3]
    assert b"rubbish" in (tmp_path / "j.damaged").read_bytes()
    journal.close()


def test_a_failed_append_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(moved(1))

    def short(handle: int, data: bytes) -> int:
        return real(handle, data[:3])

    real = os.write
    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="space"):
        journal.append(moved(2))
    monkeypatch.undo()
    journal.append(moved(3))
    assert offsets(journal) == [1, 3]
    journal.close()


@pytest.mark.parametrize(
    "line",
    [
        '{"kind":"from-the-future","time":1}',
        '{"kind":"sso unknown","time":1}',
        '{"kind":["clock"],"time":1,"offset":1}',
        '{"time":1,"offset":1}',
        '{"kind":"clock","offset":1}',
        '{"kind":"clock","time":"1","offset":1}',
        '{"kind":"clock","time":1}',
        '{"kind":"clock","time":1,"offset":"1"}',
        '{"kind":"clock","time":1,"offset":true}',
        '{"kind":"spend","time":1,"amount":"much"}',
        '{"kind":"image-gone","time":1,"registry":"quay","repository":"a","digests":[],"tags":[]}',
        '{"kind":"image-gone","time":1,"registry":"ecr","repository":"a","digests":[1],"tags":[]}',
        '{"kind":"used","time":1,"key":null,"service":"ecr","region":"us-east-2"}',
        '{"kind":"sso","time":1,"what":"x","content":{}}',
        '{"kind":"sso","time":1,"what":"client"}',
        '{"kind":"sso","time":1,"what":"client","content":["c","s"]}',
        "[" * 100_000,
    ],
)
def test_a_line_with_an_unknown_kind_or_a_wrong_field_is_kept_aside(tmp_path: Path, line: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(to_line(moved(1)) + line.encode() + b"\n" + to_line(moved(2)))
    journal = Journal(path)
    assert offsets(journal) == [1, 2]
    assert path.read_bytes() == to_line(moved(1)) + to_line(moved(2))
    assert line.encode() in (tmp_path / "j.damaged").read_bytes()
    journal.close()


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert of_line(b'{"kind":"clock","time":1,"offset":60,"why":"later"}') == Recorded(1.0, ClockMoved(60))


def test_every_kind_is_read_and_written_as_it_always_was() -> None:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    entries = [of_line(line).entry for line in lines]
    assert {type(entry) for entry in entries} == set(KINDS.values())
    for line in lines:
        assert json.loads(to_line(of_line(line))) == json.loads(line)


@pytest.mark.parametrize(
    "entry",
    [
        AwsCall(2**64 - 1, "iam", "us-east-2", "TagUser", {"a": ["\ud800", 1.5, None, {"b": True}]}, "ASIA"),
        ImagePut("ecr", "app", "", "sha256:a", "", '{"é": 1}'),
        HubLimit(None),
        Spend(Decimal("1E+2")),
        SsoApproval("code"),
    ],
)
def test_an_entry_comes_back_as_it_went(entry: AwsCall | ImagePut | HubLimit | Spend | SsoApproval) -> None:
    assert of_line(to_line(Recorded(3.25, entry))) == Recorded(3.25, entry)


def test_a_journal_of_an_existing_lab_replays(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox" / "gateway"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(SAMPLE.read_bytes())
    state = State(Settings(home=tmp_path, ports=Ports(1, 2, 3)))
    state.load()
    state.close()
    assert not (folder / "journal.damaged").exists()
    (key,) = state.cloud._iam().access_keys.values()
    assert (key.user_name, key.secret_access_key) == ("maria", "RpoVAYlWcuGRUtBwpMh2myxAMMmoa1GNQop1oBmk")
    assert key.last_used.service == "ecr"
    assert state.cloud.user("maria").id == "AIDATSN8TJOT90AQOZM6N"
    assert [image.tags for image in state.cloud.repository("app").images] == [["v1"]]
    assert set(state.images["hub"].repositories) == {"aluno/app", "aluno/made"}
    assert set(state.images["hub"].repositories["aluno/app"].images) == {"sha256:a"}
    assert list(state.images["ecr-public"].repositories) == ["a1b2c3d4/ola"]
    assert state.images["ecr-public"].find("a1b2c3d4/ola", "1.0")
    assert (state.accounts.hashes, state.accounts.pull_limit) == ({"aluno": "aa$bb"}, None)
    assert state.accounts.private == {"aluno/app", "aluno/made"}
    assert state.billing.spent == Decimal("1.25")
    assert (list(state.sessions.clients), list(state.sessions.tokens)) == (["c"], ["t"])
    assert state.sessions.devices["d"].approved and state.sessions.devices["d"].used
    assert state.sessions.credentials["ASIA1"].token == "y"
    assert state.clock.offset == 60

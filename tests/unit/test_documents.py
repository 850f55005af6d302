"""Files of the state folder with a wrong value: damage like any other, told with its place, at the cost of least."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from labs.base import documents
from labs.base.documents import Damaged, Entries, Lines, Typed
from labs.base.errors import LiveLocked, StateError
from labs.base.settings import Live, Settings
from labs.cli import course as course_commands
from labs.clinic.open_case import DAMAGED, OpenCase
from labs.course.catalog import Course, Option, Question
from labs.course.progress import Progress
from labs.course.tries import Tries
from labs.live import guard
from labs.ownership.ledger import Ledger
from labs.running import journey
from labs.sandbox import workspace

from .fakes import FakeWorld

GOOD = {"passed": True, "observed": "visto", "at": "2026-01-02T10:00:00+00:00"}
ACCOUNTS = {"hub_user": "maria", "account": "210987654321", "region": "us-east-2", "email": "m@example.com"}
PORTS = {"hub": 1, "ecr": 2, "aws": 3}


def put(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text := json.dumps(content))
    return text


# Settings and accounts: read by bare Python --------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"ports": {**PORTS, "hub": "abc"}}, "`ports.hub`: esperado `int`, e veio `str`"),
        ({"ports": {**PORTS, "hub": True}}, "`ports.hub`: esperado `int`, e veio `bool`"),
        ({"ports": {**PORTS, "hbu": 1}}, "campo desconhecido: `ports.hbu`"),
        ({"ports": [1, 2, 3]}, "`ports`: esperado `dict`, e veio `list`"),
        ({"ports": PORTS, "hub_user": 7}, "`hub_user`: esperado `str`, e veio `int`"),
        ({"ports": PORTS, "usuario": "a"}, "campo desconhecido: `usuario`"),
        ({"hub_user": "aluno"}, "ports"),
        ([], "esperado um objeto JSON"),
    ],
)
def test_a_wrong_setting_is_told_with_its_field(tmp_path: Path, content: object, told: str) -> None:
    path = tmp_path / "settings.json"
    put(path, content)
    with pytest.raises(StateError, match="danificado") as caught:
        Settings.load(tmp_path)
    assert str(path) in caught.value.observed and told in caught.value.observed
    assert str(path) in caught.value.next_command and "python3 -m labs up" in caught.value.next_command


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"chosen": "sim"}, "`chosen`: esperado `bool`, e veio `str`"),
        ({"account": 210987654321}, "`account`: esperado `str`, e veio `int`"),
        ({"senha": "x"}, "campo desconhecido: `senha`"),
        ({"chosen": None}, "`chosen`: esperado `bool`"),
    ],
)
def test_a_wrong_account_is_told_with_its_field(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    path = tmp_path / "live" / "target.json"
    put(path, {**ACCOUNTS, "chosen": True, **changes})
    with pytest.raises(StateError, match="danificada") as caught:
        Settings.load(tmp_path)
    assert str(path) in caught.value.observed and told in caught.value.observed
    assert "python3 -m labs.target" in caught.value.next_command


@pytest.mark.parametrize("absent", ["chosen", "email"])
def test_an_account_that_lacks_a_field_is_damage(tmp_path: Path, absent: str) -> None:
    content = {**ACCOUNTS, "chosen": True}
    del content[absent]
    put(tmp_path / "live" / "target.json", content)
    with pytest.raises(StateError) as caught:
        Settings.load(tmp_path)
    assert absent in caught.value.observed


# Progress and quiz answers: a damaged entry costs no other ------------------------------------------

WRONG_RECORDS: tuple[dict[str, object], ...] = (
    {"at": "ontem"},
    {"at": "2026-01-02"},
    {"at": "2026-01-02T10:00:00"},
    {"at": 7},
    {"began": "ontem"},
    {"passed": "no"},
    {"tries": "3"},
    {"evidence": {"digest": 1}},
    {"desconhecido": 1},
)


@pytest.mark.parametrize("wrong", WRONG_RECORDS, ids=str)
def test_a_wrong_record_is_kept_aside_and_the_others_stay(settings: Settings, wrong: dict[str, object]) -> None:
    text = put(settings.progress_file, {"version": 1, "steps": {"00-a/one": GOOD, "00-a/two": {**GOOD, **wrong}}})
    progress = Progress(settings)
    assert set(progress.all()) == {"00-a/one"}
    assert settings.progress_file.with_name("progress.danificado.json").read_text() == text
    assert "O registro de 1 passo estava danificado" in progress.lost()
    assert "progress.danificado.json" in Progress(settings).lost(), "another kernel learns of it too"


def test_a_damaged_record_is_told_once_and_read_anew_from_the_state(settings: Settings, world: FakeWorld) -> None:
    put(settings.progress_file, {"steps": {"00-a/one": GOOD, "00-a/two": {**GOOD, "at": "ontem"}}})
    Progress(settings).record("00-a/three", passed=True, observed="", seconds=1, evidence={})
    course = Course(())
    said = journey.recover(course, world, Progress(settings))
    assert "O registro de 1 passo estava danificado" in said and "O estado de agora comprova 0 passos" in said
    assert journey.recover(course, world, Progress(settings)) == ""
    assert set(Progress(settings).all()) == {"00-a/one", "00-a/three"}


def test_a_step_proven_again_is_no_longer_missing(settings: Settings) -> None:
    put(settings.progress_file, {"steps": {"00-a/one": GOOD, "00-a/two": {**GOOD, "passed": "no"}}})
    progress = Progress(settings)
    progress.record("00-a/two", passed=True, observed="", seconds=1, evidence={})
    assert progress.lost() == "" and progress.all()["00-a/two"].passed


def test_what_can_be_read_is_read_where_nothing_can_be_written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StateError("Não consegui gravar.", "cheio", "df -h")

    text = put(settings.progress_file, {"steps": {"00-a/one": GOOD, "00-a/two": {**GOOD, "at": "ontem"}}})
    monkeypatch.setattr(documents, "write_atomic", refuse)
    assert set(Progress(settings).all()) == {"00-a/one"}
    assert settings.progress_file.read_text() == text


def test_the_journey_of_a_damaged_file_is_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {**GOOD, "at": "ontem", "began": "anteontem"}
    put(settings.progress_file, {"steps": {"00-comece-aqui/engine": wrong, "00-comece-aqui/account": GOOD}})
    assert course_commands.journey(argparse.Namespace(rebuild=False, json=False)) == 0
    said = capsys.readouterr().out
    assert "Continue na aula" in said and "1 passo estava danificado" in said
    assert "Próximo comando: python3 -m labs.journey --rebuild" in said


def test_a_wrong_answer_costs_its_lesson_alone(settings: Settings) -> None:
    question = Question("Qual?", (Option("a", "não"), Option("b", "sim", True)))
    path = settings.home / "quiz.json"
    text = put(path, {"version": 1, "lessons": {"00-a": {"Qual?": ["a"]}, "01-b": {"Qual?": ["a", 3]}}})
    tries = Tries(settings)
    assert tries.of("00-a", question) == [0] and tries.of("01-b", question) == []
    assert path.with_name("quiz.danificado.json").read_text() == text
    assert tries.add("01-b", question, 1) == [1]
    assert tries.of("00-a", question) == [0]


# The ledger, the clinic, the session, the working copies ---------------------------------------------


def test_a_wrong_value_in_the_ledger_makes_every_removal_refuse(settings: Settings) -> None:
    line = {"event": "noted", "place": "sandbox", "kind": "ecr-repository", "name": "a", "at": 7}
    path = settings.home / "ledger.jsonl"
    path.write_text('{"event": "listed", "place": "sandbox"}\n' + json.dumps(line) + "\n")
    with pytest.raises(StateError) as caught:
        Ledger(settings).entries()
    assert f"{path}: linha 2: `at`: esperado `str`, e veio `int`" in caught.value.observed


@pytest.mark.parametrize("wrong", [{"clock": "x"}, {"drill": 3}, {"logins": {"a": 1}}, {"novo": 1}], ids=str)
def test_a_wrong_value_of_the_open_case_says_that_one_is_open(settings: Settings, wrong: dict[str, object]) -> None:
    OpenCase("sem-login", 0, 0, {}, 0).save(settings)
    path = settings.secrets / "clinica-caso.json"
    put(path, {**json.loads(path.read_text()), **wrong})
    case = OpenCase.load(settings)
    assert case and case.name == DAMAGED


@pytest.mark.parametrize("wrong", [{"until": "sempre"}, {"usd": 99}, {"usd": "muito"}, {"novo": 1}], ids=str)
def test_a_wrong_value_of_the_session_locks(settings: Settings, wrong: dict[str, object]) -> None:
    live = settings.aimed_at(Live(**ACCOUNTS))
    guard.write_session(live)
    guard.require_session(live)
    path = live.live_folder / "session.json"
    put(path, {**json.loads(path.read_text()), **wrong})
    with pytest.raises(LiveLocked):
        guard.require_session(live)


def test_a_wrong_value_of_the_manifest_loses_no_file_of_the_learners(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    for folder in workspace.FOLDERS:
        (clone / folder).mkdir(parents=True)
    (clone / "widget-server" / "app.py").write_text("kit\n")
    monkeypatch.setattr(workspace, "CLONE", clone)
    mine = settings.work / "widget-server" / "app.py"
    mine.write_text("mine\n")
    put(settings.sandbox / "workspace.json", {"widget-server/app.py": 3})
    workspace.ensure(settings)
    assert mine.read_text() == "mine\n"


# The rooms themselves ------------------------------------------------------------------------------


class Cup(Typed, frozen=True):
    size: int
    words: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "termina no meio"),
        (b"{]", "não é JSON: "),
        (b"\xff", "não é JSON"),
        (b'{"size": 1, "words": ["\xff"]}', ""),
        (b"[" * 100_000, ""),
        (b"[]", "esperado `object`, e veio `array`"),
        (b"{}", "falta o campo `size`"),
        (b'{"size": 1, "form": 2}', "campo desconhecido: `form`"),
        (b'{"size": "1"}', "`size`: esperado `int`, e veio `str`"),
        (b'{"size": 1, "words": ["a", 2]}', "`words[1]`: esperado `str`, e veio `int`"),
    ],
)
def test_damage_is_told_in_portuguese_with_its_place(content: bytes, told: str) -> None:
    with pytest.raises(Damaged) as caught:
        documents.decode(content, Cup)
    assert told in str(caught.value)


def test_a_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a" / "cup.json"
    documents.write(path, Cup(3, ("café",)))
    assert documents.read(path, Cup) == Cup(3, ("café",)) and "café" in path.read_text("utf-8")
    with pytest.raises(FileNotFoundError):
        documents.read(tmp_path / "none", Cup)


def entries(folder: Path) -> Entries[Cup]:
    return Entries(folder / "cups.json", folder / "lock", "cups", Cup, "Não consegui ler.")


def test_a_change_that_fails_writes_nothing(tmp_path: Path) -> None:
    held = entries(tmp_path)
    with held.changing() as cups:
        cups["a"] = Cup(1)
    with pytest.raises(ZeroDivisionError), held.changing() as cups:
        cups["b"] = Cup(1 // 0)
    assert held.all() == {"a": Cup(1)}


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    held = entries(tmp_path)
    with held.changing():
        pass
    assert not held.path.exists()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    held = entries(tmp_path)
    held.path.mkdir()
    with pytest.raises(StateError, match="Não consegui ler"):
        held.all()


@pytest.mark.parametrize("where", [0, 1, 2], ids=["first", "middle", "last whole"])
def test_a_damaged_line_is_named_wherever_it_stands(tmp_path: Path, where: int) -> None:
    lines: Lines[Cup] = Lines(tmp_path / "cups.jsonl", Cup)
    lines.append([Cup(0), Cup(1), Cup(2)])
    whole = lines.path.read_bytes().splitlines(keepends=True)
    lines.path.write_bytes(b"".join([*whole[:where], b'{"size": "x"}\n', *whole[where + 1 :]]))
    with pytest.raises(Damaged, match=f"linha {where + 1}: `size`"):
        lines.all()


def test_a_torn_line_is_dropped_by_the_reader_and_by_the_next_writer(tmp_path: Path) -> None:
    lines: Lines[Cup] = Lines(tmp_path / "cups.jsonl", Cup)
    lines.append([Cup(0)])
    with lines.path.open("ab") as file:
        file.write(b'{"size": 1')
    assert lines.all() == (Cup(0),)
    lines.append([Cup(2)])
    assert Lines(lines.path, Cup).all() == (Cup(0), Cup(2))


class Even(Typed, frozen=True):
    size: int

    def __post_init__(self) -> None:
        if self.size % 2:
            raise ValueError("ímpar")


class Pair(Typed, frozen=True):
    left: Even


def test_a_type_may_refuse_a_value() -> None:
    with pytest.raises(Damaged, match="`left`: ímpar"):
        documents.typed({"left": {"size": 1}}, Pair)
    with pytest.raises(ValueError, match="ímpar"):
        msgspec.structs.replace(Even(2), size=3)

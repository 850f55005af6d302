"""The ledger's rule and its file: what may be removed, and what a torn or damaged line does."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labs.base.errors import StateError
from labs.base.settings import CLONE, Settings
from labs.base.things import BUDGET, CONTAINER, ECR, HUB, IMAGE, KEY, USER, Thing
from labs.course.catalog import load_course
from labs.course.command_line import CommandLine
from labs.ownership.ledger import KIT, Ledger
from labs.ownership.removal import tell_of_other_engines

from .fakes import digest

STEP = "02-build/build-v1"
APP = CLONE / "widget-server"


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return listed(settings)


def listed(settings: Settings, *before: Thing) -> Ledger:
    """A ledger whose engine held these before the lab."""
    made = Ledger(settings)
    made.list_before(made.place(IMAGE), before)
    return made


def test_only_what_was_noted_is_the_labs(ledger: Ledger) -> None:
    ledger.note([Thing(ECR, "widget-server"), Thing(BUDGET, "curso-registries")], STEP)
    assert ledger.owns(Thing(ECR, "widget-server", "2026-11-24"))
    assert not ledger.owns(Thing(ECR, "widget-server-outro", "2026-11-24"))
    assert not ledger.owns(Thing(USER, "widget-server"))
    assert not ledger.owns(Thing(BUDGET, "curso-registries-2"))


def test_where_nothing_was_written_down_nothing_is_removed(settings: Settings) -> None:
    ledger = Ledger(settings)
    ledger.note([Thing(CONTAINER, "homologacao")], "08-envs/run-homologacao")
    assert not ledger.owns(Thing(CONTAINER, "homologacao", "x"))


def test_what_was_there_before_stays_the_learners_even_under_a_noted_name(settings: Settings) -> None:
    ledger = listed(settings, Thing(CONTAINER, "homologacao", "id-of-before"))
    ledger.note([Thing(CONTAINER, "homologacao")], "08-envs/run-homologacao")
    assert not ledger.owns(Thing(CONTAINER, "homologacao", "id-of-before"))
    assert ledger.owns(Thing(CONTAINER, "homologacao", "id-of-the-lab"))


def test_something_without_an_identity_is_told_by_its_name(ledger: Ledger) -> None:
    ledger.list_before("sandbox", [Thing(BUDGET, "curso-registries")])
    ledger.note([Thing(BUDGET, "curso-registries"), Thing(BUDGET, "desafio")], STEP)
    assert not ledger.owns(Thing(BUDGET, "curso-registries"))
    assert ledger.owns(Thing(BUDGET, "desafio"))


def test_what_exists_before_is_listed_only_once(ledger: Ledger) -> None:
    ledger.list_before(ledger.place(CONTAINER), [Thing(CONTAINER, "made-by-the-lab", "x")])
    assert ledger.before(CONTAINER) == ()


def test_an_image_without_a_name_is_known_by_its_id(ledger: Ledger) -> None:
    ledger.saw([Thing(IMAGE, "", digest("a"))], "02-build/build-untagged")
    assert ledger.owns(Thing(IMAGE, "", digest("a")))
    assert not ledger.owns(Thing(IMAGE, "", digest("b")))


def test_what_existed_before_is_never_seen_as_made(settings: Settings) -> None:
    ledger = listed(settings, Thing(IMAGE, "python:3", digest("a")))
    ledger.saw([Thing(IMAGE, "widget-server:v1", digest("a"))], STEP)
    assert not ledger.owns(Thing(IMAGE, "", digest("a")))


def test_what_the_kit_made_stays_until_reset(ledger: Ledger) -> None:
    ledger.note([Thing(IMAGE, "labs/python-base:3")], KIT)
    assert not ledger.owns(Thing(IMAGE, "labs/python-base:3", digest("a")))
    assert ledger.owns(Thing(IMAGE, "labs/python-base:3", digest("a")), kit=True)
    ledger.note([Thing(IMAGE, "labs/python-base:3")], "a/step-makes-it-too")
    assert ledger.owns(Thing(IMAGE, "labs/python-base:3", digest("a")))


def test_engines_are_told_apart(settings: Settings) -> None:
    listed(settings.with_changes(engine_host="unix:///a")).note([Thing(IMAGE, "widget-server:v1")], STEP)
    listed(settings.with_changes(engine_host="unix:///b"))
    assert Ledger(settings.with_changes(engine_host="unix:///a")).owns(Thing(IMAGE, "widget-server:v1"))
    assert not Ledger(settings.with_changes(engine_host="unix:///b")).owns(Thing(IMAGE, "widget-server:v1"))


def test_what_was_removed_is_no_longer_outstanding_and_can_be_made_again(ledger: Ledger) -> None:
    repository = Thing(ECR, "widget-server")
    ledger.note([repository, Thing(ECR, "widget-server-prod")], STEP)
    ledger.removed(repository)
    assert ledger.outstanding("sandbox") == (Thing(ECR, "widget-server-prod"),)
    ledger.note([repository], STEP)
    assert repository in ledger.outstanding("sandbox")


def test_a_torn_last_line_is_dropped_and_the_next_one_is_whole(ledger: Ledger) -> None:
    ledger.note([Thing(ECR, "a")], STEP)
    with ledger.path.open("a") as file:
        file.write('{"event": "noted", "place": "sandbox", "kind": "ecr-reposi')
    assert [entry.name for entry in ledger.entries() if entry.name] == ["a"]
    ledger.note([Thing(ECR, "b")], STEP)
    assert [json.loads(line)["name"] for line in ledger.path.read_text().splitlines()][-2:] == ["a", "b"]


@pytest.mark.parametrize("line", ["{", "[]", '{"event": "noted"}', '{"unknown": 1}', "\x00"])
def test_a_damaged_line_before_the_end_makes_every_removal_refuse(ledger: Ledger, line: str) -> None:
    ledger.note([Thing(ECR, "a")], STEP)
    ledger.path.write_text(f"{line}\n{ledger.path.read_text()}")
    with pytest.raises(StateError, match="registro"):
        ledger.owns(Thing(ECR, "a"))


def test_the_file_is_the_learners_alone(ledger: Ledger) -> None:
    ledger.note([Thing(ECR, "a")], STEP)
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_lines_of_many_kernels_are_all_kept(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Ledger(settings).note([Thing(ECR, f"r{number}")], STEP), range(40)))
    assert {entry.name for entry in Ledger(settings).entries()} == {f"r{number}" for number in range(40)}


def test_nothing_is_created_where_the_ledger_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        Ledger(Settings(home=tmp_path / "file")).note([Thing(ECR, "a")], STEP)


VARIABLES = {
    "HUB_REGISTRY": "127.0.0.1:1",
    "HUB_USER": "maria",
    "ECR_REGISTRY": "127.0.0.1:2",
    "ECR_PUBLIC_REGISTRY": "127.0.0.1:3",
    "ECR_PUBLIC_ALIAS": "a1b2c3d4",
    "LAB_SECRETS": "/s",
}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("docker build -t widget-server:v1 .", [Thing(IMAGE, "widget-server:v1")]),
        ("docker build .", []),
        ("docker tag a:1 $HUB_REGISTRY/maria/a", [Thing(IMAGE, "127.0.0.1:1/maria/a:latest")]),
        ("docker push $HUB_REGISTRY/$HUB_USER/a:1", [Thing(HUB, "maria/a")]),
        ("docker push $HUB_REGISTRY/acme/a:1", []),
        ("docker push $ECR_REGISTRY/a:1", []),
        ("docker run -p 3000:3333 -e K=1 --name x -d i:1", [Thing(CONTAINER, "x")]),
        ("docker run -p 127.0.0.1:3000:3333 -d i:1", [Thing(CONTAINER, "@i:1#3000")]),
        ("docker run --rm -e A=b --entrypoint printenv i:1 A", []),
        ("cd x && aws ecr create-repository --repository-name r --profile console", [Thing(ECR, "r")]),
        ('(umask 077 && aws iam create-access-key --user-name u > "$LAB_SECRETS/u.json")', [Thing(KEY, "u")]),
        ("aws budgets create-budget --budget file://aws/budget.json", [Thing(BUDGET, "curso-registries")]),
        ('aws budgets create-budget --budget \'{"BudgetName":"b"}\'', [Thing(BUDGET, "b")]),
        ("aws budgets create-budget --budget file://none.json", []),
        ("echo 'unbalanced", []),
        ("docker run --unknown-option x", []),
        ("ls", []),
    ],
)
def test_a_literal_command_says_what_it_creates(command: str, expected: list[Thing]) -> None:
    assert list(CommandLine.of(command).creates(VARIABLES, APP)) == expected


def test_a_literal_command_says_what_it_removes_by_name() -> None:
    assert CommandLine.of("docker rm -f widget-v1").removes({}) == (Thing(CONTAINER, "widget-v1"),)
    several = CommandLine.of("docker rmi $A && docker rm -f $(docker ps -q)")
    assert several.removes({"A": "a:1"}) == (Thing(IMAGE, "a:1"),)


def test_every_step_that_makes_something_lasting_says_so() -> None:
    """A step with one of these verbs and no creation would leave something that no clean-up ever finds."""
    verbs = ("docker build -t", "docker tag", "docker run -", "create-repository", "create-user", "create-budget")
    silent = [
        step.id
        for lesson in load_course().lessons
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
        if any(verb in step.command for verb in verbs)
        and "--rm" not in step.command
        and not step.line.creates(VARIABLES, APP)
    ]
    assert silent == []


def test_an_engine_that_was_used_before_is_told_of(settings: Settings) -> None:
    Ledger(settings.with_changes(engine_host="unix:///old")).note([Thing(IMAGE, "widget-server:v1")], STEP)
    Ledger(settings.with_changes(engine_host="unix:///private")).note([Thing(IMAGE, "widget-server:v2")], STEP)
    said: list[str] = []
    tell_of_other_engines(settings.with_changes(engine_host="unix:///now"), "unix:///private", said.append)
    assert len(said) == 1 and "unix:///old" in said[0] and "widget-server:v1" in said[0]

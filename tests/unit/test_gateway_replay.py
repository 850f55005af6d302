"""The journal makes moto's state again: same keys, same secrets, same dates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from labs.base.settings import Ports, Settings
from labs.sandbox.gateway.errors import StorageError
from labs.sandbox.gateway.memory import entries
from labs.sandbox.gateway.memory.calls import Call
from labs.sandbox.gateway.memory.state import State

CONSOLE = "ASIACONSOLE"
ACCOUNT = "123456789012"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[State]]:
    states: list[State] = []
    yield states
    for state in states:
        state.close()


def state_of(home: Path, made: list[State]) -> State:
    for old in made:
        old.close()
    made.clear()
    made.append(State(Settings(home=home, ports=Ports(1, 2, 3))))
    made[-1].load()
    return made[-1]


def ask(state: State, service: str, action: str, **parameters: Any) -> bytes:
    reply = asyncio.run(state.call(Call(service, "us-east-2", action, parameters, CONSOLE)))
    assert reply.status == 200, reply.body
    return reply.body


def test_keys_secrets_ids_and_dates_come_back(tmp_path: Path, made: list[State]) -> None:
    state = state_of(tmp_path, made)
    ask(state, "iam", "CreateUser", UserName="maria")
    created = [ask(state, "iam", "CreateAccessKey", UserName="maria").decode() for _ in range(2)]
    ask(state, "ecr", "CreateRepository", repositoryName="app", tags=[{"Key": "a", "Value": "b"}])
    users, repositories = ask(state, "iam", "ListUsers"), ask(state, "ecr", "DescribeRepositories")
    keys = {key: found.secret_access_key for key, found in state.cloud._iam().access_keys.items()}
    assert len(keys) == 2
    assert all(secret in "".join(created) for secret in keys.values())
    again = state_of(tmp_path, made)
    assert {key: found.secret_access_key for key, found in again.cloud._iam().access_keys.items()} == keys
    assert ids(ask(again, "iam", "ListUsers")) == ids(users)
    assert ask(again, "ecr", "DescribeRepositories") == repositories


def test_tags_of_budgets_come_back(tmp_path: Path, made: list[State]) -> None:
    budget = {
        "BudgetName": "b",
        "BudgetLimit": {"Amount": "5", "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/b"
    state = state_of(tmp_path, made)
    ask(state, "budgets", "CreateBudget", AccountId=ACCOUNT, Budget=budget, ResourceTags=[{"Key": "a", "Value": "1"}])
    ask(state, "budgets", "TagResource", ResourceARN=arn, ResourceTags=[{"Key": "b", "Value": "2"}])
    ask(state, "budgets", "UntagResource", ResourceARN=arn, ResourceTagKeys=["a"])
    again = state_of(tmp_path, made)
    told = json.loads(ask(again, "budgets", "ListTagsForResource", ResourceARN=arn))
    assert told == {"ResourceTags": [{"Key": "b", "Value": "2"}]}


def ids(body: bytes) -> str:
    return body.decode().partition("<RequestId>")[0]


def test_reads_and_refusals_are_not_journalled(tmp_path: Path, made: list[State]) -> None:
    state = state_of(tmp_path, made)
    ask(state, "iam", "ListUsers")
    reply = asyncio.run(state.call(Call("iam", "us-east-1", "DeleteUser", {"UserName": "x"}, CONSOLE)))
    assert (reply.status, reply.code) == (404, "NoSuchEntity")
    assert state.journal.path.read_bytes() == b""


def test_what_moto_lacks_is_an_awsstyle_error(tmp_path: Path, made: list[State]) -> None:
    state = state_of(tmp_path, made)
    reply = asyncio.run(state.call(Call("ecr", "us-east-2", "NoSuchThing", {}, CONSOLE)))
    assert reply.status == 400
    assert json.loads(reply.body)["__type"] == "UnknownOperationException"


def test_a_journal_that_cannot_grow_changes_nothing(
    tmp_path: Path, made: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(tmp_path, made)
    ask(state, "iam", "CreateUser", UserName="maria")
    before = ids(ask(state, "iam", "ListUsers"))

    def full(entry: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state.journal, "append", full)
    with pytest.raises(StorageError):
        ask(state, "iam", "CreateUser", UserName="joana")
    with pytest.raises(StorageError):
        asyncio.run(state.record(entries.ClockMoved(5)))
    assert state.clock.offset == 0
    assert ids(ask(state, "iam", "ListUsers")) == before


def test_everything_else_comes_back_too(tmp_path: Path, made: list[State]) -> None:
    state = state_of(tmp_path, made)

    async def fill() -> None:
        await state.record(entries.HubAccount("aluno", "aa$bb"))
        await state.record(entries.HubPrivacy("aluno/a", True))
        await state.record(entries.HubLimit(3))
        await state.record(entries.Spend(Decimal("1.25")))
        await state.record(entries.SsoClient("c", "s"))
        await state.record(entries.SsoDevice("d", "AAAA-BBBB", "c"))
        await state.record(entries.SsoApproval("d"))
        await state.record(entries.ClockMoved(60))

    asyncio.run(fill())
    again = state_of(tmp_path, made)
    assert again.accounts.hashes == {"aluno": "aa$bb"}
    assert again.accounts.private == {"aluno/a"}
    assert again.accounts.pull_limit == 3
    assert str(again.billing.spent) == "1.25"
    assert again.sessions.by_user_code(" aaaa-bbbb").approved  # type: ignore[union-attr]
    assert again.clock.offset == 60

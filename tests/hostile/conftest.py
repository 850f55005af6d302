"""The hostile tests' fixtures: one gateway with real registries that holds something worth attacking."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labs.base.settings import CLONE

from ..sandbox.gateway_kit import Lab
from ..sandbox.gateway_kit import registry_program as registry_program
from . import kit
from .kit import ACCOUNT, ACME, ALUNO
from .kit import attacker as attacker

SECRET_LAYER = b"a layer of acme's private image"


@pytest.fixture(scope="session", autouse=True)
def counted() -> Iterator[None]:
    """Write how many inputs were tried, for `docs/trust.md`."""
    yield
    folder = CLONE / "artifacts"
    folder.mkdir(exist_ok=True)
    (folder / "hostile.json").write_text(json.dumps(kit.tally) + "\n", "utf-8")


@pytest.fixture(scope="session")
def gateway(lab_homes: Path, registry_program: Path) -> Iterator[Lab]:
    """Two Hub accounts, a public and a private repository, an ECR repository, a user, a budget."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="evil-", dir=lab_homes))
        stack.callback(shutil.rmtree, home)
        lab = Lab(home, registry_program)
        stack.callback(lab.stop)
        lab.start()
        for user, token in (ALUNO, ACME):
            lab.admin.hub_account(user, token)
        furnish(lab)
        yield lab


def furnish(lab: Lab) -> None:
    pushes = (("aluno/app", ALUNO, b"a layer of aluno's public image"), ("acme/segredo", ACME, SECRET_LAYER))
    for name, auth, layer in pushes:
        assert lab.push(lab.hub, name, "v1", layer, headers=lab.bearer(name, auth)).status_code == 201
    url = f"{lab.hub}/api/v2/repositories/acme/segredo/privacy/"
    lab.http.post(url, json={"is_private": True}, auth=ACME).raise_for_status()
    lab.cloud.client("ecr", "console").create_repository(repositoryName="app")
    assert lab.push(lab.ecr, "app", "v1", b"a layer in ECR", auth=lab.password()).status_code == 201
    lab.user("maria", ["ecr:*"])
    budget = {"BudgetName": "b", "BudgetLimit": {"Amount": "5", "Unit": "USD"}, "TimeUnit": "MONTHLY"}
    lab.cloud.client("budgets", "console").create_budget(AccountId=ACCOUNT, Budget={**budget, "BudgetType": "COST"})

"""The pictures that a notebook calls, over fakes at the seams."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from labs.base.errors import CloudError
from labs.base.settings import CLONE
from labs.notebook.lab import Lab
from labs.seams.engine import HistoryEntry
from labs.widgets.picture import PictureCard

from ..fakes import FakeWorld, image, manifest
from .kit import Hub


def test_the_map_follows_progress(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.map()
    lab.step("make")
    shown[1].press("run", wait=True)
    assert "○ 00 Começo: 0 de 1" in shown[0].text()
    shown[0].refresh()
    assert "✓ 00 Começo: 1 de 1 (completa) ← você está aqui" in shown[0].text()


def test_names_are_filled_in_and_editable(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    open_lab("00-a").name("$HUB_REGISTRY/$HUB_USER/widget-server:v1")
    assert "registry: 127.0.0.1:5001 (o Docker Hub deste laboratório)" in shown[0].text()
    assert shown[0].fields[0]["value"] == "$HUB_REGISTRY/$HUB_USER/widget-server:v1"
    shown[0].refresh({"name": "Errado"})
    assert "só aceita letras minúsculas" in shown[0].text()


def test_layers_of_one_image_and_of_none(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    world.engine.held.append(image("a", "x:v1"))
    world.engine.told += [HistoryEntry("", 7), HistoryEntry("RUN x", 3)]
    lab = open_lab("00-a")
    lab.layers("x:v1")
    lab.layers("x:v1", "x:v9")
    assert "x:v1: 2 layers" in shown[0].text()
    assert "A imagem x:v9 ainda não existe" in shown[1].text()


def test_the_hub_page(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    held = {(f"aluno/{name}", "v1"): manifest("c", "a", "1", "2") for name in "ab"}
    world.hub_owner = Hub("127.0.0.1:5001", held)
    open_lab("00-a").registry("hub")
    assert shown[0].text().splitlines()[1:] == [
        "  aluno/a · público",
        "    v1 · sha256:cccccccccccc · 2 layers · 20 B comprimidos",
        "  aluno/b · privado",
        "    v1 · sha256:cccccccccccc · 2 layers · 20 B comprimidos",
    ]


def test_the_ecr_page(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    answers = world.cloud.answers
    answers["ecr", "describe_repositories"] = {
        "repositories": [{"repositoryName": "w", "imageTagMutability": "IMMUTABLE"}]
    }
    held = manifest("c", "a", "1")
    answers["ecr", "describe_images"] = {
        "imageDetails": [{"imageDigest": held.digest, "imageTags": ["v2", "v1"], "imageSizeInBytes": 15}]
    }
    body = {
        "mediaType": "m",
        "config": {"digest": held.config.digest, "size": 10},
        "layers": [{"digest": one.digest, "size": one.size} for one in held.layers],
    }
    stored = {"imageManifest": json.dumps(body), "imageId": {"imageDigest": held.digest}}
    answers["ecr", "batch_get_image"] = {"images": [stored]}
    open_lab("00-a").registry("ecr")
    lines = shown[0].text().splitlines()
    assert lines[1] == "  w · privado, tags imutáveis"
    assert lines[2:] == [f"    {tag} · sha256:cccccccccccc · 1 layer · 15 B comprimidos" for tag in ("v1", "v2")]


def test_costs_take_portuguese_numbers(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    no_budget = CloudError("A AWS recusou.", "x", "", "NotFoundException")
    world.cloud.answers["budgets", "describe_budget"] = no_budget
    open_lab("00-a").cost(storage_gb=5, transfer_gb=20)
    assert "Total do mês: US$ 2,30" in shown[0].text()
    shown[0].refresh({"storage": "2,5", "transfer": "0"})
    assert "Armazenamento: US$ 0,25 (2,5 GB" in shown[0].text()
    shown[0].refresh({"storage": "muito"})
    assert "“muito” não é um número" in shown[0].text()
    shown[0].refresh({"storage": "-1"})
    assert "de zero para cima" in shown[0].text()


def test_environments_and_keys(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.environments()
    lab.keys()
    assert "nenhum container com este nome agora" in shown[0].text()
    assert shown[1].text() == "Access keys de widget-dev: nenhuma."


def test_pages_of_the_console(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    summary = {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 0}
    world.cloud.answers["iam", "get_account_summary"] = {"SummaryMap": summary}
    world.cloud.answers["budgets", "describe_budgets"] = {"Budgets": []}
    lab = open_lab("00-a")
    lab.root()
    lab.budgets()
    assert "Chaves de acesso: nenhuma" in shown[0].text()
    assert "da conta: nenhum." in shown[1].text()


def test_pictures_follow_steps_except_in_autorun(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[Any] = []
    monkeypatch.setattr(PictureCard, "follow", lambda card: followed.append(card))
    open_lab("00-a").git()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("00-a").git()
    assert followed == shown[:1] and len(shown) == 2


def test_only_pictures_of_a_state_can_be_asked_for_again(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.git()
    lab.name("alpine")
    lab.route("alpine")
    lab.map()
    lab.keys()
    assert [card.fixed for card in shown] == [True, True, True, False, False]


def test_a_preview_needs_a_registry_in_the_name(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]
) -> None:
    world.engine.held.append(image("a", "x:v1", "$HUB"))
    open_lab("00-a").push_preview("x:v1")
    assert "não aponta para um registry do laboratório" in shown[0].text()


def test_every_picture_of_the_notebooks_exists() -> None:
    """What a notebook calls on `lab` is a method of it."""
    for path in (CLONE / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for called in re.findall(r"^lab\.(\w+)\(", "".join(cell["source"]), re.MULTILINE):
                assert callable(getattr(Lab, called, None)), f"{path.name}: lab.{called}"

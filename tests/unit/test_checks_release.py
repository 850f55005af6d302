"""Checks of the final project, sentence by sentence; `tests/sandbox/test_final_project.py` tries real releases."""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from labs.base.marks import TITLE_LABEL
from labs.checks import release
from labs.checks.image import VERSION_LABEL
from labs.seams import image_layers
from labs.seams.engine import HistoryEntry
from labs.seams.image_layers import Layer, SavedImage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from .fakes import FakePage, FakeWorld, container, digest, image, manifest
from .verdicts import run, told

HUB, ECR = "127.0.0.1:5001/a/w:v3", "127.0.0.1:5002/w:v3"
LABELS, VALUES = {TITLE_LABEL: "widget-server", VERSION_LABEL: "v3"}, {"APP_VERSION": "v3"}
KEY = "chave-um-de-verdade"
FILE = f"APP_ENV=homologacao\n# KEY_9=x\nKEY_1={KEY}\nKEY_2=a\n"


@pytest.fixture
def ready(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """A right release in both registries, and the environments' files in the working copy."""
    world.engine.held.append(image("a", HUB, ECR, labels=LABELS, environment=VALUES))
    world.hub_owner.manifests["a/w", "v3"] = world.ecr.manifests["w", "v3"] = manifest("d", "a", "1", "2")
    examples = world.settings.work / "widget-server" / "exemplos"
    examples.mkdir(parents=True)
    (examples / "homologacao.env").write_text(FILE)
    layers = (Layer("1", frozenset({"app/widget_server/main.py"})),)
    monkeypatch.setattr(image_layers, "read", lambda *_: [SavedImage((), {}, layers, frozenset())])
    release._carried.cache_clear()
    return world


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_a_key_is_found_in_a_layer_packed_or_not(pack: Callable[[bytes], bytes]) -> None:
    content = f"before {KEY} after".encode()
    with tempfile.SpooledTemporaryFile() as layer:  # as `docker save` is read: it can be written to as well
        layer.write(pack(content))
        layer.seek(0)
        assert release.holds(layer, [KEY])
        layer.seek(0)
        assert not release.holds(layer, ["another"])


def test_a_right_release(ready: FakeWorld) -> None:
    told_by_one = "✓ Versão v3 no registry, sem nenhum valor embutido: sha256:dddddddddddd."
    assert told(ready, "released", refs=[HUB], version="v3") == told_by_one
    verdict = run(ready, "released", refs=[HUB, ECR], version="v3")
    assert verdict.passed and "no Docker Hub e no ECR" in verdict.observed
    assert verdict.evidence == {"digest": digest("d")}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": {VERSION_LABEL: "v3"}}, f"✗ {HUB} não foi construída pelo Dockerfile do widget-server."),
        ({"labels": LABELS | {VERSION_LABEL: "v2"}}, f"✗ {HUB} diz ser a versão v2 e v3, e não v3."),
        ({"environment": {"APP_VERSION": "v1"}}, f"✗ {HUB} diz ser a versão v1 e v3, e não v3."),
        ({"environment": VALUES | {"KEY_1": "x", "APP_ENV": "y"}}, f"✗ {HUB} traz valores embutidos: APP_ENV, KEY_1."),
        ({"labels": LABELS | {"a": f"é {KEY}"}}, f"✗ {HUB} traz a chave de um ambiente num LABEL ou ENV."),
    ],
)
def test_what_is_no_release(ready: FakeWorld, changes: dict[str, Any], sentence: str) -> None:
    ready.engine.held[:] = [image("a", HUB, ECR, **{"labels": LABELS, "environment": VALUES, **changes})]
    assert told(ready, "released", refs=[HUB], version="v3") == sentence


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("|1 KEY_2=x /bin/sh -c true", f"✗ O histórico de {HUB} mostra valores de um ambiente: KEY_2."),
        (f"/bin/sh -c echo {KEY} > /x", f"✗ O histórico de {HUB} mostra valores de um ambiente."),
    ],
)
def test_a_value_in_the_history(ready: FakeWorld, command: str, sentence: str) -> None:
    ready.engine.told.append(HistoryEntry(command, 0))
    assert told(ready, "released", refs=[HUB], version="v3") == sentence


def test_a_file_of_values_in_a_layer(ready: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = SavedImage((), {}, (Layer("1", frozenset({"app/x.env", "app/env"})),), frozenset())
    monkeypatch.setattr(image_layers, "read", lambda *_: [saved])
    assert told(ready, "released", refs=[HUB], version="v3") == f"✗ {HUB} leva valores de um ambiente em app/x.env."


def test_the_registries_must_agree(ready: FakeWorld) -> None:
    ready.ecr.manifests["w", "v3"] = manifest("e", "a", "1")
    differ = "✗ Não é a mesma imagem nos dois registries: sha256:dddddddddddd, sha256:eeeeeeeeeeee."
    assert told(ready, "released", refs=[HUB, ECR], version="v3") == differ
    ready.ecr.manifests["w", "v3"] = manifest("e", "b", "1")
    assert told(ready, "released", refs=[HUB, ECR], version="v3") == f"✗ O registry tem outra imagem em {ECR}."


def deployed(world: FakeWorld, port: int) -> str:
    return told(world, "deployed", image=ECR, version="v3", environments={"homologacao": port})


def test_an_environment_of_the_release(ready: FakeWorld, page: FakePage) -> None:
    assert deployed(ready, 9) == "✗ O container homologacao não está rodando."
    right = {"APP_ENV": "homologacao", "KEY_1": KEY, "KEY_2": "a"}
    ready.engine.running[:] = [container("homologacao", ports=(page.port,), environment=right)]
    assert deployed(ready, 9) == f"✗ O container homologacao publica a porta {page.port}, e não a 9."
    said = f"✗ A página na porta {page.port} diz versão v2, ambiente homologacao."
    assert deployed(ready, page.port) == said
    page.health = {"version": "v3", "environment": "homologacao"}
    assert deployed(ready, page.port) == "✓ homologacao: v3, o digest do ECR, sha256:dddddddddddd."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"environment": {"KEY_1": "x"}},
            "✗ O container homologacao não tem os valores de exemplos/homologacao.env: APP_ENV, KEY_1, KEY_2.",
        ),
        ({"image_id": digest("b")}, "✗ O container homologacao roda outra imagem, e não a que está no ECR."),
    ],
)
def test_a_container_that_is_no_environment(ready: FakeWorld, changes: dict[str, Any], sentence: str) -> None:
    ready.engine.running[:] = [container("homologacao", **{"ports": (9,), **changes})]
    assert deployed(ready, 9) == sentence


def test_an_environment_of_no_release(ready: FakeWorld) -> None:
    ready.engine.held[:] = [image("a", ECR, labels=LABELS, environment=VALUES | {"KEY_1": "x"})]
    assert deployed(ready, 9) == f"✗ {ECR} traz valores embutidos: KEY_1."
    ready.ecr.manifests["w", "v3"] = manifest("e", "b", "1")
    assert deployed(ready, 9) == f"✗ A imagem {ECR} daqui não é a que está no registry."


def test_a_page_that_does_not_answer(ready: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    right = {"APP_ENV": "homologacao", "KEY_1": KEY, "KEY_2": "a"}
    ready.engine.running[:] = [container("homologacao", ports=(9,), environment=right)]
    monkeypatch.setattr(release, "wait_for_page", lambda *_: ({}, "parou"))
    assert deployed(ready, 9) == "✗ A página na porta 9 não respondeu: parou"

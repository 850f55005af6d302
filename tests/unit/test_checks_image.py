"""Checks of images: each passes on the state it describes, and says what is wrong with the states next to it."""

from __future__ import annotations

import pytest

from labs.base.settings import CLONE
from labs.seams.engine import HistoryEntry

from .fakes import FakeWorld, digest, image
from .verdicts import run, told

TITLE, VERSION = "org.opencontainers.image.title", "org.opencontainers.image.version"


@pytest.mark.parametrize(
    ("labels", "version", "sentence"),
    [
        ({TITLE: "widget-server", VERSION: "v1"}, "v1", "✓ x:1 foi construída: versão v1, 2 layers."),
        ({TITLE: "widget-server", VERSION: "v1"}, "", "✓ x:1 foi construída: versão v1, 2 layers."),
        ({TITLE: "widget-server", VERSION: "v1"}, "v2", "✗ x:1 tem a versão v1, e não v2."),
        ({VERSION: "v1"}, "", "✗ x:1 existe, mas não foi construída pelo Dockerfile do widget-server."),
    ],
)
def test_image_built(world: FakeWorld, labels: dict[str, str], version: str, sentence: str) -> None:
    world.engine.held.append(image("a", "x:1", labels=labels))
    assert told(world, "image_built", ref="x:1", version=version) == sentence


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ((), "✓ Existe uma imagem sem nenhuma tag: ela só tem o id."),
        (("x:1",), "✗ Não encontrei uma imagem do widget-server sem tag."),
    ],
)
def test_untagged_image(world: FakeWorld, tags: tuple[str, ...], sentence: str) -> None:
    world.engine.held.append(image("a", *tags, labels={VERSION: "x"}))
    assert told(world, "untagged_image", version="x") == sentence
    assert not run(world, "untagged_image", version="y").passed


@pytest.mark.parametrize(
    ("refs", "sentence"),
    [
        (["x:1", "x:2"], "✓ Os 2 nomes são da mesma imagem."),
        (
            ["x:1", "x:3"],
            "✗ Os nomes apontam para imagens diferentes: x:1 = sha256:aaaaaaaaaaaa, x:3 = sha256:bbbbbbbbbbbb.",
        ),
        (["x:1", "x:4"], "✗ A imagem x:4 não existe no engine."),
    ],
)
def test_same_image(world: FakeWorld, refs: list[str], sentence: str) -> None:
    world.engine.held += [image("a", "x:1", "x:2"), image("b", "x:3")]
    assert told(world, "same_image", refs=refs) == sentence


@pytest.mark.parametrize(
    ("removed", "kept", "sentence"),
    [
        ("w:tmp", "w:1", "✓ O nome w:tmp saiu; a imagem continua como w:1."),
        ("w:1", "w:1", "✗ O nome w:1 ainda existe."),
        ("w:tmp", "w:2", "✗ A imagem w:2 não existe no engine."),
    ],
)
def test_name_removed(world: FakeWorld, removed: str, kept: str, sentence: str) -> None:
    world.engine.held.append(image("b", "w:1"))
    assert told(world, "name_removed", removed=removed, kept=kept) == sentence


@pytest.mark.parametrize(
    ("present", "absent", "sentence"),
    [
        (["KEY_1"], [], "✓ A imagem x:1 traz embutidas: KEY_1."),
        ([], ["KEY_2"], "✓ A imagem x:1 não traz mais KEY_2."),
        (["KEY_1", "KEY_2"], [], "✗ A imagem x:1 não traz KEY_2."),
        ([], ["KEY_1"], "✗ A imagem x:1 ainda traz KEY_1."),
    ],
)
def test_image_env_tells_names_and_never_values(
    world: FakeWorld, present: list[str], absent: list[str], sentence: str
) -> None:
    world.engine.held.append(image("a", "x:1", environment={"KEY_1": "s3cret"}))
    assert told(world, "image_env", ref="x:1", present=present, absent=absent) == sentence


@pytest.mark.parametrize(
    ("refs", "sentence"),
    [
        (["x:1", "x:2"], "✓ 1 layers em comum, 1 diferente."),
        (["x:1", "x:1"], "✗ 0 layers mudaram entre as duas imagens; era para mudar 1."),
    ],
)
def test_layers_differ(world: FakeWorld, refs: list[str], sentence: str) -> None:
    world.engine.held += [image("a", "x:1", layers=("l1", "l2")), image("b", "x:2", layers=("l1", "l3"))]
    assert told(world, "layers_differ", refs=refs, new=1) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("NOTE=oi", "✓ O valor “NOTE=oi” aparece no histórico de x:1: quem tem a imagem lê."),
        ("SENHA", "✗ O histórico de x:1 não mostra “SENHA”."),
    ],
)
def test_history_contains(world: FakeWorld, text: str, sentence: str) -> None:
    world.engine.told.append(HistoryEntry("|1 NOTE=oi /bin/sh -c true", 0))
    world.engine.held.append(image("a", "x:1"))
    assert told(world, "history_contains", ref="x:1", text=text) == sentence


@pytest.mark.parametrize(
    ("value", "environment", "sentence"),
    [
        ("oi", {}, "✓ NOTE existiu durante o build e não existe na execução."),
        ("outra", {}, "✗ O build de x:1 não recebeu NOTE=outra."),
        ("oi", {"NOTE": "oi"}, "✗ NOTE continua na imagem como ENV."),
    ],
)
def test_build_arg_is_there_at_build_and_gone_at_run(
    world: FakeWorld, value: str, environment: dict[str, str], sentence: str
) -> None:
    world.engine.told.append(HistoryEntry("|1 NOTE=oi /bin/sh -c true", 0))
    world.engine.held.append(image("a", "x:1", environment=environment))
    assert told(world, "build_arg", ref="x:1", name="NOTE", value=value) == sentence


V1, V2 = (CLONE / "widget-server" / "exemplos" / f"Dockerfile.v{number}" for number in (1, 2))
OTHER_BASE = V2.read_text().replace("ARG BASE_IMAGE=python:3.13-slim", "ARG BASE_IMAGE=labs/python-base:3")


@pytest.mark.parametrize(
    ("example", "mine", "sentence"),
    [
        (V2.read_text(), V2.read_text(), "✓ Dockerfile é igual a exemplos/Dockerfile.v2."),
        (OTHER_BASE, OTHER_BASE, "✓ Dockerfile é igual a exemplos/Dockerfile.v2."),
        (V2.read_text(), V1.read_text(), "✗ exemplos/Dockerfile.v2 e Dockerfile ainda não são iguais."),
        (V2.read_text(), None, "✗ exemplos/Dockerfile.v2 e Dockerfile ainda não são iguais."),
        (V1.read_text(), V1.read_text(), "✗ exemplos/Dockerfile.v2 mudou, e Dockerfile não é como ele era."),
    ],
)
def test_same_file(world: FakeWorld, example: str, mine: str | None, sentence: str) -> None:
    folder = world.settings.work / "widget-server"
    (folder / "exemplos").mkdir()
    (folder / "exemplos" / "Dockerfile.v2").write_text(example)
    if mine is not None:
        (folder / "Dockerfile").write_text(mine)
    assert told(world, "same_file", paths=["exemplos/Dockerfile.v2", "Dockerfile"]) == sentence


def test_what_a_check_proves_is_the_images_id(world: FakeWorld) -> None:
    world.engine.held.append(image("a", "x:1"))
    assert run(world, "same_image", refs=["x:1"]).evidence == {"id": digest("a")}


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ("a", "✓ one:1 e two:1 são a mesma imagem: tudo veio do cache."),
        ("b", "✗ two:1 não é a mesma imagem que one:1: algo mudou entre os dois builds."),
    ],
)
def test_the_same_build_twice(world: FakeWorld, second: str, sentence: str) -> None:
    world.engine.held += [image("a", "one:1"), image(second, "two:1")]
    assert told(world, "same_build", refs=["one:1", "two:1"]) == sentence


def test_a_file_that_was_left_out_is_there(world: FakeWorld) -> None:
    world.engine.held += [image("a", "one:1", "two:1")]
    asked = {"refs": ["one:1", "two:1"], "file": "app/x.env"}
    assert told(world, "left_out", **asked) == "✗ O arquivo app/x.env não está na pasta widget-server."
    file = world.settings.work / "widget-server" / "app" / "x.env"
    file.parent.mkdir(parents=True)
    file.touch()
    assert told(world, "left_out", **asked) == "✓ app/x.env ficou fora: two:1 é a mesma imagem que one:1."
    world.engine.held[:] = [image("a", "one:1"), image("b", "two:1")]
    assert told(world, "left_out", **asked).startswith("✗ two:1 não é a mesma imagem que one:1")


def test_a_name_that_docker_refuses(world: FakeWorld) -> None:
    asked = {"name": "X:1", "kept": "x:1"}
    assert told(world, "name_impossible", **asked).startswith("✗ A imagem x:1 não existe no engine.")
    world.engine.held += [image("a", "x:1")]
    refused = "✓ Nenhuma imagem se chama X:1: o Docker só aceita minúsculas no repositório."
    assert told(world, "name_impossible", **asked) == refused
    world.engine.held[:] = [image("a", "x:1", "X:1")]
    assert told(world, "name_impossible", **asked) == "✗ A imagem tem o nome X:1."


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("da-imagem", "✓ A imagem diz APP_ENV=da-imagem, e um container dela rodou: a saída mostra quem venceu."),
        ("x", "✗ O ENV APP_ENV de x:1 não diz “da-imagem”."),
    ],
)
def test_env_of_image(world: FakeWorld, value: str, sentence: str) -> None:
    world.engine.held += [image("a", "x:1", environment={"APP_ENV": value})]
    assert told(world, "env_of_image", ref="x:1", name="APP_ENV", value="da-imagem") == sentence

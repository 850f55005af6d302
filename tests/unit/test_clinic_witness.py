"""What faults and checks of the clinic both read: files and secrets in layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from .fakes import FakeWorld, image
from .verdicts import told


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (({}, {"app/s": ""}), "✓ app/s está na layer 2 de 2 de x:1: quem tem a imagem o lê."),
        (
            ({"app/s": ""}, {"app/.wh.s": ""}),
            "✓ app/s está na layer 1 de 2 de x:1: o container já não vê o arquivo, mas quem tem a imagem o lê.",
        ),
        (({"app/other": ""}, {"s": ""}), "✗ Nenhuma layer de x:1 tem app/s."),
    ],
)
def test_file_in_layers(
    world: FakeWorld, saves: Callable[..., None], layers: tuple[Mapping[str, str], ...], sentence: str
) -> None:
    world.engine.held.append(image("a", "x:1"))
    saves(*layers)
    assert told(world, "secret_in_layers", ref="x:1", path="app/s") == sentence


def test_a_file_that_no_later_layer_takes_away(world: FakeWorld, saves: Callable[..., None]) -> None:
    world.engine.held.append(image("a", "x:1"))
    saves({}, {"app/s": ""})
    told_of = told(world, "secret_in_layers", ref="x:1", path="app/s", hidden=True)
    assert told_of == "✗ Nenhuma layer de x:1 apaga app/s: ele só foi copiado."


def test_an_image_that_the_engine_has_not(world: FakeWorld) -> None:
    assert told(world, "secret_in_layers", ref="x:1", path="app/s") == "✗ A imagem x:1 não existe no engine."

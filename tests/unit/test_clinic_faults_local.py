"""Faults of names, builds and containers: the state shows each one, and no more once it is repaired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labs.clinic import belongings
from labs.seams.engine import HistoryEntry

from .fakes import FakeWorld, container, digest, image
from .verdicts import told


@pytest.mark.parametrize(
    ("case", "script", "text", "sentence"),
    [
        (
            "maiusculas",
            "maiusculas/publicar.sh",
            "docker push h/Clinica:v1\n",
            "✓ O script de publicação está na pasta, e ele falha.",
        ),
        (
            "maiusculas",
            "maiusculas/publicar.sh",
            "docker push h/clinica:v1\n",
            "✗ O script já usa um nome em minúsculas.",
        ),
        (
            "sem-contexto",
            "sem-contexto/construir.sh",
            "docker build -t clinica:contexto\n",
            "✓ O script de build está na pasta, e ele falha.",
        ),
        (
            "sem-contexto",
            "sem-contexto/construir.sh",
            "docker build -t clinica:contexto .\n",
            "✗ O script já tem um build context.",
        ),
    ],
)
def test_a_fault_in_a_script(world: FakeWorld, case: str, script: str, text: str, sentence: str) -> None:
    file = belongings.folder(world.settings) / script
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert told(world, "fault", case=case) == sentence


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("app/credenciais-aws", "✓ A imagem está pronta, e a auditoria achou uma chave nela."),
        ("app/README", "✗ Nenhuma layer de clinica-segredo:v1 tem app/credenciais-aws."),
    ],
)
def test_a_secret_in_a_layer(world: FakeWorld, saves: Callable[..., None], path: str, sentence: str) -> None:
    world.engine.held.append(image("a", "clinica-segredo:v1"))
    saves({path: ""})
    assert told(world, "fault", case="segredo-na-layer") == sentence


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("|1 TOKEN=token-falso-da-clinica /bin/sh", "✓ A imagem está pronta, e a auditoria reclama dela."),
        ("RUN true", "✗ O histórico de clinica-arg:v1 não mostra “token-falso-da-clinica”."),
    ],
)
def test_a_secret_in_an_argument(world: FakeWorld, command: str, sentence: str) -> None:
    world.engine.held.append(image("a", "clinica-arg:v1"))
    world.engine.told.append(HistoryEntry(command, 0))
    assert told(world, "fault", case="segredo-no-arg") == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "✓ A imagem está pronta, e o container novo não sobe."),
        ({"name": "other"}, "✗ O container deste caso não ocupa a porta 3005."),
        ({"exit_code": 0}, "✗ O container deste caso não ocupa a porta 3005."),
        ({"ports": (3000,)}, "✗ O container deste caso não ocupa a porta 3005."),
    ],
)
def test_a_port_that_is_taken(world: FakeWorld, changes: dict[str, Any], sentence: str) -> None:
    world.engine.running.append(container(**{"name": "clinica-esquecido", "ports": (3005,), **changes}))
    assert told(world, "fault", case="porta-ocupada") == sentence


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("falta KEY_2", "✓ O docker run deu certo, e a página não responde."),
        ("Traceback", "✗ O log de clinica-web não fala de KEY_2."),
    ],
)
def test_a_missing_variable(world: FakeWorld, log: str, sentence: str) -> None:
    world.engine.running.append(container("clinica-web", exit_code=1))
    world.engine.log = log
    assert told(world, "fault", case="variavel-faltando") == sentence


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ({}, "✓ Os dois ambientes dizem rodar clinica-web:v1, e não se comportam igual."),
        ({"image_id": digest("a")}, "✗ Homologação e produção não estão rodando imagens diferentes."),
        ({"exit_code": 1}, "✗ Homologação e produção não estão rodando imagens diferentes."),
        ({"name": "other"}, "✗ Homologação e produção não estão rodando imagens diferentes."),
    ],
)
def test_a_tag_that_moved(world: FakeWorld, second: dict[str, Any], sentence: str) -> None:
    world.engine.running += [
        container("clinica-homologacao"),
        container(**{"name": "clinica-producao", "image_id": digest("b"), **second}),
    ]
    assert told(world, "fault", case="tag-trocada") == sentence

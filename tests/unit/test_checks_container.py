"""Checks of containers and their pages, with a page that a real server on loopback answers."""

from __future__ import annotations

from typing import Any

import pytest

from labs.checks import container as container_checks

from .fakes import FakePage, FakeWorld, container, digest, image
from .verdicts import line, run, told


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "✓ http://127.0.0.1:{port} responde: versão v2, ambiente homologacao."),
        (
            {"keys": ["KEY_1"], "hidden": ["s3cret"], "environment": "homologacao"},
            "✓ http://127.0.0.1:{port} responde: versão v2, ambiente homologacao, "
            "KEY_1 definidas (sem mostrar os valores).",
        ),
        ({"image": "other:1"}, "✗ Nenhum container de other:1 publica a porta {port}."),
        ({"image": "none:1"}, "✗ A imagem none:1 não existe no engine."),
        ({"keys": ["KEY_1", "KEY_2"]}, "✗ A página diz que falta KEY_2."),
        ({"hidden": ["s3cret", "Olá"]}, "✗ A página mostra o valor de uma chave."),
        (
            {"environment": "producao"},
            "✗ A porta {port} é do container w, no ambiente “homologacao”, e não “producao”.",
        ),
    ],
)
def test_page_answers(world: FakeWorld, page: FakePage, asked: dict[str, Any], sentence: str) -> None:
    world.engine.held += [image("a", "w:1"), image("b", "other:1")]
    world.engine.running.append(container("w", ports=(page.port,)))
    assert told(world, "page_answers", **{"port": page.port, "image": "w:1", **asked}) == sentence.format(
        port=page.port
    )


def test_a_container_of_the_image_before_the_last_build_is_named(world: FakeWorld, page: FakePage) -> None:
    world.engine.held.append(image("b", "w:1"))
    world.engine.running.append(container("widget-v1", ports=(page.port,), image="w:1"))
    verdict = run(world, "page_answers", port=page.port, image="w:1")
    assert line(verdict) == (
        f"✗ A porta {page.port} é do container widget-v1, que ainda roda a w:1 de antes do último build."
    )
    assert verdict.hint == "docker rm -f widget-v1"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "✗ A página na porta {port} não respondeu: HTTP 503 em /health"),
        ({"exit_code": 2}, "✗ A página na porta {port} não respondeu: o container w parou"),
    ],
)
def test_a_page_that_does_not_answer(
    world: FakeWorld, page: FakePage, changes: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time, or because its container stops while the check waits."""
    page.health = None
    world.engine.held.append(image("a", "w:1"))
    first, then = container("w", ports=(page.port,)), container("w", ports=(page.port,), **changes)
    answers = iter([(first,)])
    monkeypatch.setattr(world.engine, "containers", lambda: next(answers, (then,)))
    assert told(world, "page_answers", port=page.port, image="w:1") == sentence.format(port=page.port)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"names": ["other"], "ports": [3001]}, "✓ Os containers deste passo não existem mais."),
        ({"image": "y"}, "✓ Os containers deste passo não existem mais."),
        ({"names": ["w"], "image": "y"}, "✓ Os containers deste passo não existem mais."),
        ({"names": ["w"]}, "✗ Ainda existe: w."),
        ({"names": [], "ports": [3000]}, "✗ Ainda existe: w."),
        ({"image": "x"}, "✗ Ainda existe: w, dead."),
    ],
)
def test_containers_absent(world: FakeWorld, asked: dict[str, Any], sentence: str) -> None:
    """A container that ended publishes its port no more."""
    world.engine.running += [
        container("w", ports=(3000,)),
        container("dead", exit_code=2, status="exited", ports=(3001,)),
    ]
    assert told(world, "containers_absent", **asked) == sentence


@pytest.mark.parametrize(
    ("exit_code", "log", "sentence"),
    [
        (2, "KEY_1", "✓ w parou com o código 2; o log diz que falta KEY_1."),
        (2, "KEY_9", "✗ O log de w não fala de KEY_9."),
        (0, "KEY_1", "✗ O container w terminou sem erro."),
        (None, "KEY_1", "✗ O container w continua rodando."),
    ],
)
def test_container_exited(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, exit_code: int | None, log: str, sentence: str
) -> None:
    monkeypatch.setattr(container_checks, "READY_SECONDS", 0.1)
    world.engine.running.append(container("w", exit_code=exit_code))
    world.engine.log = "falta KEY_1"
    assert told(world, "container_exited", name="w", log=log) == sentence
    assert told(world, "container_exited", name="nobody", log=log) == "✗ Não há container com o nome nobody."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "✓ w parou com o código 2; o log diz que falta KEY_1."),
        ({"exit_code": 137}, "✗ w parou com o código 137, e não 2."),
        ({"image_id": digest("b")}, "✗ w não foi feito de w:1."),
        ({"environment": {"KEY_2": "x", "PATH": "/bin"}}, "✗ w recebeu KEY_2."),
    ],
)
def test_a_container_that_stopped_for_another_reason(world: FakeWorld, changes: dict[str, Any], sentence: str) -> None:
    world.engine.held.append(image("a", "w:1"))
    world.engine.running.append(container("w", **{"exit_code": 2, **changes}))
    world.engine.log = "falta KEY_1"
    asked = {"name": "w", "log": "KEY_1", "image": "w:1", "code": 2, "without": ["KEY_1", "KEY_2"]}
    assert told(world, "container_exited", **asked) == sentence


def test_a_page_of_a_container_with_another_name(world: FakeWorld, page: FakePage) -> None:
    world.engine.held.append(image("a", "w:1"))
    world.engine.running.append(container("w", ports=(page.port,)))
    told_of = told(world, "page_answers", port=page.port, image="w:1", name="homologacao")
    assert told_of == f"✗ O container na porta {page.port} se chama w, e não homologacao."


BOTH = ["homologacao", "producao"]


@pytest.mark.parametrize(
    ("second", "names", "sentence"),
    [
        ({}, BOTH, "✓ homologacao e producao: a mesma imagem, valores diferentes."),
        ({"exit_code": 1}, BOTH, "✗ Não está rodando: producao."),
        ({}, ["homologacao", "nada"], "✗ Não está rodando: nada."),
        ({"image_id": digest("b")}, BOTH, "✗ Os ambientes não usam a mesma imagem."),
        ({"environment": {"APP_ENV": "a"}}, BOTH, "✗ Os ambientes têm o mesmo APP_ENV: a, a."),
        ({"ports": ()}, BOTH, "✗ producao não respondeu: "),
    ],
)
def test_environments_share_the_image_and_differ_in_value(
    world: FakeWorld, page: FakePage, second: dict[str, Any], names: list[str], sentence: str
) -> None:
    ports = (page.port,)
    changes = {"environment": {"APP_ENV": "b"}, "ports": ports, **second}
    world.engine.running += [
        container("homologacao", environment={"APP_ENV": "a"}, ports=ports),
        container("producao", **changes),
    ]
    observed = told(world, "environments", names=names)
    assert observed == sentence or (sentence.endswith(": ") and observed.startswith(sentence))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("producao", "✓ homologacao e producao: a mesma imagem, valores diferentes."),
        ("teste", "✗ Não roda com o APP_ENV do seu nome: producao."),
    ],
)
def test_environments_bear_their_own_name(world: FakeWorld, page: FakePage, value: str, sentence: str) -> None:
    for name, environment in (("homologacao", "homologacao"), ("producao", value)):
        world.engine.running.append(container(name, environment={"APP_ENV": environment}, ports=(page.port,)))
    assert told(world, "environments", names=BOTH, named_alike=True) == sentence


@pytest.mark.parametrize(("ref", "passes"), [("w:1", True), ("w:2", False)])
def test_environments_are_of_the_image_that_a_step_means(
    world: FakeWorld, page: FakePage, ref: str, passes: bool
) -> None:
    world.engine.held += [image("a", "w:1"), image("b", "w:2")]
    world.engine.running.append(container("w", ports=(page.port,)))
    assert run(world, "environments", names=["w"], image=ref).passed is passes


@pytest.mark.parametrize(
    ("made", "log", "sentence"),
    [
        ({}, "\n Olá!  \nfim\n", "✓ primeiro nasceu de base:3, escreveu “Olá!” e terminou."),
        ({}, " \n", "✗ primeiro terminou sem escrever nada."),
        ({"exit_code": 1}, "Traceback", "✗ primeiro terminou com erro, código 1."),
        ({"exit_code": None}, "Olá!", "✗ O container primeiro continua rodando."),
        ({"image_id": digest("b")}, "Olá!", "✗ primeiro não foi feito de base:3."),
    ],
)
def test_a_container_that_said_something_and_ended(
    world: FakeWorld, made: dict[str, Any], log: str, sentence: str
) -> None:
    world.engine.held.append(image("a", "base:3"))
    assert told(world, "container_said", name="primeiro", image="base:3") == "✗ Não há container com o nome primeiro."
    world.engine.running.append(container("primeiro", **{"exit_code": 0, **made}))
    world.engine.log = log
    assert told(world, "container_said", name="primeiro", image="base:3") == sentence

"""How the process starts, refuses to start, keeps data and stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Service

Fail = Callable[..., "subprocess.CompletedProcess[str]"]
GOOD = {"rating": 5, "message": "fica guardado"}


@pytest.mark.parametrize(("blank", "other"), [("KEY_1", "KEY_2"), ("KEY_2", "KEY_1")])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_one_missing_key_is_named_with_the_way_to_pass_it(
    fail_to_start: Fail, blank: str, other: str, value: str | None
) -> None:
    result = fail_to_start(**{blank: value})
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"widget-server não iniciou: falta a variável de ambiente obrigatória {blank}. "
        f"Passe o valor ao criar o container: `docker run -e {blank}=VALOR …`, "
        f"ou `docker run --env-file ARQUIVO.env …` com {blank}=VALOR no arquivo (uma variável por linha).\n"
    )
    assert other not in result.stderr


def test_both_missing_keys_are_named_at_once(fail_to_start: Fail) -> None:
    result = fail_to_start(KEY_1=None, KEY_2=None)
    assert result.returncode == 2
    assert "faltam as variáveis de ambiente obrigatórias KEY_1 e KEY_2." in result.stderr
    assert "-e KEY_1=VALOR -e KEY_2=VALOR" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_COLOR", "url(x)"),
        ("APP_COLOR", "#12345"),
        ("LOG_LEVEL", "ALTO"),
        ("PORT", "70000"),
        ("PORT", "x"),
        ("DATABASE_PATH", "/pasta/que/nao/existe.db"),
    ],
)
def test_bad_value_is_refused_without_a_traceback(
    fail_to_start: Fail, secrets: dict[str, str], name: str, value: str
) -> None:
    result = fail_to_start(**{name: value})
    assert result.returncode == 2
    assert name in result.stderr
    assert "Traceback" not in result.stderr
    assert not [secret for secret in secrets.values() if secret in result.stderr + result.stdout]


def test_taken_port_is_told(fail_to_start: Fail) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = fail_to_start(PORT=str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert "não consigo escutar em 127.0.0.1:" in result.stderr


def test_without_names_the_environment_is_undefined(start: Callable[..., Service]) -> None:
    answer = start(APP_ENV=None, APP_COLOR="", APP_VERSION=None).call("GET", "/health").json
    assert (answer["environment"], answer["color"], answer["version"]) == ("indefinido", "cinza", "dev")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_quickly_and_keeps_the_feedbacks(
    start: Callable[..., Service], tmp_path: Path, number: signal.Signals
) -> None:
    service = start(tmp_path)
    service.post(GOOD)
    with socket.create_connection(("127.0.0.1", service.port)):  # an idle client must not hold it back
        began = time.monotonic()
        service.process.send_signal(number)
        assert service.process.wait(timeout=5) == 0
    assert time.monotonic() - began < 2
    assert service.log_lines[-1]["event"] == "stopped"
    again = start(tmp_path)
    assert again.call("GET", "/feedbacks").json["feedbacks"][0]["message"] == GOOD["message"]


def test_lost_database_makes_health_fail(start: Callable[..., Service], tmp_path: Path) -> None:
    service = start(tmp_path)
    (tmp_path / "feedbacks.db").write_bytes(b"not a database" * 100)
    reply = service.call("GET", "/health")
    assert (reply.status, reply.json["status"]) == (503, "error")
    assert service.post(GOOD).status == 500
    assert "exception" in service.log_lines[-2]

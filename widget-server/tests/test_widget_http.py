"""What the service answers over HTTP."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from conftest import Service

GOOD = {"name": "Ana", "rating": 5, "message": "Gostei!"}
FORM = "application/x-www-form-urlencoded"


def test_health_tells_version_environment_and_which_keys_are_set(service: Service) -> None:
    reply = service.call("GET", "/health")
    assert reply.status == 200
    answer = reply.json
    assert isinstance(answer.pop("feedbacks"), int)
    assert answer == {
        "status": "ok",
        "version": "v9",
        "environment": "homologacao",
        "color": "laranja",
        "keys": {"KEY_1": True, "KEY_2": True},
    }


def test_page_shows_the_container_and_asks_nothing_outside(service: Service) -> None:
    reply = service.call("GET", "/")
    assert reply.status == 200
    assert '<html lang="pt-BR">' in reply.text
    for shown in ("v9", "homologacao", "laranja", "#e07a1f", "KEY_1", "KEY_2", "definida"):
        assert shown in reply.text
    assert "http://" not in reply.text
    assert "https://" not in reply.text
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


def test_keys_values_appear_nowhere(service: Service, secrets: dict[str, str]) -> None:
    everything = "".join(service.call("GET", path).text for path in ("/", "/health", "/feedbacks", "/none"))
    everything += service.post(GOOD).text + service.post({}).text + service.log_text
    assert not [name for name, value in secrets.items() if value in everything]


def test_json_feedback_is_stored_and_listed_newest_first(service: Service) -> None:
    created = service.post({"rating": 4, "message": "  Olá, ação!\r\nSegunda linha "})
    assert created.status == 201
    assert created.json["name"] == "Anônimo"
    assert created.json["message"] == "Olá, ação!\nSegunda linha"
    newer = service.post(GOOD).json
    listed = service.call("GET", "/feedbacks").json
    assert listed["feedbacks"][:2] == [newer, created.json]
    assert listed["count"] >= 2


def test_form_feedback_from_a_tool_gets_json(service: Service) -> None:
    reply = service.call("POST", "/feedbacks", urlencode({"rating": 3, "message": "ação"}).encode(), Content_Type=FORM)
    assert (reply.status, reply.json["message"]) == (201, "ação")


def test_form_feedback_from_a_browser_gets_the_page_back(service: Service) -> None:
    body = urlencode({"rating": 3, "message": "do navegador"}).encode()
    reply = service.call("POST", "/feedbacks", body, Content_Type=FORM, Accept="text/html")
    assert (reply.status, reply.headers["Location"]) == (303, "./?enviado")
    assert "Obrigado!" in service.call("GET", "/?enviado").text
    refused = service.call("POST", "/feedbacks", b"rating=3", Content_Type=FORM, Accept="text/html")
    assert refused.status == 400
    assert "O campo message (comentário) é obrigatório" in refused.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rating": 6}, "rating"),
        ({"rating": True}, "rating"),
        ({"rating": None}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"message": "  "}, "message"),
        ({"message": ["lista"]}, "message"),
        ({"message": "x" * 1001}, "message"),
        ({"name": "x" * 81}, "name"),
        ({"name": {}}, "name"),
    ],
)
def test_wrong_field_is_named_in_portuguese(service: Service, change: dict[str, Any], field: str) -> None:
    before = service.call("GET", "/feedbacks").json["count"]
    reply = service.post(GOOD | change)
    assert reply.status == 400
    assert reply.json["field"] == field
    assert reply.json["error"].startswith(f"O campo {field} (")
    assert service.call("GET", "/feedbacks").json["count"] == before


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 9000], ids=range(5))
def test_broken_json_is_refused(service: Service, body: bytes) -> None:
    reply = service.call("POST", "/feedbacks", body, Content_Type="application/json")
    assert reply.status == 400
    assert "JSON" in reply.json["error"]


def test_lone_surrogate_does_not_break_the_service(service: Service) -> None:
    body = b'{"rating": 1, "message": "a\\ud800b"}'
    assert service.call("POST", "/feedbacks", body, Content_Type="application/json").json["message"] == "a?b"


def test_unknown_kind_of_body_is_refused(service: Service) -> None:
    reply = service.call("POST", "/feedbacks", b"<x/>", Content_Type="text/xml")
    assert reply.status == 415
    assert "application/json" in reply.json["error"]


def test_large_body_is_refused(service: Service) -> None:
    reply = service.post(GOOD | {"message": "x" * 20_000})
    assert reply.status == 413
    assert "16 KiB" in reply.json["error"]


def test_huge_body_is_cut_off_before_it_is_read(service: Service) -> None:
    head = b"POST /feedbacks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(head)
        assert b" 413 " in connection.recv(1000).splitlines()[0]


def test_everything_is_escaped(service: Service) -> None:
    service.post({"name": '"><img src=x>', "rating": 1, "message": "<script>alert(1)</script>"})
    page = service.call("GET", "/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_unknown_address_and_method_answer_in_portuguese(service: Service) -> None:
    missing = service.call("GET", "/nada")
    assert (missing.status, missing.json["error"][:23]) == (404, "Endereço não encontrado")
    assert service.call("DELETE", "/feedbacks").status == 405


def test_logs_are_json_without_what_people_wrote(service: Service) -> None:
    service.post(GOOD | {"message": "texto particular"})
    service.call("GET", "/feedbacks?segredo=particular")
    assert "particular" not in service.log_text
    first, *others = service.log_lines
    assert (first["event"], first["keys"]) == ("started", {"KEY_1": True, "KEY_2": True})
    requests = [line for line in others if line["event"] == "request"]
    assert {"time", "level", "method", "path", "status", "ms"} <= requests[-1].keys()


def test_environment_names_are_escaped_too(start: Any) -> None:
    service = start(APP_ENV="<b>x</b>", WIDGET_TITLE="<i>t</i>", APP_COLOR="#00FF00", APP_VERSION="<u>1</u>")
    page = service.call("GET", "/").text
    assert not [tag for tag in ("<b>", "<i>", "<u>") if tag in page]
    assert "--env: #00ff00; --ink: #000000" in page
    assert json.loads(service.call("GET", "/health").text)["environment"] == "<b>x</b>"

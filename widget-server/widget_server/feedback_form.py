"""From a request's body to a valid feedback, with Portuguese errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

MAX_BODY_BYTES = 16 * 1024
MAX_NAME = 80
MAX_MESSAGE = 1000


class InvalidFeedback(Exception):
    """The request is not a feedback. `field` names the culprit, or is empty; the text is Portuguese."""

    def __init__(self, message: str, field: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status


@dataclass(frozen=True)
class NewFeedback:
    """A feedback that passed validation and is not stored yet."""

    name: str
    rating: int
    message: str


def parse_feedback(content_type: str, body: bytes) -> NewFeedback:
    """Turn a JSON or form body into a feedback.

    Raises:
        InvalidFeedback: the kind of body, its syntax or a field is not acceptable.
    """
    fields = _fields(content_type.partition(";")[0].strip().lower(), body)
    return NewFeedback(_name(fields.get("name")), _rating(fields.get("rating")), _message(fields.get("message")))


def _fields(kind: str, body: bytes) -> dict[str, Any]:
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        raise InvalidFeedback(
            "Envie o feedback como JSON (Content-Type: application/json) ou como formulário.", status=415
        )
    try:
        text = body.decode("utf-8")
        if kind == "application/json":
            fields = json.loads(text)
        else:
            fields = {key: values[-1] for key, values in parse_qs(text, max_num_fields=20).items()}
    except (ValueError, RecursionError) as error:  # bad UTF-8, bad JSON, too many fields, absurd nesting
        raise InvalidFeedback("Não consegui ler o corpo da requisição: confira o JSON ou o formulário.") from error
    if not isinstance(fields, dict):
        raise InvalidFeedback('O JSON precisa ser um objeto, como {"rating": 5, "message": "Gostei!"}.')
    return fields


def _name(value: object) -> str:
    name = _clean(value)
    if name is None or len(name) > MAX_NAME:
        raise InvalidFeedback(f"O campo name (seu nome) aceita um texto de até {MAX_NAME} caracteres.", "name")
    return name or "Anônimo"


def _rating(value: object) -> int:
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text not in ("1", "2", "3", "4", "5"):
        raise InvalidFeedback("O campo rating (nota) é obrigatório e vai de 1 a 5.", "rating")
    return int(text)


def _message(value: object) -> str:
    message = _clean(value)
    if not message:
        raise InvalidFeedback("O campo message (comentário) é obrigatório: escreva pelo menos uma palavra.", "message")
    if len(message) > MAX_MESSAGE:
        raise InvalidFeedback(f"O campo message (comentário) aceita até {MAX_MESSAGE} caracteres.", "message")
    return message


def _clean(value: object) -> str | None:
    """Return trimmed text, empty where the field is absent, or None where it is not usable text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return None
    # JSON may carry lone surrogates, which SQLite and UTF-8 refuse; a browser sends line ends as CRLF.
    return value.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\x00", "").strip()

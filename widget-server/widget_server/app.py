"""The WSGI application: the page, the feedbacks and the health answer."""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, HTTPResponse, SimpleTemplate, request

from widget_server.config import Config, ink_on
from widget_server.feedback_form import MAX_BODY_BYTES, MAX_MESSAGE, MAX_NAME, InvalidFeedback, parse_feedback
from widget_server.storage import Feedback, Storage

PAGE_FEEDBACKS = 5
LISTED_FEEDBACKS = 100
_ERROR_TEXTS = {
    404: "Endereço não encontrado. Há GET /, GET /health, GET /feedbacks e POST /feedbacks.",
    405: "Este endereço não aceita este método HTTP.",
}
_log = logging.getLogger("widget_server")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def create_app(config: Config, storage: Storage) -> WsgiApp:
    """Return the application for this configuration; `storage` must be prepared."""
    app = Bottle()
    template = SimpleTemplate(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    app.get("/", callback=lambda: _page(template, config, storage))
    app.get("/health", callback=lambda: _health(config, storage))
    app.get("/feedbacks", callback=lambda: _list(storage))
    app.post("/feedbacks", callback=lambda: _create(template, config, storage))
    app.default_error_handler = _error_body
    app.catchall = False  # the log below records exceptions, structured; bottle would print them
    return _logged(app)


def _page(
    template: SimpleTemplate, config: Config, storage: Storage, error: str = "", status: int = 200
) -> HTTPResponse:
    """Render the page. The template escapes every value; the policy lets nothing in from outside."""
    nonce = secrets.token_urlsafe(16)
    body = template.render(
        config=config,
        ink=ink_on(config.color),
        feedbacks=storage.latest(PAGE_FEEDBACKS),
        total=storage.count(),
        max_name=MAX_NAME,
        max_message=MAX_MESSAGE,
        sent="enviado" in request.query,
        error=error,
        nonce=nonce,
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; form-action 'self'; img-src data:; base-uri 'none'"
    )
    return _response(body, "text/html; charset=utf-8", status, {"Content-Security-Policy": policy})


def _health(config: Config, storage: Storage) -> HTTPResponse:
    """Say that the service works, which includes its database."""
    try:
        total, status = storage.count(), "ok"
    except sqlite3.Error:
        _log.exception("database failed")
        total, status = 0, "error"
    answer = {
        "status": status,
        "version": config.version,
        "environment": config.environment,
        "color": config.color_name,
        "keys": dict(config.keys),
        "feedbacks": total,
    }
    return _json(answer, 200 if status == "ok" else 503)


def _list(storage: Storage) -> HTTPResponse:
    return _json({"count": storage.count(), "feedbacks": [asdict(one) for one in storage.latest(LISTED_FEEDBACKS)]})


def _create(template: SimpleTemplate, config: Config, storage: Storage) -> HTTPResponse:
    """Store a feedback. A browser's form gets a page back, everything else gets JSON."""
    from_browser = "text/html" in request.headers.get("Accept", "")
    try:
        feedback = _store(storage)
    except InvalidFeedback as error:
        _log.info("feedback refused", extra={"data": {"field": error.field, "status": error.status}})
        if from_browser:
            return _page(template, config, storage, error.message, error.status)
        return _json({"error": error.message, "field": error.field}, error.status)
    _log.info("feedback stored", extra={"data": {"id": feedback.id, "rating": feedback.rating}})
    if from_browser:
        # Relative, so that the page also works behind a proxy that adds a prefix.
        return HTTPResponse("", status=303, headers={"Location": "./?enviado"})
    return _json(asdict(feedback), 201)


def _store(storage: Storage) -> Feedback:
    if request.content_length > MAX_BODY_BYTES:
        raise InvalidFeedback(f"O corpo da requisição passa do limite de {MAX_BODY_BYTES // 1024} KiB.", status=413)
    new = parse_feedback(request.content_type, request.body.read(MAX_BODY_BYTES + 1))
    return storage.add(new.name, new.rating, new.message)


def _error_body(error: HTTPError) -> str:
    error.content_type = "application/json; charset=utf-8"
    text = _ERROR_TEXTS.get(error.status_code, "Não consegui atender esta requisição.")
    return json.dumps({"error": text, "field": ""}, ensure_ascii=False)


def _json(answer: dict[str, Any], status: int = 200) -> HTTPResponse:
    body = json.dumps(answer, ensure_ascii=False, indent=2) + "\n"
    return _response(body, "application/json; charset=utf-8", status, {})


def _response(body: str, content_type: str, status: int, headers: dict[str, str]) -> HTTPResponse:
    common = {"Content-Type": content_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HTTPResponse(body.encode("utf-8"), status=status, headers=common | headers)


def _logged(app: Bottle) -> WsgiApp:
    """Wrap `app` so that each request leaves one line: never its query, headers or body."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.monotonic()
        seen: dict[str, int] = {"status": 500}

        def remember(status: str, *rest: Any) -> Any:
            seen["status"] = int(status.split(" ", 1)[0])
            return start_response(status, *rest)

        # The probe of HEALTHCHECK would drown everything else.
        level = logging.DEBUG if environ["PATH_INFO"] == "/health" else logging.INFO
        try:
            answer: Iterable[bytes] = app(environ, remember)
            return answer
        except Exception:  # noqa: BLE001 - logged whole, and the next request must be served
            _log.exception("request failed")
            error = HTTPError(500)
            body = _error_body(error).encode("utf-8")
            remember("500 Internal Server Error", [("Content-Type", error.content_type)])
            return [body]
        finally:
            data = {
                "method": environ["REQUEST_METHOD"],
                # WSGI hands the path over as Latin-1 whatever it is.
                "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
                "status": seen["status"],
                "ms": round((time.monotonic() - started) * 1000, 1),
            }
            _log.log(level, "request", extra={"data": data})

    return serve

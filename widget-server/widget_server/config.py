"""Configuration by environment variables, read once at start.

The values of the required keys never enter a `Config`: what is not held can't be shown or logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REQUIRED_KEYS = ("KEY_1", "KEY_2")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
COLORS = {
    "azul": "#1d63b8",
    "verde": "#1b7f4b",
    "amarelo": "#f2c230",
    "laranja": "#e07a1f",
    "vermelho": "#c0332f",
    "roxo": "#6b3fa0",
    "rosa": "#c23b80",
    "cinza": "#6b7280",
}
UNNAMED_ENVIRONMENT = "indefinido"  # honest where nobody said which environment this is
_HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class ConfigError(Exception):
    """The service can't start with this environment; the text is Portuguese and meant for whoever started it."""


@dataclass(frozen=True)
class Config:
    """What the service runs with. `keys` says which keys are set, never their values."""

    version: str
    environment: str
    color_name: str
    color: str
    title: str
    database: Path
    log_level: str
    address: str
    port: int
    keys: Mapping[str, bool]


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the configuration from `environ`.

    Raises:
        ConfigError: a required key is missing or blank, or a value is not acceptable.
    """
    keys = {name: bool(environ.get(name, "").strip()) for name in REQUIRED_KEYS}
    missing = [name for name, is_set in keys.items() if not is_set]
    if missing:
        raise ConfigError(_missing_message(missing))
    color_name = _text(environ, "APP_COLOR", "cinza")
    return Config(
        version=_text(environ, "APP_VERSION", "dev"),
        environment=_text(environ, "APP_ENV", UNNAMED_ENVIRONMENT),
        color_name=color_name,
        color=_color(color_name),
        title=_text(environ, "WIDGET_TITLE", "O que você achou?"),
        database=Path(_text(environ, "DATABASE_PATH", "/data/feedbacks.db")),
        log_level=_log_level(_text(environ, "LOG_LEVEL", "INFO")),
        address=_text(environ, "BIND_ADDRESS", "0.0.0.0"),
        port=_port(_text(environ, "PORT", "3333")),
        keys=keys,
    )


def ink_on(color: str) -> str:
    """Return the text colour, dark or white, that reads better on `color` (`#rrggbb`).

    Relative luminance and the threshold 0.179 follow WCAG 2: above it, black has the higher contrast.
    """
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    """A blank value counts as absent: `-e NAME=` and a bare `NAME=` line are how people leave one out."""
    return environ.get(name, "").strip() or default


def _missing_message(names: list[str]) -> str:
    subject = (
        f"falta a variável de ambiente obrigatória {names[0]}"
        if len(names) == 1
        else f"faltam as variáveis de ambiente obrigatórias {' e '.join(names)}"
    )
    options = " ".join(f"-e {name}=VALOR" for name in names)
    line = " e ".join(f"{name}=VALOR" for name in names)
    pronoun = "Passe o valor" if len(names) == 1 else "Passe os valores"
    return (
        f"{subject}. {pronoun} ao criar o container: `docker run {options} …`, "
        f"ou `docker run --env-file ARQUIVO.env …` com {line} no arquivo (uma variável por linha)."
    )


def _color(name: str) -> str:
    if name.lower() in COLORS:
        return COLORS[name.lower()]
    if _HEX_COLOR.fullmatch(name):
        return name.lower()
    raise ConfigError(
        f"a variável APP_COLOR tem um valor que não é uma cor conhecida: {name!r}. "
        f"Use {', '.join(COLORS)} ou um código como #1d63b8."
    )


def _log_level(name: str) -> str:
    if name.upper() not in LOG_LEVELS:
        raise ConfigError(
            f"a variável LOG_LEVEL tem um valor desconhecido: {name!r}. Use um destes: {', '.join(LOG_LEVELS)}."
        )
    return name.upper()


def _port(text: str) -> int:
    """Port 0 is allowed: the system then chooses a free one, which the `started` log line tells."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ConfigError(f"a variável PORT precisa ser um número de 0 a 65535; o valor recebido foi {text!r}.")
    return int(text)

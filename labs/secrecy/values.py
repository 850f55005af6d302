"""The lab's own secrets, as its files hold them now, and how to recognise them in bytes.

Standard library only: `secrets_scan`, the notebook server's hook and the widgets read from here.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from labs.base.errors import EngineError
from labs.base.settings import Settings
from labs.seams import aws_files, docker_files

SHORTEST = 8
"""Shorter values are not taken for secrets: they would match ordinary words."""
LARGEST = 64 * 1024  # bytes; files with secrets are small
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)")
"""The body of one in PEM (RFC 7468); line by line, since it travels with other line ends or none."""
SHAPES = {
    "chave secreta da AWS": re.compile(
        rb"(?:aws_secret_access_key|SecretAccessKey|secretAccessKey)[\\\"']*\s*[:=]\s*[\\\"']*([A-Za-z0-9/+]{40})\b"
    ),
    "access token do Docker Hub": re.compile(rb"\b(dckr_pat_[A-Za-z0-9_-]{20,})"),
    "senha do ECR": re.compile(rb"\b(eyJwYXlsb2Fk[\w+/=-]{100,}|QVdTOmV5[\w+/=-]{60,})"),
    "token assinado": re.compile(rb"(?<![\w.-])((?:eyJ|\.eJ)[\w-]{30,}(?:\.[\w-]{20,}){1,2})"),
}
"""Secrets that name themselves, of this lab or of any other: AWS's and Docker's own shapes. An ECR password is the
base64 of JSON that begins with its payload, and `authorizationToken` the base64 of `AWS:` and that; the registries'
bearer tokens are JSON in base64 (some packed before, by itsdangerous) with a signature (RFC 7519).
"""


def known(settings: Settings) -> dict[str, str]:
    """Every secret of this lab: value → where it is kept, relative to the state folder."""
    found: dict[str, str] = {}
    for place, value in _all(settings):
        if len(value) >= SHORTEST:
            found.setdefault(value, place)
    return found


def _all(settings: Settings) -> Iterator[tuple[str, str]]:
    paths = {*settings.secrets.glob("*"), *(settings.live_folder / "secrets").glob("*")}
    files = sorted(paths, key=lambda path: (path.suffix, "netrc" in path.name, path.name))
    for path in files:
        for value in _of_secret_file(_read(path)):
            yield str(path.relative_to(settings.home)), value
    yield "sandbox/gateway/key", _read(settings.sandbox / "gateway" / "key").strip()
    for profile, kept in aws_files.credentials(settings).items():
        for name in ("aws_secret_access_key", "aws_session_token"):
            yield f"aws/credentials [{profile}]", kept.get(name, "")
    with contextlib.suppress(EngineError):
        for address, auth in docker_files.logins(settings).items():
            yield f"docker/config.json [{address}]", auth
            yield f"docker/config.json [{address}]", (docker_files.unpacked(auth) or ("", ""))[1]


def _of_secret_file(text: str) -> Iterator[str]:
    """A file's whole content, the lines of a private key (PEM), a netrc's password, or the secret values of a JSON
    answer.
    """
    if "\n" not in text.strip() and " " not in text.strip():
        yield text.strip()
    for body in PRIVATE_KEY.findall(text):
        yield from body.split()
    yield from re.findall(r"\bpassword\s+(\S+)", text)
    with contextlib.suppress(ValueError):
        yield from _of_json(json.loads(text))


def _of_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and re.search(r"secret|token|password", name, re.IGNORECASE):
                yield inner
            yield from _of_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _of_json(inner)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.stat().st_size <= LARGEST else ""
    except (OSError, UnicodeDecodeError):
        return ""


class Needles:
    """Secrets in every dress in which they travel: plain, base64 at any offset, percent-encoded, JSON-escaped."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._labels: dict[bytes, str] = {}
        for value, label in values.items():
            for dress in _dresses(value):
                self._labels.setdefault(dress, label)
        self.longest = max(map(len, self._labels), default=1)

    def found(self, data: bytes) -> set[str]:
        """Labels of the secrets in these bytes."""
        return {label for needle, label in self._labels.items() if needle in data}


def _dresses(value: str) -> Iterator[bytes]:
    plain = value.encode()
    yield plain
    yield quote(value, safe="").encode()
    yield json.dumps(value)[1:-1].encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        # The first characters depend on what stands before the value, the last one on what follows it.
        core = encoded[(before * 8 + 5) // 6 : -1]
        if len(core) >= SHORTEST + 2:
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))


def shapes_in(data: bytes) -> Iterator[str]:
    """Secrets that name themselves; AWS's own examples end in EXAMPLE or EXAMPLEKEY and are none."""
    for label, shape in SHAPES.items():
        if any(b"EXAMPLE" not in value for value in shape.findall(data)):
            yield label


def in_notebook(book: Any, needles: Needles) -> list[tuple[str, str]]:
    """Where in a notebook's content secrets stand: ("célula 3, saída", label), in reading order."""
    found: list[tuple[str, str]] = []

    def look(value: Any, where: str) -> None:
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        text = data + json.dumps(_joined(value)).encode()
        found.extend((where, label) for label in sorted({*needles.found(text), *shapes_in(text)}))

    cells = book.get("cells", []) if isinstance(book, Mapping) else []
    for number, cell in enumerate(cells, 1):
        look(cell.get("source", ""), f"célula {number}, texto")
        if cell.get("outputs"):
            look(cell["outputs"], f"célula {number}, saída")
        look([cell.get("metadata"), cell.get("attachments")], f"célula {number}, metadados")
    look(book.get("metadata") if isinstance(book, Mapping) else book, "metadados do notebook (estado dos widgets)")
    return found


def _joined(value: Any) -> str:
    """The format allows a text as a list of lines; a secret may be cut there."""
    return "".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else ""

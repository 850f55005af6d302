"""Every Portuguese text that a learner sees, with the place where it stands and without code."""

from __future__ import annotations

import ast
import html
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labs.base.explain import TABLE, rows
from labs.base.settings import CLONE
from labs.course.catalog import COURSE

SAID = ("title", "goal", "text", "why", "nudge", "hint", "question", "because", "diagnosis", "symptom")
"""Fields of the catalogue that are prose; the others are commands, names and numbers."""
PORTUGUESE = re.compile(
    r"[áéíóúâêôãõàç]|\b(?:uma?|que|para|(?<![.\w])com|sem|por|pelo|pela|dos?|das?|nas?|este|esta|esse|essa|seus?|suas?|ainda"
    r"|depois|aula|passos?|nenhum|nenhuma|falta|faltam|agora|ou|em|mais|muito|outro|outra)\b",
    re.IGNORECASE,
)
"""What a string of the code has where it is Portuguese: an accent, or one of the small words."""
ENGLISH = re.compile(r"\b(?:the|of|is|to|and|with|not|such|must|left|ls|ss|export)\b")
"""What a string has that is a tool's own message, a pattern of one, or a command."""
Text = tuple[str, str]


def all_texts() -> list[Text]:
    """(place, text) of notebooks, catalogue, messages, cards, pages, JupyterLab's translations, and documents."""
    return [
        *_notebooks(),
        *_catalogue(),
        *_explanations(),
        *_messages(CLONE / "labs"),
        *_messages(CLONE / "widget-server" / "widget_server"),
        *_scripts(),
        *_pages(),
        *_translations(),
        *_readme(),
        *_documents(),
    ]


def prose(text: str) -> str:
    """Markdown without code, addresses and HTML."""
    for pattern in (r"```.*?```", r"`[^`]*`", r"(?<=\])\([^)]*\)", r"https?://\S+", r"<[^>]+>", r"\$\w+|\$\{[^}]*\}"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return text


def _notebooks() -> Iterator[Text]:
    for path in sorted((CLONE / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield f"{path.name} {cell['id']}", prose("".join(cell["source"]))


def _catalogue() -> Iterator[Text]:
    for path in sorted(COURSE.glob("*.toml")):
        yield from _fields(tomllib.loads(path.read_text("utf-8")), path.name)


def _explanations() -> Iterator[Text]:
    yield from ((f"{TABLE.name} {row.name}", prose(row.what.replace("\\", ""))) for row in rows())


def _fields(table: dict[str, Any], place: str) -> Iterator[Text]:
    place = f"{place} {table['id']}" if "id" in table and not place.startswith(table["id"]) else place
    for name, value in table.items():
        if isinstance(value, str) and name in SAID:
            yield f"{place} {name}", prose(value)
        elif name == "parts":
            yield from ((f"{place} parts", prose(meaning)) for _, meaning in value)
        elif isinstance(value, dict) and name != "check":
            yield from _fields(value, place)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _fields(item, place)


def _messages(folder: Path) -> Iterator[Text]:
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in silent or id(node) in inside:
                continue
            if isinstance(node, ast.JoinedStr):
                text = " … ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if " " in text and is_portuguese(text):
                yield f"{path.relative_to(CLONE)}:{node.lineno}", prose(text)


def is_portuguese(text: str) -> bool:
    return bool(PORTUGUESE.search(text)) and not ENGLISH.search(text)


def _scripts() -> Iterator[Text]:
    for path in sorted((CLONE / "labs").rglob("*.js")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for double, template in re.findall(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`', line.split(" // ")[0]):
                text = double or template
                if not line.strip().startswith(("//", "/*", "*")) and is_portuguese(text):
                    yield f"{path.relative_to(CLONE)}:{number}", prose(text)


def _pages() -> Iterator[Text]:
    rooms = (CLONE / name for name in ("labs", "widget-server", "deploy"))
    for path in (path for room in rooms for path in sorted(room.rglob("*.html"))):
        text = re.sub(r"<(style|script|code)\b.*?</\1>|<!--.*?-->", " ", path.read_text("utf-8"), flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}|(?m:^%.*$)", " ", text, flags=re.DOTALL)
        yield str(path.relative_to(CLONE)), html.unescape(re.sub(r"<[^>]+>", " ", text))


def _translations() -> Iterator[Text]:
    path = CLONE / "labs" / "jupyter" / "pt_BR.json"
    for texts in json.loads(path.read_text("utf-8")).values():
        for text, said in texts.items():
            for form in [said] if isinstance(said, str) else said:
                yield f"{path.name} {text!r}", form


def _documents() -> Iterator[Text]:
    for name in ("ao-vivo", "depois", "professor"):
        yield f"docs/{name}.md", prose((CLONE / "docs" / f"{name}.md").read_text("utf-8"))


def _readme() -> Iterator[Text]:
    portuguese, _, _ = (CLONE / "README.md").read_text("utf-8").partition("## In English")
    for number, paragraph in enumerate(portuguese.split("\n\n"), 1):
        yield f"README.md, parágrafo {number}", prose(paragraph)

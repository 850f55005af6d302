"""The few pieces of HTML that stand around a drawing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Html(str):
    """Text that is HTML already."""


def escape(text: str) -> str:
    """Text that can stand in HTML, also inside a quoted attribute."""
    return html.escape(text, quote=True)


def meter(value: int, most: int, words: str) -> Html:
    """A bar for the eye with its value in words for everybody."""
    bar = f"<meter max='{most}' value='{value}' aria-hidden='true'></meter>"
    return Html(f"<span class='lab-nowrap'>{bar} {escape(words)}</span>")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that a screen reader can walk: caption, column headers, row headers."""
    top = "".join(f"<th scope='col'>{escape(cell)}</th>" if cell else "<td></td>" for cell in head)
    body = "".join(
        f"<tr><th scope='row'>{_cell(first)}</th>{''.join(f'<td>{_cell(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<div class='lab-table' tabindex='0' role='region' aria-label='{escape(caption)}'><table>"
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: str) -> str:
    return value if isinstance(value, Html) else escape(value)


def details(summary: str, inside: str) -> str:
    """Something that opens when asked for; `inside` is HTML."""
    return f"<details class='lab-facts'><summary>{escape(summary)}</summary>{inside}</details>"


def paragraph(text: str, kind: str = "") -> str:
    return f"<p class='lab-{kind}'>{escape(text)}</p>" if kind else f"<p>{escape(text)}</p>"

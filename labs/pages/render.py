"""Whole pages that the kit shows in a browser: map, search, certificate. Jinja escapes all data."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labs.course.catalog import Course
from labs.course.progress import Record
from labs.pages import search
from labs.running import journey

FOLDER = Path(__file__).parent


def course_map(course: Course, records: dict[str, Record], base_url: str) -> tuple[str, str]:
    """The course with what is proven and where to go on: the page, and the Content-Security-Policy that fits it.

    `base_url` is JupyterLab's, with a slash at both ends.
    """
    nonce = secrets.token_urlsafe(16)
    lessons = [
        {
            "standing": one,
            "path": f"notebooks/{one.lesson.id}.ipynb",
            "steps": [
                (journey.step_words(one.lesson, step), journey.proven(records, one.lesson, step))
                for step in journey.steps_of(one.lesson)
            ],
            "time": journey.time_words(one),
        }
        for one in journey.standings(course, records)
    ]
    following = journey.go_on(course, records)
    page = (
        _environment()
        .get_template("map.html")
        .render(
            lessons=lessons,
            done=sum(one["standing"].done for one in lessons),  # type: ignore[attr-defined]
            total=sum(one["standing"].total for one in lessons),  # type: ignore[attr-defined]
            following=following and (following[0], journey.step_words(*following)),
            began=bool(records),
            base_url=base_url,
            nonce=nonce,
        )
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self';"
        " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )
    return page, policy


def search_page(wanted: str, base_url: str) -> tuple[str, str]:
    """What is found of these words, and the glossary: the page, and the Content-Security-Policy that fits it."""
    nonce = secrets.token_urlsafe(16)
    page = (
        _environment()
        .get_template("search.html")
        .render(
            wanted=wanted,
            hits=search.find(wanted),
            terms=search.find_terms(wanted),
            most=search.MOST,
            base_url=base_url,
            nonce=nonce,
        )
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}';"
        " frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
    )
    return page, policy


def absent(title: str, port: int, observed: str, lesson: str) -> tuple[str, str]:
    """What stands where a container's page would, and the Content-Security-Policy that fits it."""
    nonce = secrets.token_urlsafe(16)
    page = (
        _environment()
        .get_template("absent.html")
        .render(title=title, port=port, observed=observed, lesson=lesson, nonce=nonce)
    )
    return page, f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'self'"


def certificate(**data: Any) -> str:
    """The certificate, one file without any other, to print on A4. `labs/pages/statement.py` gives the data."""
    return _environment().get_template("certificate.html").render(**data)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

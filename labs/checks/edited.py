"""Checks of a change that the learner makes in their copy of the code: in the file, in the image, on the page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from labs.base.marks import APP
from labs.base.settings import CLONE
from labs.base.verdict import Verdict, failed, passed
from labs.checks import check
from labs.checks.container import containers_absent, page_answers, page_of
from labs.seams.world import World

QUOTED = re.compile(r"([\"'])(.+?)\1")
"""A text of Python's."""


@check
def edited(world: World, file: str) -> Verdict:
    """A file of the working copy says something that the kit's does not."""
    lines = _new_lines(world, file)
    if not lines:
        return failed(f"{file} ainda está como o curso o entrega.", f"cat {file}")
    return passed(f"Você mudou {file}: “{[*_written(lines, file), lines[0].strip()][0]}”")


@check
def shows_edit(world: World, port: int, image: str, file: str) -> Verdict:
    """The page on a port comes from a container of this image, and shows a text that the learner wrote in the file."""
    verdict = page_answers(world, port, image)
    if not verdict.passed:
        return verdict
    page = html.unescape(page_of(port))
    shown = [text for text in _written(_new_lines(world, file), file) if text in page]
    if not shown:
        return failed(
            f"A página na porta {port} ainda não mostra a sua mudança em {file}.",
            "Construa de novo depois de salvar o arquivo, e rode a imagem nova.",
        )
    return passed(f"http://127.0.0.1:{port} mostra a sua mudança: “{shown[0]}”", **verdict.evidence)


@check
def put_back(world: World, file: str, image: str) -> Verdict:
    """The file is as the kit's again, and no container of the image is left."""
    verdict = containers_absent(world, image=image)
    if not verdict.passed:
        return verdict
    if _mine(world, file) != _original(file):
        return failed(f"{file} ainda tem a sua mudança.", f"python3 -m labs recover {file}")
    return passed(f"{file} está como o curso o entrega, e nenhum container de {image} ficou.")


def _new_lines(world: World, file: str) -> list[str]:
    """The lines of the working copy's file that the kit's does not have."""
    before = set(_original(file).splitlines())
    return [line for line in _mine(world, file).splitlines() if line.strip() and line not in before]


def _written(lines: Iterable[str], file: str) -> list[str]:
    """The texts in these lines that the kit's file does not have."""
    original = _original(file)
    return [text for line in lines for _, text in QUOTED.findall(line) if text not in original]


def _mine(world: World, file: str) -> str:
    """The working copy's file; empty where it cannot be read."""
    try:
        return (world.settings.work / APP / file).read_text("utf-8")
    except (OSError, ValueError):
        return ""


def _original(file: str) -> str:
    return (CLONE / APP / file).read_text("utf-8")

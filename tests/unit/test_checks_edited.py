"""Checks of a change in the learner's copy of the code: in the file, on the page, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.settings import CLONE

from .fakes import FakePage, FakeWorld, container, image
from .verdicts import line, run, told

FILE = "widget_server/config.py"
ASKED = "O que você achou?"


@pytest.fixture
def mine(world: FakeWorld) -> Path:
    """The working copy's file, as the kit gives it."""
    path = world.settings.work / "widget-server" / FILE
    path.parent.mkdir()
    path.write_text((CLONE / "widget-server" / FILE).read_text("utf-8"), "utf-8")
    return path


def write(path: Path, title: str) -> None:
    text = path.read_text("utf-8")
    assert ASKED in text, "the course's step edits it"
    path.write_text(text.replace(ASKED, title), "utf-8")


def test_a_file_is_edited_once_it_says_something_new(world: FakeWorld, mine: Path) -> None:
    untouched = f"✗ {FILE} ainda está como o curso o entrega."
    assert told(world, "edited", file=FILE) == untouched
    mine.write_text(mine.read_text("utf-8") + "\n\n")
    assert told(world, "edited", file=FILE) == untouched
    write(mine, "Gostou?")
    assert told(world, "edited", file=FILE) == f"✓ Você mudou {FILE}: “Gostou?”"
    mine.write_text(f"{CLONE.name}\n# outra linha\n", "utf-8")
    assert told(world, "edited", file=FILE) == f"✓ Você mudou {FILE}: “{CLONE.name}”"
    mine.unlink()
    assert told(world, "edited", file=FILE) == untouched


@pytest.mark.parametrize(
    ("title", "shown", "sentence"),
    [
        ("Gostou?", "<h1>Gostou?</h1>", "✓ http://127.0.0.1:{port} mostra a sua mudança: “Gostou?”"),
        ("Sim & não", "<h1>Sim &amp; não</h1>", "✓ http://127.0.0.1:{port} mostra a sua mudança: “Sim & não”"),
        ("Gostou?", f"<h1>{ASKED}</h1>", f"✗ A página na porta {{port}} ainda não mostra a sua mudança em {FILE}."),
        (ASKED, f"<h1>{ASKED}</h1>", f"✗ A página na porta {{port}} ainda não mostra a sua mudança em {FILE}."),
        ("APP_COLOR", "<p>APP_COLOR</p>", f"✗ A página na porta {{port}} ainda não mostra a sua mudança em {FILE}."),
    ],
)
def test_the_page_shows_the_edit(
    world: FakeWorld, page: FakePage, mine: Path, title: str, shown: str, sentence: str
) -> None:
    write(mine, title)
    page.text = shown
    world.engine.held.append(image("a", "w:2"))
    world.engine.running.append(container("w", ports=(page.port,)))
    verdict = run(world, "shows_edit", port=page.port, image="w:2", file=FILE)
    assert line(verdict) == sentence.format(port=page.port)


def test_a_page_that_does_not_answer_shows_nothing(world: FakeWorld, page: FakePage, mine: Path) -> None:
    world.engine.held.append(image("a", "w:2"))
    asked = {"port": page.port, "image": "w:2", "file": FILE}
    assert told(world, "shows_edit", **asked) == f"✗ Nenhum container de w:2 publica a porta {page.port}."


def test_all_is_put_back(world: FakeWorld, mine: Path) -> None:
    world.engine.held.append(image("a", "w:2"))
    world.engine.running.append(container("w", image="w:2"))
    write(mine, "Gostou?")
    assert told(world, "put_back", file=FILE, image="w:2") == "✗ Ainda existe: w."
    world.engine.running.clear()
    verdict = run(world, "put_back", file=FILE, image="w:2")
    assert line(verdict) == f"✗ {FILE} ainda tem a sua mudança."
    assert verdict.hint == f"python3 -m labs recover {FILE}"
    mine.unlink()
    assert told(world, "put_back", file=FILE, image="w:2") == f"✗ {FILE} ainda tem a sua mudança."
    write_back = (CLONE / "widget-server" / FILE).read_bytes()
    mine.write_bytes(write_back)
    done = told(world, "put_back", file=FILE, image="w:2")
    assert done == f"✓ {FILE} está como o curso o entrega, e nenhum container de w:2 ficou."

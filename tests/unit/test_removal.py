"""What the clean-up takes for the course's in the lab's own engine, and in one that is the learner's."""

from __future__ import annotations

import pytest

from labs.base.errors import EngineError
from labs.base.marks import TITLE_LABEL
from labs.ownership import inventory, removal
from labs.ownership.ledger import Ledger
from labs.seams import engine_api

from .fakes import FakeWorld, container, digest, image

APP = {TITLE_LABEL: "widget-server"}


@pytest.mark.parametrize("private", [True, False])
def test_an_image_of_the_app_is_the_courses_under_any_name_in_the_labs_own_engine(
    world: FakeWorld, private: bool
) -> None:
    """A name typed as the seed writes it (`aluno/…`), a build without a name, and what runs of them."""
    host = world.settings.private_engine if private else "unix:///var/run/docker.sock"
    own = FakeWorld(world.settings.with_changes(engine_host=host))
    own.engine.held += [image("a", "aluno/widget-server:estavel", labels=APP), image("b", labels=APP)]
    own.engine.held.append(image("c", "minha:1"))
    own.engine.running += [container("teste", digest("a")), container("outro", digest("c"))]
    found = [item.name for item in removal.engine_items(own, Ledger(own.settings))]
    gone = ["container teste", "imagem aluno/widget-server:estavel", f"imagem {digest('b')[:19]} (sem nome)"]
    assert found == (gone if private else [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (2_859_000, "Ficou o cache do construtor (2,9 MB), de todos os builds deste Docker. Para esvaziá-lo:"),
        (0, ""),
        (EngineError("Não.", "", ""), ""),
    ],
)
def test_the_builders_cache_is_named_with_the_command_that_empties_it(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, answer: int | EngineError, said: str
) -> None:
    def usage(_: str) -> int:
        if isinstance(answer, EngineError):
            raise answer
        return answer

    monkeypatch.setattr(engine_api, "builder_cache", usage)
    lines: list[str] = []
    removal.tell_of_the_builders_cache(world.settings, lines.append)
    assert lines == ([said, "  docker builder prune"] if said else [])


def test_what_the_classic_builder_made_on_the_way_is_the_builds_too(world: FakeWorld) -> None:
    world.engine.held += [
        image("a", "x:1", parent=digest("b")),
        image("b", parent=digest("c")),
        image("c", parent=digest("d")),
        image("d", "base:1"),
    ]
    found = [one.identity for one in inventory.built(world, digest("a"))]
    assert found == [digest("a"), digest("b"), digest("c")], "what has a name is somebody's"
    assert [one.identity for one in inventory.built(world, digest("e"))] == [digest("e")]

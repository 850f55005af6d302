"""The cards' scripts keep their rules: style (with functions of 40 lines), format, types, and what they compute.

The tools' own reports are the message.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.widgets.card import FOLDER, module_of

from . import tools

TOOLS = {
    "style": ("biome", "lint", "--error-on-warnings", *tools.CHECKED),
    "format": ("biome", "format", *tools.CHECKED),
    "types": ("tsc", "--project", "."),
}
CARDS = sorted(path.name for path in FOLDER.glob("*.js") if path.name not in ("common.js", "loader.js"))


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    try:
        tools.ensure()
    except tools.ToolsMissingError as error:
        pytest.fail(
            f"biome and tsc are missing; with a network: python3 -m labs test tests/javascript\n{error}", pytrace=False
        )


@pytest.mark.parametrize("name", TOOLS)
def test_the_scripts_keep_their_rules(name: str) -> None:
    answer = tools.tool(*TOOLS[name])
    assert answer.returncode == 0, f"{answer.stdout}\n(to format: .venv/bin/python -m tests.javascript --write)"


def test_every_script_asks_for_its_types() -> None:
    assert [path.name for path in FOLDER.glob("*.js") if not path.read_text("utf-8").startswith("// @ts-check\n")] == []


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_one_module_with_the_helpers(card: str, tmp_path: Path) -> None:
    """tsc sees the two files apart, the page as one: a name that both declare would stop every card of that kind."""
    script = tmp_path / "card.mjs"
    script.write_text(module_of(card), "utf-8")
    answer = tools.node("--check", str(script))
    assert answer.returncode == 0, answer.stdout


def test_what_the_scripts_compute() -> None:
    answer = tools.node("--test", "--test-reporter=spec", "unit.test.js")
    assert answer.returncode == 0, answer.stdout

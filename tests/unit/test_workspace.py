"""The learner's working copies follow the clone until the learner changes them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from labs.base.settings import Settings
from labs.sandbox import workspace

BASE = "labs/python-base:3"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clone = tmp_path / "clone"
    (clone / "widget-server" / "__pycache__").mkdir(parents=True)
    (clone / "notebooks").mkdir()
    (clone / "widget-server" / "Dockerfile").write_text("ARG BASE_IMAGE=python:3.13-slim\nFROM ${BASE_IMAGE}\n")
    (clone / "widget-server" / "app.py").write_text("version = 1\n")
    (clone / "widget-server" / "__pycache__" / "app.pyc").write_text("x")
    monkeypatch.setattr(workspace, "CLONE", clone)
    return clone / "widget-server"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def _copy(settings: Settings, name: str) -> Path:
    return settings.work / "widget-server" / name


def test_copies_all_but_caches_and_names_the_base_image(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    assert _copy(settings, "Dockerfile").read_text().startswith(f"ARG BASE_IMAGE={BASE}\n")
    assert not _copy(settings, "__pycache__").exists()


def test_an_untouched_file_follows_the_clone(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    (source / "app.py").write_text("version = 2\n")
    workspace.ensure(settings)
    assert _copy(settings, "app.py").read_text() == "version = 2\n"


def test_a_container_reads_its_files_whatever_the_umask(source: Path, settings: Settings) -> None:
    """A clone and an `up` with umask 077: the image's user, who is not root, needs every file and folder."""
    (source / "exemplos").mkdir()
    (source / "exemplos" / "iniciar.sh").write_text("#!/bin/sh\n")
    for path, mode in (("app.py", 0o600), ("exemplos/iniciar.sh", 0o700)):
        (source / path).chmod(mode)
    before = os.umask(0o077)
    try:
        workspace.ensure(settings)
    finally:
        os.umask(before)
    names = ("", "app.py", "exemplos", "exemplos/iniciar.sh")
    modes = {name: _copy(settings, name).stat().st_mode & 0o777 for name in names}
    assert modes == {"": 0o755, "app.py": 0o644, "exemplos": 0o755, "exemplos/iniciar.sh": 0o755}


def test_the_learners_change_is_never_overwritten(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    _copy(settings, "app.py").write_text("mine\n")
    (source / "app.py").write_text("version = 2\n")
    for _ in range(2):
        workspace.ensure(settings)
    assert _copy(settings, "app.py").read_text() == "mine\n"


def test_a_file_that_was_there_first_is_the_learners(source: Path, settings: Settings) -> None:
    _copy(settings, "app.py").parent.mkdir(parents=True)
    _copy(settings, "app.py").write_text("mine\n")
    for _ in range(2):
        workspace.ensure(settings)
        (source / "app.py").write_text("version = 2\n")
    assert _copy(settings, "app.py").read_text() == "mine\n"


def test_a_deleted_file_stays_deleted(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    _copy(settings, "app.py").unlink()
    workspace.ensure(settings)
    assert not _copy(settings, "app.py").exists()


def test_a_damaged_manifest_loses_no_file_of_the_learners(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    _copy(settings, "app.py").write_text("mine\n")
    (settings.sandbox / "workspace.json").write_text("[")
    workspace.ensure(settings)
    assert _copy(settings, "app.py").read_text() == "mine\n"


@pytest.fixture
def lesson(source: Path) -> Path:
    """A lesson of the clone."""
    path = source.parent / "notebooks" / "00-a.ipynb"
    _book(path, "Olá")
    return path


def _book(path: Path, text: str, output: str = "") -> None:
    told: dict[str, object] = {"cell_type": "markdown", "source": [text], "metadata": {}}
    code: dict[str, object] = {"cell_type": "code", "source": "lab.step()", "metadata": {}, "execution_count": None}
    path.write_text(json.dumps({"cells": [told, {**code, "outputs": [{"text": output}] if output else []}]}))


def test_a_lesson_that_was_only_opened_follows_the_clone(lesson: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    copy = settings.work / "notebooks" / lesson.name
    _book(copy, "Olá", "cartões")
    workspace.ensure(settings)
    assert json.loads(copy.read_text())["cells"][1]["outputs"], "nothing new, nothing written"
    _book(lesson, "Olá de novo")
    workspace.ensure(settings)
    assert "Olá de novo" in copy.read_text()
    _book(copy, "As minhas notas")
    _book(lesson, "Outra versão")
    workspace.ensure(settings)
    assert "As minhas notas" in copy.read_text()


def test_a_notebook_that_an_earlier_version_remembered_whole_follows_too(lesson: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    copy = settings.work / "notebooks" / lesson.name
    whole = hashlib.sha256(copy.read_bytes()).hexdigest()
    (settings.sandbox / "workspace.json").write_text(json.dumps({"notebooks/00-a.ipynb": whole}))
    _book(lesson, "Nova")
    workspace.ensure(settings)
    assert "Nova" in copy.read_text()


def test_a_slip_of_a_key_neither_deletes_nor_edits_a_lessons_cell(lesson: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    cells = json.loads((settings.work / "notebooks" / lesson.name).read_text())["cells"]
    assert [(cell["metadata"]["deletable"], cell["metadata"]["editable"]) for cell in cells] == [(False, False)] * 2


@pytest.mark.parametrize("damage", ["changed", "deleted", "no notebook any more"])
def test_a_lesson_comes_back_alone_and_what_was_there_is_kept(lesson: Path, settings: Settings, damage: str) -> None:
    workspace.ensure(settings)
    copy = settings.work / "notebooks" / lesson.name
    wanted = copy.read_bytes()
    if damage == "deleted":
        copy.unlink()
    elif damage == "changed":
        _book(copy, "Meu")
    else:
        copy.write_text("{")
    before = None if damage == "deleted" else copy.read_bytes()
    for number in (1, 2):
        kept = workspace.recover(settings, f"notebooks/{lesson.name}")
        assert copy.read_bytes() == wanted
        if before is not None:
            assert kept and kept.name == f"00-a.meu-{number}.ipynb" and kept.read_bytes() == before
            copy.write_bytes(before)
    _book(lesson, "Nova")
    workspace.recover(settings, f"notebooks/{lesson.name}")
    workspace.ensure(settings)
    assert "Nova" in copy.read_text(), "and follows the clone again"


def test_a_second_run_writes_nothing(source: Path, settings: Settings) -> None:
    workspace.ensure(settings)
    before = (settings.sandbox / "workspace.json").stat().st_mtime_ns
    workspace.ensure(settings)
    assert (settings.sandbox / "workspace.json").stat().st_mtime_ns == before


def test_a_lesson_starts_without_the_proofs_of_another_run(source: Path, settings: Settings) -> None:
    stored = {
        "cells": [
            {"cell_type": "markdown", "source": "Olá"},
            {"cell_type": "code", "source": "x", "execution_count": 3, "outputs": [{"text": "✓ Comprovado"}]},
        ]
    }
    (source.parent / "notebooks" / "a.ipynb").write_text(json.dumps(stored))
    workspace.ensure(settings)
    text = (settings.work / "notebooks" / "a.ipynb").read_text("utf-8")
    assert "Comprovado" not in text and "Olá" in text
    assert json.loads(text)["cells"][1]["outputs"] == []

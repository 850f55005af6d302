"""The base image: the same bytes from the same files, with any umask and at any time; pulled where it is not made."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from labs.base import apt
from labs.base.errors import EngineError, MissingDependency
from labs.base.settings import FALLBACK_BASE_IMAGE, Settings
from labs.sandbox import base_image
from labs.seams import engine_api
from labs.seams.architecture import of_this_machine


def _made(folder: Path, umask: int) -> str:
    before = os.umask(umask)
    try:
        (folder / "root" / "usr" / "bin").mkdir(parents=True)
        (folder / "root" / "etc").mkdir()
        (folder / "root" / "etc" / "passwd").write_text("root")
        program = folder / "root" / "usr" / "bin" / "pip"
        program.write_text("#!")
        program.chmod(0o777 & ~umask)
        base_image._write_tar(folder / "root", folder / "base.tar")
    finally:
        os.umask(before)
    return hashlib.sha256((folder / "base.tar").read_bytes()).hexdigest()


def test_a_umask_makes_no_other_image(tmp_path: Path) -> None:
    """A container's user, who is not root, reads what the image has."""
    folders = [tmp_path / name for name in ("open", "closed")]
    for folder in folders:
        folder.mkdir()
    assert _made(folders[0], 0o022) == _made(folders[1], 0o077)


@pytest.mark.parametrize(
    ("apt_here", "architecture", "said"),
    [
        (True, "other64", f"o engine é other64 e esta máquina é {of_this_machine()}"),
        (False, of_this_machine(), "este sistema não tem apt"),
    ],
)
def test_what_this_machine_cannot_make_for_the_engine_is_pulled(
    apt_here: bool, architecture: str, said: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def pull(_host: str, image: str) -> None:
        asked.append(image)
        raise EngineError("Não.", "no route", "")

    monkeypatch.setattr(apt, "has_apt", lambda: apt_here)
    for name, value in (("ping", ""), ("image_exists", False), ("architecture", architecture)):
        monkeypatch.setattr(engine_api, name, lambda *_, value=value: value)
    monkeypatch.setattr(engine_api, "pull", pull)
    with pytest.raises(MissingDependency, match=said):
        base_image.ensure(settings, lambda _: None)
    assert asked == [FALLBACK_BASE_IMAGE]

"""The base image's archive: the same bytes from the same files, with any umask and at any time."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from labs.sandbox import base_image


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

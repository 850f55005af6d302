"""Scripts of an environment start from any folder, as the system reads their first line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labs.machine import scripts

NAMES = ("Área de Trabalho", "simples", 'aspas" e $HOME', "longa-" * 20, "/".join(["muito-longa-" * 10] * 3))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_starts_from_a_folder_of_that_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = folder / "aws"
    script.write_text(f"#!{folder}/python\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o755)
    for other in ("compilado", "de-fora"):
        (folder / other).write_bytes(b"\x7fELF" if other == "compilado" else b"#!/bin/sh\n")
    expected = [] if name == "simples" and len(str(folder)) < 100 else ["aws"]
    assert scripts.mend(folder) == expected and scripts.mend(folder) == []
    done = subprocess.run([str(script), "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b']\n" and not done.stderr
    assert (folder / "de-fora").read_bytes() == b"#!/bin/sh\n"

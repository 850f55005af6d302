"""The pack: what it holds, whom it is for, and a start from it on a bare home without a way out."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base import apt
from labs.base.errors import MissingDependency, StateError
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.machine import pack, packing
from labs.sandbox import leftovers
from labs.seams.unix_http import request

NAMES = ("PIP_NO_INDEX", "PIP_FIND_LINKS", "LABS_CACHE", apt.CARRIED)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone's pack of two files, for this machine."""
    for name in NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    made = tmp_path / "pack"
    (made / "wheels").mkdir(parents=True)
    for name in ("a", "b"):
        (made / "wheels" / name).write_text(name)
    files = {f"wheels/{name}": pack.digest_of(made / "wheels" / name) for name in ("a", "b")}
    replace(pack.Contents.here(), files=files).write(made)
    monkeypatch.setattr(pack, "FOLDER", made)
    return made


def variables() -> dict[str, str]:
    return {name: os.environ[name] for name in NAMES if name in os.environ}


def test_everything_comes_from_the_pack(folder: Path) -> None:
    said: list[str] = []
    pack.use(said.append)
    pack.verify(said.append)
    wanted = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{folder}/wheels", "LABS_CACHE": f"{folder}/cache"}
    assert variables() == wanted | ({apt.CARRIED: f"{folder}/debs"} if pack.system() else {})
    assert said == ["Conferindo o pacote que veio com o kit (2 arquivos) …"]


def test_a_cache_that_was_chosen_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_CACHE", "/mine")
    pack.use(print)
    assert os.environ["LABS_CACHE"] == "/mine"


@pytest.mark.parametrize("change", [{"machine": "mips"}, {"python": "3.99"}])
def test_one_for_another_machine_is_left_out_and_said(folder: Path, change: dict[str, str]) -> None:
    replace(pack.contents(), **change).write(folder)  # type: ignore[arg-type]
    said: list[str] = []
    pack.use(said.append)
    assert variables() == {} and len(said) == 1
    assert next(iter(change.values())) in said[0] and "internet" in said[0]


def test_the_systems_packages_are_of_one_release(folder: Path) -> None:
    replace(pack.contents(), system="debian 1").write(folder)
    pack.use(print)
    assert apt.CARRIED not in os.environ and os.environ["PIP_NO_INDEX"] == "1"


def test_without_a_pack_nothing_changes(folder: Path) -> None:
    (folder / pack.LIST).unlink()
    said: list[str] = []
    pack.use(said.append)
    pack.verify(said.append)
    assert variables() == {} and said == []


@pytest.mark.parametrize(
    ("damage", "observed"),
    [
        (lambda folder: (folder / "wheels" / "a").write_text("A"), "wheels/a: o SHA-256"),
        (lambda folder: (folder / "wheels" / "b").unlink(), "wheels/b: No such file"),
        (lambda folder: (folder / pack.LIST).write_text("{"), pack.LIST),
        (lambda folder: (folder / pack.LIST).write_text("[]"), pack.LIST),
    ],
)
def test_a_damaged_pack_is_told_before_anything_is_installed(folder: Path, damage: object, observed: str) -> None:
    damage(folder)  # type: ignore[operator]
    with pytest.raises(StateError, match="danificado ou incompleto") as caught:
        pack.verify(lambda _: None)
    assert observed in caught.value.observed and "sha256sum -c" in caught.value.next_command


@pytest.mark.skipif(not apt.has_apt(), reason="apt's own")
def test_apt_takes_carried_packages_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debs = tmp_path / "minhas debs"
    for name, needs in (("labs-tem", ""), ("labs-precisa", "Depends: labs-tem\n")):
        control = tmp_path / name / "DEBIAN" / "control"
        control.parent.mkdir(parents=True)
        control.write_text(
            f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: n <n@example.com>\n{needs}Description: d\n"
        )
        debs.mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--build", tmp_path / name, debs / f"{name}_1.0_all.deb"], check=True)
    apt.write_index(debs)
    monkeypatch.setenv(apt.CARRIED, str(debs))
    with apt._carried() as options:
        asked = ["apt-get", "install", "--simulate", *options, "labs-precisa"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        assert re.findall(r"^Inst (\S+)", answer.stdout, re.MULTILINE) == ["labs-tem", "labs-precisa"]
        foreign = subprocess.run(["apt-get", "install", "-s", *options, "cowsay"], capture_output=True, check=False)
        assert foreign.returncode != 0, "no other source is asked"
    (debs / "quebrado_1_all.deb").write_text("no package")
    with pytest.raises(MissingDependency, match=re.escape("quebrado_1_all.deb")):
        apt.write_index(debs)


@pytest.fixture
def carried(lab_homes: Path) -> Iterator[Path]:
    """What a teacher's file unpacks to on another machine."""
    place = Path(tempfile.mkdtemp(prefix="pack-", dir=lab_homes))
    try:
        target = place / packing.default_name("1.0")
        told = packing.write(Settings(home=place / "teacher"), target, lambda _: None)
        subprocess.run(["sha256sum", "--check", told.name], cwd=place, check=True, capture_output=True)
        with tarfile.open(target) as tar:
            tar.extractall(place, filter="fully_trusted")
        yield place / packing.TOP
    finally:
        leftovers.sweep(Settings(home=place / "home" / "lab"))
        shutil.rmtree(place)


def hear_ctrl_c() -> None:
    """As in a terminal, also where the whole suite runs in the background, which ignores Ctrl-C (POSIX, 2.11)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not apt.has_apt(), reason="the pack of a system without apt has no registry")
def test_a_bare_home_starts_from_it_without_a_network(carried: Path) -> None:
    """In a lane without a way out; elsewhere the pack is still the only place where pip and uv look."""
    assert not (carried / ".git").exists() and not (carried / ".venv").exists()
    home = carried.parent / "home"
    home.mkdir()
    plain = {name: os.environ[name] for name in ("PATH", "LANG", "LABS_ENGINE") if name in os.environ}
    told = home / "start.txt"
    with told.open("wb") as output:
        start = subprocess.Popen(
            [sys._base_executable, "-m", "labs", "start", "--no-browser", "--port", "9730"],  # type: ignore[attr-defined]
            cwd=carried,
            env=plain | {"HOME": str(home), "LABS_HOME": str(home / "lab")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=hear_ctrl_c,
        )
    try:
        text = told.read_text

        def look() -> Look:
            return Look("JupyterLab pronto" in text("utf-8") or start.poll() is not None, text("utf-8"))

        until("o JupyterLab do pacote abrir", look, 400)
        found = re.search(r"JupyterLab pronto: (http://127\.0\.0\.1:\d+)/\S+token=(\S+)", text("utf-8"))
        assert found, text("utf-8")
        assert "Conferindo o pacote" in text("utf-8") and "Baixando" not in text("utf-8")
        headers = {"Authorization": f"token {found[2]}"}
        assert request(found[1], "GET", "/api/kernels", headers=headers, timeout=30).status == 200
        start.send_signal(signal.SIGINT)
        assert start.wait(90) == 0, text("utf-8")
    finally:
        if start.poll() is None:
            start.terminate()
            start.wait(90)


def test_the_kit_that_is_packed_is_this_one() -> None:
    """Whatever a clone gets at its top goes along, but for what each machine makes anew."""
    top = {path.name for path in CLONE.iterdir()} - set(packing.LEFT_OUT)
    assert {"labs", "notebooks", "widget-server", "requirements.txt", "README.md"} <= top

"""A lab without root: who gets it, what it needs, and how its namespace is found, entered and left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labs.base import namespaces, processes
from labs.base.errors import MissingDependency, SandboxError
from labs.base.settings import Settings
from labs.cli import main
from labs.machine import doctor, rootless
from labs.sandbox import engine_choice, network, parts

USER = str(os.geteuid() + 1000)


@pytest.fixture
def ordinary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ordinary user who has all that is needed; gives the folder with the user's ranges and devices."""
    monkeypatch.setattr(os, "geteuid", lambda: int(USER))
    monkeypatch.setattr(rootless, "_user", lambda: "ana")
    monkeypatch.setattr(rootless, "_found", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(engine_choice, "dockerd", lambda: "/usr/sbin/dockerd")
    monkeypatch.setattr(engine_choice, "learners_hosts", lambda: iter([engine_choice.Host("unix:///none")]))
    monkeypatch.delenv("LABS_ENGINE", raising=False)
    ranges = tmp_path / "subuid"
    ranges.write_text("root:1:2\nana:100000:65536\n")
    (tmp_path / "tun").touch()
    monkeypatch.setattr(rootless, "SUBIDS", (ranges,))
    monkeypatch.setattr(rootless, "TUN", tmp_path / "tun")
    return tmp_path


def test_who_has_no_engine_and_is_not_root_gets_one(ordinary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rootless.is_wanted()
    rootless.require()
    monkeypatch.setattr(engine_choice, "why_not", lambda _: "")
    assert not rootless.is_wanted(), "the learner's own engine serves"
    monkeypatch.setenv("LABS_ENGINE", "private")
    assert rootless.is_wanted()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not rootless.is_wanted()


def test_a_program_that_is_missing_is_told_with_its_package(ordinary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rootless, "_found", lambda program: None if program in ("newuidmap", "slirp4netns") else "/x")
    monkeypatch.setattr(engine_choice, "dockerd", lambda: None)
    with pytest.raises(MissingDependency, match="para ligar um sem ser root falta algo nesta máquina") as raised:
        rootless.require()
    assert raised.value.observed == "não estão no PATH: slirp4netns, newuidmap, dockerd"
    assert "slirp4netns uidmap docker.io && python3 -m labs start" in raised.value.next_command


@pytest.mark.parametrize(
    ("line", "enough"), [("ana:1:65535", False), (f"{USER}:1:65536", True), ("bia:1:70000", False)]
)
def test_a_user_needs_a_range_of_ids(line: str, enough: bool, ordinary: Path) -> None:
    (ordinary / "subuid").write_text(f"# nota\n{line}\n")
    if enough:
        rootless.require()
        return
    with pytest.raises(MissingDependency, match="sem ser root") as raised:
        rootless.require()
    assert "o usuário ana não tem uma faixa de 65536" in raised.value.observed
    assert raised.value.next_command.startswith("sudo usermod --add-subuids 100000-165535")


def test_a_tun_that_cannot_be_opened_is_told(ordinary: Path) -> None:
    (ordinary / "tun").unlink()
    with pytest.raises(MissingDependency, match="sem ser root") as raised:
        rootless.require()
    assert "não pode abri-lo" in raised.value.observed and "modprobe tun" in raised.value.next_command


def test_doctor_says_what_start_would_do(ordinary: Path, settings: Settings) -> None:
    assert "o start liga um do laboratório, sem root" in doctor._engine(settings)[1].observed
    (ordinary / "tun").unlink()
    found = doctor._engine(settings)[1]
    assert not found.ok and found.next_command


def test_only_a_namespace_that_is_alive_is_entered(ordinary: Path, settings: Settings) -> None:
    assert rootless.opened(settings) is None
    settings.run.mkdir()
    own = rootless.Namespace(os.getpid(), processes.start_of(os.getpid()), 8889)
    for text, found in (
        (json.dumps(own._asdict()), own),
        (json.dumps({**own._asdict(), "start": "x"}), None),
        ("{", None),
    ):
        (settings.run / "rootless.json").write_text(text)
        assert rootless.opened(settings) == found


def test_a_rootlesskit_that_ends_is_told_with_its_words(
    ordinary: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = ordinary / "rootlesskit"
    program.write_text("#!/bin/sh\necho 'write to uid_map failed' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ordinary}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(network, "port_is_free", lambda _: True)
    said: list[str] = []
    with pytest.raises(SandboxError, match="O rootlesskit não conseguiu abrir") as raised:
        rootless.open_one(settings, 8888, said.append)
    assert raised.value.observed == "write to uid_map failed" and "rootless.log" in raised.value.next_command
    assert said and rootless.opened(settings) is None


def test_the_verb_is_run_inside_with_jupyterlabs_port(
    ordinary: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    one = rootless.Namespace(1, "x", 8890)
    monkeypatch.setattr(rootless, "opened", lambda _: one)

    def run_inside(_settings: Settings, _one: rootless.Namespace, words: list[str]) -> int:
        ran.append(list(words))
        return 7

    monkeypatch.setattr(rootless, "run_inside", run_inside)
    monkeypatch.setattr(main, "_enter_environment", lambda *_: None)
    assert main.main(["start", "--no-browser"]) == 7 and main.main(["status"]) == 7
    assert ran == [["start", "--no-browser", "--port", "8890"], ["status"]]


def test_a_signal_reaches_the_command_past_who_entered(ordinary: Path) -> None:
    outer = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import time; time.sleep(60)']))"
    with subprocess.Popen([sys.executable, "-c", outer]) as process:
        try:
            while not rootless._children(process.pid):
                assert process.poll() is None
            with rootless._passed_on(process):
                os.kill(os.getpid(), 15)
                assert process.wait(20) != 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("told", "own"), [("0 0 4294967295", False), ("0 1001 1\n1 100000 65536", True), (None, False)]
)
def test_the_engine_knows_that_its_root_is_none_outside(
    told: str | None, own: bool, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "uid_map"
    if told is not None:
        path.write_text(told)
    monkeypatch.setattr(namespaces, "UID_MAP", path)
    part = parts.engine(settings, "bridge")
    assert ("--rootless" in part.argv) is own and ("ROOTLESSKIT_STATE_DIR" in part.env) is own

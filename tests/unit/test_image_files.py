"""The files of the lab's image against each other, and against what is said of them; `tests/image/` builds it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from labs.base import listening
from labs.base.errors import MissingDependency
from labs.base.settings import CLONE, FIRST_PORT, PORTS
from labs.develop import image

COMPOSE = (CLONE / "compose.yaml").read_text("utf-8")
DOCKERFILE = (image.FOLDER / "Dockerfile").read_text("utf-8")
TRUST = (CLONE / "docs" / "trust.md").read_text("utf-8")


def items(key: str) -> list[str]:
    """The entries of a list in compose.yaml."""
    found = re.search(rf"^ +{key}:\n((?: +- .*\n)+)", COMPOSE, re.MULTILINE)
    assert found, key
    return re.findall(r"- (.*)", found[1])


def test_every_right_is_told_in_the_trust_page() -> None:
    assert items("cap_add") == ["SYS_ADMIN", "NET_ADMIN"]
    for right in (*items("cap_add"), *(one.partition("=")[2] for one in items("security_opt"))):
        assert f"`{right}`" in TRUST or f"={right}`" in TRUST, right
    assert not re.search(r"privileged:|devices:|pid:|network_mode:|docker\.sock", COMPOSE)


def test_only_this_machine_reaches_it_and_nothing_of_the_host_is_mounted() -> None:
    assert all(one.startswith("127.0.0.1:") for one in items("ports"))
    course = f"{FIRST_PORT}-{FIRST_PORT + PORTS - 1}"
    assert f"127.0.0.1:${{LABS_COURSE_PORTS:-{course}}}:{course}" in items("ports")
    assert items("volumes") == ["state:/labs"]
    assert f"{listening.ADDRESS}: http://127.0.0.1:${{LABS_PORT:-8888}}/" in COMPOSE
    assert f"{listening.LISTEN}=0.0.0.0" in DOCKERFILE


def test_a_certificate_of_the_evening_bears_the_day_of_brazil() -> None:
    """The zones' rules come with Debian's python3, which needs tzdata; an empty TZ would be UTC."""
    assert "      TZ: ${TZ:-America/Sao_Paulo}\n" in COMPOSE and "python3" in image.packages()
    assert "zoneinfo" not in (image.FOLDER / "trim.sh").read_text("utf-8")


def test_the_profile_refuses_what_is_the_machines_and_is_no_gate_that_always_opens() -> None:
    profile = json.loads((image.FOLDER / "seccomp.json").read_text("utf-8"))
    refused = {name: rule for rule in profile["syscalls"] for name in rule["names"]}
    assert {rule["action"] for rule in refused.values()} == {"SCMP_ACT_ERRNO"}
    assert {"init_module", "kexec_load", "open_by_handle_at", "reboot", "io_uring_setup"} <= set(refused)
    assert refused["keyctl"]["errnoRet"] == 38, "runc goes on without keyrings only where there are none"
    assert not set(refused) & {"mount", "pivot_root", "unshare", "setns", "clone", "bpf"}, "the engine needs them"


@pytest.fixture
def first_day(tmp_path: Path) -> Path:
    """A first day in an archive, as deploy/hub/seed.sh leaves it."""
    for name in ("sandbox/engine/layer", "sandbox/hub/blob", "ledger.jsonl"):
        (tmp_path / "lived" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lived" / name).write_text(name)
    archive = tmp_path / "seed.tar"
    subprocess.run(
        ["tar", "-cf", archive, "-C", tmp_path / "lived", "sandbox/engine", "sandbox/hub", "ledger.jsonl"], check=True
    )
    return archive


def unpack(archive: Path, home: Path, path: str = "") -> int:
    """What entry.sh does with it; the exit code."""
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"]}
    return subprocess.run(["sh", image.FOLDER / "unpack.sh", archive, home], env=environment, check=False).returncode


def files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_a_first_day_is_unpacked_once(first_day: Path, tmp_path: Path) -> None:
    home = tmp_path / "labs"
    home.mkdir()
    assert unpack(tmp_path / "none.tar", home) == 0 and not list(home.iterdir()), "the image of one learner has none"
    assert unpack(first_day, home) == 0
    assert files(home) == ["ledger.jsonl", "sandbox/engine/layer", "sandbox/hub/blob"]
    assert sorted(path.name for path in home.iterdir()) == ["ledger.jsonl", "sandbox"]
    assert stat.S_IMODE((home / "sandbox").stat().st_mode) == 0o700
    (home / "ledger.jsonl").write_text("the learner's")
    assert unpack(first_day, home) == 0 and (home / "ledger.jsonl").read_text() == "the learner's"


@pytest.mark.parametrize("killed", ["tar", "mv"])
def test_who_is_killed_while_unpacking_leaves_nothing_that_counts_as_done(
    killed: str, first_day: Path, tmp_path: Path
) -> None:
    """In the middle of the archive, and between the two renames."""
    home, tools = tmp_path / "labs", tmp_path / "tools"
    for folder in (home, tools):
        folder.mkdir()
    real = shutil.which(killed)
    does = {
        "tar": f'{real} "$@" sandbox/engine; kill -9 $PPID',
        "mv": f'case "$2" in */sandbox) kill -9 $PPID;; *) {real} "$@";; esac',
    }
    (tools / killed).write_text(f"#!/bin/sh\n{does[killed]}\n")
    (tools / killed).chmod(0o700)
    assert unpack(first_day, home, str(tools)) == -9
    assert not (home / "sandbox").exists() and files(home)
    assert unpack(first_day, home) == 0
    assert files(home) == ["ledger.jsonl", "sandbox/engine/layer", "sandbox/hub/blob"]
    assert not (home / ".unpacking").exists()


def test_the_entry_unpacks_what_the_classs_image_brings() -> None:
    entry = (image.FOLDER / "entry.sh").read_text("utf-8")
    assert 'sh "${0%/*}/unpack.sh" /opt/seed.tar "$LABS_HOME"\n' in entry
    assert 'sh", "/opt/registry-labs/deploy/image/entry.sh' in DOCKERFILE, "by its path: the other lies beside it"


def test_the_base_is_pinned_and_of_the_debian_that_the_tests_build() -> None:
    assert re.search(rf"^ARG BASE=debian:{image.SUITE}-\d{{8}}-slim$", DOCKERFILE, re.MULTILINE)
    assert image.packages() == sorted(image.packages()) and "docker-buildx" in image.packages()


def test_the_dev_container_is_the_same_container() -> None:
    known = json.loads((CLONE / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert known["dockerComposeFile"] == "../compose.yaml" and known["service"] == "lab"
    assert known["overrideCommand"] is False and known["forwardPorts"][0] == 8888


def test_what_cannot_be_fetched_is_told() -> None:
    with pytest.raises(MissingDependency, match="Não consegui montar") as raised:
        image._run(["sh", "-c", "echo 'E: sem espelho' >&2; exit 1"], "Não consegui montar o Debian.")
    assert raised.value.observed == "E: sem espelho"
    with pytest.raises(MissingDependency, match="Não consegui montar") as raised:
        image._run(["labs-none"], "Não consegui montar o Debian.")
    assert "labs-none" in raised.value.next_command

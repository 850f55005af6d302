"""Damaged, cut-off, empty, missing and older state files; a clock that goes forth and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labs import sandbox
from labs.base import processes
from labs.base.errors import LabError, StateError
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.course.progress import Progress
from labs.sandbox import leftovers, supervised
from labs.seams.gateway_admin import GatewayAdmin

from .kit import Patient, tally

Damage = Callable[[bytes], bytes | None]
DAMAGES: dict[str, Damage] = {
    "garbage": lambda _: b"\x00\xff{[ \x80 not what was written",
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "missing": lambda _: None,
}
MADE_AGAIN = (
    *("workspace.json", "supervisor.json", "parts.json", "hub.yml", "ecr.yml", "engine.json", "gateway/events.jsonl"),
    *("gateway/journal.mended", "gateway/journal.damaged", "gateway/console.json"),
    *("gateway/key", "../secrets/registry-http"),
)
"""Files that the lab makes again by itself: all are damaged at once."""
PRECIOUS = (
    "settings.json",
    "docker/config.json",
    "aws/credentials",
    "aws/config",
    "progress.json",
    "secrets/hub-token",
)


def hurt(path: Path, damage: Damage) -> bytes:
    content = path.read_bytes() if path.exists() else b""
    worse = damage(content)
    if worse is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(worse)
    return content


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_can_be_made_again_is(patient: Patient, damage: str) -> None:
    before = patient.census()
    sandbox.down(patient.settings, lambda _: None)
    for name in MADE_AGAIN:
        hurt(patient.settings.sandbox / name, DAMAGES[damage])
        tally.add(f"state file: {damage}")
    sandbox.up(Settings(home=patient.settings.home), lambda _: None)
    lasting = {kind: held for kind, held in before.items() if kind != "containers"}  # `down` stops them
    patient.assert_nothing_lost(lasting, patient.census())


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PRECIOUS)
def test_a_precious_file_is_told_or_mended(patient: Patient, name: str, damage: str) -> None:
    """`up` works, or names the file and the command after which it works; the learner's own words are kept aside."""
    settings, path = patient.settings, patient.settings.home / name
    before = patient.census()
    content = hurt(path, DAMAGES[damage])
    tally.add(f"state file: {damage}")
    try:
        try:
            sandbox.up(Settings(home=settings.home), lambda _: None)
        except LabError as error:
            assert str(path) in f"{error.observed} {error.next_command}", error
            patient.shell(error.next_command)
            sandbox.up(Settings(home=settings.home), lambda _: None)
        Progress(settings).all()
        Settings.load(settings.home)
    finally:
        if name == "settings.json":  # the ports may be others now
            sandbox.down(Settings(home=settings.home), lambda _: None)
        path.write_bytes(content)
        path.chmod(0o600)
        sandbox.up(Settings(home=settings.home), lambda _: None)
        (settings.home / f"{name}.danificado").unlink(missing_ok=True)
    patient.shell("docker start $(docker ps -aq)")
    patient.assert_nothing_lost(before, patient.census())


def test_a_journal_with_a_damaged_line_loses_that_line_alone(patient: Patient) -> None:
    before = patient.census()
    for name in ("first", "second"):
        patient.shell(f"aws iam create-user --user-name journal-{name} --profile console", check=True)
    journal = patient.settings.sandbox / "gateway" / "journal.jsonl"
    pid = leftovers.read_state(patient.settings).parts["gateway"].pid
    lines = journal.read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b"journal-first" in line)
    lines[at] = lines[at][:20] + b"\xff\x00" + lines[at][25:]
    sandbox.down(patient.settings, lambda _: None)
    journal.write_bytes(b"".join(lines))
    sandbox.up(Settings(home=patient.settings.home), lambda _: None)
    tally.add("state file: a damaged journal line")
    after = patient.census()
    patient.assert_nothing_lost({kind: held for kind, held in before.items() if kind != "containers"}, after)
    assert "journal-second" in after["users"] and "journal-first" not in after["users"]
    assert b"\xff\x00" in journal.with_suffix(".damaged").read_bytes()
    assert pid != leftovers.read_state(patient.settings).parts["gateway"].pid


def test_a_journal_of_another_version_is_read_as_far_as_it_goes(patient: Patient) -> None:
    before = patient.census()
    journal = patient.settings.sandbox / "gateway" / "journal.jsonl"
    sandbox.down(patient.settings, lambda _: None)
    with journal.open("ab") as file:
        for entry in (
            {"kind": "from-the-future", "time": 1.0},
            {"kind": "image"},
            {"kind": "sso", "time": 1, "what": "x"},
        ):
            file.write(json.dumps(entry).encode() + b"\n")
    sandbox.up(Settings(home=patient.settings.home), lambda _: None)
    tally.add("state file: another version")
    patient.assert_nothing_lost({kind: held for kind, held in before.items() if kind != "containers"}, patient.census())


def test_an_older_progress_file_is_read(tmp_path: Path) -> None:
    record = {"passed": True, "observed": "x", "at": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "progress.json").write_text(json.dumps({"steps": {"a/b": record}}))
    assert Progress(Settings(home=tmp_path)).all()["a/b"].tries == 1
    tally.add("state file: older")


def test_older_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"ports": {"hub": 1, "ecr": 2, "aws": 3}}')
    assert Settings.load(tmp_path).ports.ecr == 2
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(StateError):
        Settings.load(tmp_path)
    tally.add("state file: older")


@pytest.mark.parametrize("hours", [13, -13, 24 * 365, -24 * 365])
def test_the_lab_s_clock_goes_forth_and_back(patient: Patient, hours: int) -> None:
    before, admin = patient.census(), GatewayAdmin(patient.settings)
    try:
        admin.set_clock(hours * 3600)
        tally.add("clock moved")
        patient.assert_nothing_lost(before, patient.census())
        patient.kill("gateway")
        until("o laboratório voltar", patient.healthy, 60)
        patient.assert_nothing_lost(before, patient.census())
    finally:
        admin.set_clock(0)
    patient.assert_nothing_lost(before, patient.census())


WRONG_CLOCK = """
import asyncio, sys, time
real, offset = time.time, float(sys.argv[1])
time.time = lambda: real() + offset
from labs.sandbox.gateway.app import serve
from labs.base.settings import Settings
asyncio.run(serve(Settings.load()))
"""


@pytest.mark.parametrize("days", [400, -400])
def test_a_machine_s_clock_that_was_wrong(patient: Patient, days: int) -> None:
    """The gateway lives for a while with another time, writes its journal with it, and comes back to the right one."""
    settings, before = patient.settings, patient.census()
    sandbox.down(settings, lambda _: None)
    environment = {"LABS_HOME": str(settings.home), "PYTHONPATH": str(CLONE), "PATH": os.defpath}
    registries = [_registry(settings, name) for name in ("hub", "ecr")]
    gateway = subprocess.Popen([sys.executable, "-c", WRONG_CLOCK, str(days * 86400)], env=environment)
    try:
        until("o gateway responder", lambda: Look(GatewayAdmin(settings).health()), 30)
        GatewayAdmin(settings).hub_limits(None)
        tally.add("machine's clock wrong")
    finally:
        for process in (gateway, *registries):
            process.kill()
            process.wait(10)
    sandbox.up(Settings(home=settings.home), lambda _: None)
    patient.assert_nothing_lost({kind: held for kind, held in before.items() if kind != "containers"}, patient.census())


def _registry(settings: Settings, name: str) -> subprocess.Popen[bytes]:
    part = next(part for part in supervised.read_plan(str(settings.sandbox / "parts.json")) if part.name == name)
    for stale in part.stale:
        Path(stale).unlink(missing_ok=True)
    return subprocess.Popen(part.argv, env=part.env, stderr=subprocess.DEVNULL)


def test_the_supervisor_bears_a_clock_that_jumps() -> None:
    """It tells a quick death by the machine's steady clock, not by the one that a person sets."""
    from labs.sandbox.supervised import Part
    from labs.sandbox.supervisor import RunningPart

    part = RunningPart(Part("x", ("/nonexistent",), {}, os.devnull, "", "", grace=1))
    real = processes.clock

    def jumped(by: int) -> Callable[[], float]:
        return lambda: real() + by

    try:
        for jump in (-(10**6), 10**6):
            part.launch()
            processes.clock = jumped(jump)
            part.launch()
    finally:
        processes.clock = real
    assert part.quick_deaths >= 3, part.quick_deaths
    tally.add("clock moved")

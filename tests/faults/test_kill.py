"""`kill -9` of each part before, during and after each kind of step, by pairs; a restart of the whole machine."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from labs.base import processes
from labs.base.wait import Look, until
from labs.sandbox import leftovers

from .kit import MOMENTS, STEPS, Patient, Recovery, assert_goes_on, tally
from .pairs import matrix

PARTS = ("engine", "hub", "ecr", "gateway", "supervisor")


@pytest.mark.parametrize(("name", "part", "moment"), matrix(tuple(STEPS), PARTS, MOMENTS))
def test_nothing_acknowledged_is_lost(patient: Patient, name: str, part: str, moment: str) -> None:
    step = patient.prepared(STEPS[name])
    before = patient.census()
    if moment == "before":
        recovery = patient.struck(part)
        error = patient.attempt(step.command)
    elif moment == "during":
        error, recovery = patient.attempt_and_kill(step, part)
    else:
        error = patient.attempt(step.command)
        assert error is None, error
        recovery = patient.struck(part)
    tally.add(f"kill {part}", recovery.seconds())
    after = patient.census()
    patient.assert_nothing_lost(before, after)
    if error is None:
        assert step.key in after[step.kind], f"acknowledged and not there: {step.key}"
    assert_goes_on(patient, step)
    patient.assert_planes_agree(patient.census())


def _gone(pid: int, start: str) -> Look:
    return Look(not processes.is_alive(pid, start))


def test_a_machine_restart(patient: Patient) -> None:
    """Every process of the lab ends at once, and with them the containers; then `up`."""
    before = patient.census()
    alive = leftovers.our_processes(patient.settings)
    for pid in sorted(alive):
        os.kill(pid, signal.SIGKILL)
    for pid, start in alive.items():
        until("morrer", partial(_gone, pid, start), 10)
    tally.add("machine restart", Recovery(patient).seconds())
    after = patient.census()
    patient.assert_nothing_lost({kind: held for kind, held in before.items() if kind != "containers"}, after)
    patient.assert_planes_agree(after)
    patient.shell("docker start $(docker ps -aq)", check=True)
    patient.assert_nothing_lost({"containers": before["containers"]}, patient.census())

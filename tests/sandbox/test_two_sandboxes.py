"""Two labs side by side share nothing; and an engine that is the learner's own is used, never stopped or emptied."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from labs import sandbox
from labs.base.settings import Settings
from labs.sandbox import leftovers

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_second_lab_has_its_own_everything(lab: Settings, new_home: Callable[..., Settings]) -> None:
    other = sandbox.up(new_home("two"), lambda _: None)
    ports = {lab.ports.hub, lab.ports.ecr, lab.ports.aws, other.ports.hub, other.ports.ecr, other.ports.aws}
    assert len(ports) == 6
    assert other.has_private_engine and other.engine_host != lab.engine_host
    assert not set(leftovers.our_processes(lab)) & set(leftovers.our_processes(other))

    before = sandbox.status(lab)["parts"]
    sandbox.down(other, lambda _: None)
    after = sandbox.status(lab)
    assert after["healthy"]
    assert {name: part["pid"] for name, part in after["parts"].items()} == {n: p["pid"] for n, p in before.items()}


def test_the_learners_own_engine_is_never_stopped_or_emptied(
    lab: Settings, new_home: Callable[..., Settings], docker_cli: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shared lab's engine plays the learner's own: it answers at DOCKER_HOST, and it is not the new lab's."""
    name = docker_cli("run -d labs/python-base:3 sleep 1000").stdout.strip()
    try:
        monkeypatch.delenv("LABS_ENGINE")
        monkeypatch.setenv("DOCKER_HOST", lab.engine_host)
        guest = sandbox.up(new_home("own"), lambda _: None)
        assert guest.engine_host == lab.engine_host and not guest.has_private_engine
        assert set(sandbox.status(guest)["parts"]) == {"gateway", "hub", "ecr"}

        sandbox.down(guest, lambda _: None)
        sandbox.reset(guest, lambda _: None)
        assert docker_cli("ps -q --no-trunc").stdout.split() == [name]
        assert docker_cli("image inspect labs/python-base:3").returncode == 0
        assert sandbox.status(lab)["healthy"]
    finally:
        docker_cli(f"rm -f {name}")

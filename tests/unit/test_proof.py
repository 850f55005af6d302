"""An engine that answers and in which no container runs: each cause in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from labs.base.errors import EngineError
from labs.base.marks import PROOF_LABEL
from labs.base.settings import Settings
from labs.machine import doctor
from labs.sandbox import base_image, leftovers, proof, reach
from labs.seams import engine_api

RUNC = "HTTP 400 em POST /containers/0/start: OCI runtime create failed: "


class Engine:
    """As much of an engine as is asked; `refuses` is what it says of the start."""

    def __init__(self) -> None:
        self.refuses, self.code = "", proof.CODE
        self.asked: list[str] = []
        self.wanted: dict[str, Any] = {}

    def create(self, _host: str, name: str, wanted: dict[str, Any]) -> str:
        self.asked.append("create")
        self.wanted = wanted
        return name

    def start(self, *_: str) -> None:
        self.asked.append("start")
        if self.refuses:
            raise EngineError("O engine Docker recusou o pedido.", self.refuses)

    def remove(self, *_: str) -> None:
        self.asked.append("remove")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(engine_api, "create_container", made.create)
    monkeypatch.setattr(engine_api, "start_container", made.start)
    monkeypatch.setattr(engine_api, "remove_container", made.remove)

    class Ended:
        def json(self) -> dict[str, int]:
            return {"StatusCode": made.code}

    monkeypatch.setattr(engine_api, "_call", lambda *_, **__: Ended())
    monkeypatch.setattr(base_image, "present", lambda _: "labs/python-base:3")
    return made


def test_one_container_runs_to_its_end_and_nothing_of_it_stays(settings: Settings, engine: Engine) -> None:
    proof.require(settings, "labs/python-base:3")
    assert engine.asked == ["create", "start", "remove"]
    assert engine.wanted["Image"] == "labs/python-base:3" and PROOF_LABEL in engine.wanted["Labels"]
    assert proof.why_not(settings) is None


@pytest.mark.parametrize(
    ("said", "means", "following"),
    [
        ("mkdir /sys/fs/cgroup/cpuset/docker: read-only file system", "grupos de controle", "docker compose up"),
        ("mkdir /sys/fs/cgroup/cpuset/docker: permission denied", "grupos de controle", "docker compose up"),
        ("Devices cgroup isn't mounted", "grupos de controle", "docker compose up"),
        ("unable to join session keyring: operation not permitted", "perfil de seccomp", "docker compose up"),
        ("failed to configure ipv6: failed to disable IPv6 on eth0", "/proc/sys", "docker compose up"),
        ("exec /usr/bin/python3: exec format error", "outro processador", "docker rmi -f labs/python-base:3"),
        ("failed to add interface veth0 to sandbox: no such device", "rede do container", "labs down"),
        ('error mounting "proc" to rootfs: operation not permitted', "os direitos que um container", "compose"),
        ("write /labs/x: no space left on device", "o disco está cheio", "df -h"),
        ("POST /containers/0/wait: timed out", "não terminou em 60 s", "labs down"),
        ("something that nobody knows", "nenhum container roda nele.", "docker run --rm labs/python-base:3 true"),
    ],
)
def test_each_cause_has_its_own_words(
    said: str, means: str, following: str, settings: Settings, engine: Engine
) -> None:
    engine.refuses = RUNC + said
    with pytest.raises(EngineError, match="O engine responde, mas nenhum container roda nele") as raised:
        proof.require(settings, "labs/python-base:3")
    assert means in raised.value.what and following in raised.value.next_command
    assert said in raised.value.observed, "what the engine said stays"
    assert engine.asked[-1] == "remove"


def test_a_python_that_does_not_run_is_told(settings: Settings, engine: Engine) -> None:
    engine.code = 127
    with pytest.raises(EngineError, match="o Python dele não funcionou") as raised:
        proof.require(settings, "labs/python-base:3")
    assert raised.value.observed == "código 127, e devia ser 42"


def test_an_engine_without_the_base_image_is_told(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_image, "present", lambda _: "")
    error = proof.why_not(settings)
    assert error is not None and "não tem a imagem base" in error.what


def test_doctor_tells_both_of_a_lab_that_is_up(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "supervisor_alive", lambda _: True)
    monkeypatch.setattr(reach, "why_not", lambda _: "connection refused")
    assert [item.ok for item in (*doctor._container(settings), *doctor._reach(settings))] == [True, False]
    engine.refuses = RUNC + "unable to join session keyring: operation not permitted"
    (found,) = doctor._container(settings)
    assert not found.ok and "perfil de seccomp" in found.observed and found.next_command == proof.AS_IMAGE
    monkeypatch.setattr(leftovers, "supervisor_alive", lambda _: False)
    assert doctor._container(settings) == [] and doctor._reach(settings) == []

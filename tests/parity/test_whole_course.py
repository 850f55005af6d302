"""The whole course, headless, on the state that typing it left, and its images read by a client that is not ours."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from labs import sandbox
from labs.base.settings import Settings
from labs.running import residue
from labs.sandbox import real_names
from labs.seams.world import World
from tests.courses import PATHS, Typist, run

STEPS = {f"{lesson.id}/{step.id}" for lesson, step in PATHS}


def skopeo(settings: Settings, reference: str) -> dict[str, Any]:
    """What skopeo reads of an image, with the logins that the lab's Docker keeps."""
    answer = subprocess.run(
        [
            *("skopeo", "inspect", "--authfile", str(settings.docker_config / "config.json")),
            *(f"--tls-verify={str(bool(settings.names_proxy)).lower()}", f"docker://{reference}"),
        ],
        env={**os.environ, **real_names.environment(settings)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_what_was_typed_passes_again_by_button_on_the_same_state_and_nothing_stays(typist: Typist) -> None:
    typist.result(*PATHS[-1])
    rows = run(typist.settings)
    assert {f"{row['lesson']}/{row['step']}" for row in rows} == STEPS
    assert all(row["passed"] for row in rows)
    assert residue.names(World(Settings.load(typist.settings.home))) == []


def test_it_starts_the_lab_where_nothing_runs(new_lab: Settings) -> None:
    sandbox.down(new_lab, lambda _: None)
    assert all(row["passed"] for row in run(new_lab, "00"))


def test_a_later_lesson_makes_what_it_needs_and_skopeo_reads_both_registries(new_lab: Settings) -> None:
    rows = run(new_lab, "04", "07")
    digests = {f"{row['lesson']}/{row['step']}": row["evidence"].get("digest") for row in rows}
    hub = skopeo(new_lab, f"{new_lab.hub_registry}/{new_lab.hub_user}/widget-server:v1")
    ecr = skopeo(new_lab, f"{new_lab.ecr_registry}/widget-server:v1")
    assert hub["Digest"] == digests["04-push-docker-hub/push-v1"]
    assert ecr["Digest"] == digests["07-push-ecr/push-ecr"]
    assert hub["Labels"]["org.opencontainers.image.title"] == "widget-server"
    assert len(hub["Layers"]) > 3

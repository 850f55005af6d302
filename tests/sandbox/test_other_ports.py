"""A machine on which port 3000 is somebody else's: the course on other ports, with real containers."""

from __future__ import annotations

import socket

from labs.base.settings import Settings
from labs.running.runner import Runner

FIRST = 3100


def test_the_courses_containers_answer_on_the_ports_that_were_chosen(new_lab: Settings) -> None:
    settings = new_lab.with_changes(first_port=FIRST).save()
    runner = Runner(settings)
    with socket.create_server(("127.0.0.1", 3000)):
        for lesson, step in (
            ("02-build", "build-v1"),
            ("02-build", "run-v1"),
            ("08-envs", "edit-dockerfile"),
            ("08-envs", "build-v2"),
            ("08-envs", "run-homologacao"),
            ("10-clinica-de-erros", "porta-ocupada"),
        ):
            outcome = runner.run(lesson, step)
            assert outcome.verdict.passed, (step, outcome.verdict)
    ports = {container.name: container.ports for container in runner.world.engine.containers()}
    assert ports["widget-v1"] == (FIRST,) and ports["homologacao"] == (FIRST + 1,)
    assert ports["clinica-esquecido"] == (FIRST + 5,)

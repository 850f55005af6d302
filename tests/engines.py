"""A Docker engine that is not the lab's: the learner's own, as a test stands it up."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.sandbox import leftovers, network, parts
from labs.seams import engine_api


@contextlib.contextmanager
def own_engine(
    home: Path, extra: Mapping[str, str] | None = None, programs: Path | None = None, containerd_store: bool = False
) -> Iterator[str]:
    """Run a `dockerd` with all its files below `home`; gives its `DOCKER_HOST`. Nothing of it stays afterwards.

    Args:
        extra: variables that the engine gets, such as a proxy and certificates.
        programs: folder with another Docker than the system's, as `labs/develop/engines.py` makes it.
        containerd_store: images lie in containerd's store, as in a new Engine 29
            (docs.docker.com/engine/storage/containerd).
    """
    settings = Settings(home=home)
    for folder in (settings.run, settings.sandbox / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    host = settings.private_engine
    try:
        part = parts.engine(settings, network.ensure_bridge(settings))
        argv, environment = part.argv, part.env | dict(extra or {})
        if programs:
            argv = (str(programs / "dockerd"), *argv[1:])
            environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
        if containerd_store:
            (settings.sandbox / "engine.json").write_text('{"features": {"containerd-snapshotter": true}}')
        with (
            Path(part.log).open("ab") as log,
            subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
        ):
            try:
                until("a engine de teste responder", lambda: _look(host, process), 60)
                yield host
            finally:
                with contextlib.suppress(Exception):
                    engine_api.stop_containers(host)
                # A network's bridge is the machine's, and outlives its engine.
                prune = ["docker", "--host", host, "network", "prune", "--force"]
                subprocess.run(prune, capture_output=True, timeout=30, check=False)
                process.terminate()
                process.wait(30)
    finally:
        leftovers.sweep(settings)
        leftovers.remove_tree(home)


def _look(host: str, process: subprocess.Popen[bytes]) -> Look:
    return Look(not engine_api.ping(host), f"{engine_api.ping(host)}; código {process.poll()}")

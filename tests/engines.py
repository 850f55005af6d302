"""A Docker engine that is not the lab's: the learner's own, as a test stands it up."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.develop.testing import OWN_NETWORK
from labs.sandbox import leftovers, network, parts
from labs.sandbox.supervised import Part
from labs.seams import engine_api


@contextlib.contextmanager
def own_engine(
    home: Path,
    extra: Mapping[str, str] | None = None,
    programs: Path | None = None,
    containerd_store: bool = False,
    own_loopback: bool = False,
    ip: str = "",
    maps_users: bool = False,
) -> Iterator[str]:
    """Run a `dockerd` with all its files below `home`; gives its `DOCKER_HOST`. Nothing of it stays afterwards.

    Args:
        extra: variables that the engine gets, such as a proxy and certificates.
        programs: folder with another Docker than the system's, as `labs/develop/engines.py` makes it.
        containerd_store: images lie in containerd's store, as in a new Engine 29
            (docs.docker.com/engine/storage/containerd).
        own_loopback: it runs in a network namespace of its own, as in Docker Desktop's VM: nothing of this machine's
            loopback is on its own.
        ip: the address on which it publishes ports, in the place of loopback.
        maps_users: root of its containers is nobody on this machine (docs.docker.com/engine/security/userns-remap).
    """
    settings = Settings(home=home)
    for folder in (settings.run, settings.sandbox / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    host = settings.private_engine
    try:
        part = _changed(parts.engine(settings, network.ensure_bridge(settings)), programs, ip)
        if containerd_store:
            (settings.sandbox / "engine.json").write_text('{"features": {"containerd-snapshotter": true}}')
        argv = (*(_apart(settings) if own_loopback else ()), *part.argv)
        if maps_users:
            argv = (*_with_ids(settings), *argv, "--userns-remap=daemon")
        environment = part.env | dict(extra or {})
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


def _apart(settings: Settings) -> list[str]:
    """A command that runs another in a network of its own, in which the engine's bridge is."""
    name = network.bridge_name(settings)
    network.remove_bridge(settings)
    (settings.run / "exec").mkdir(
        exist_ok=True
    )  # the engine's folder for temporary files, which the script needs before
    made = f'ip link add {name} type bridge; ip addr add 172.31.255.1/24 dev {name}; ip link set {name} up; exec "$@"'
    return ["unshare", "--net", "--mount", "sh", "-ec", OWN_NETWORK, "sh", "sh", "-ec", made, "sh"]


def _with_ids(settings: Settings) -> list[str]:
    """A command that runs another with a range of ids for `daemon`, which this machine's own files need not have."""
    ids = settings.run / "subids"
    ids.write_text("daemon:100000:65536\n")
    bound = " && ".join(f"mount --bind {ids} {one}" for one in ("/etc/subuid", "/etc/subgid"))
    return ["unshare", "--mount", "sh", "-ec", f'{bound}; exec "$@"', "sh"]


def _changed(part: Part, programs: Path | None, ip: str) -> Part:
    """The plan of the lab's own engine with other programs, and another address to publish on."""
    argv, environment = part.argv, dict(part.env)
    if programs:
        argv = (str(programs / "dockerd"), *argv[1:])
        environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    if ip:
        argv = tuple(ip if word == "127.0.0.1" else word for word in argv)
    return part._replace(argv=argv, env=environment)


def _look(host: str, process: subprocess.Popen[bytes]) -> Look:
    return Look(not engine_api.ping(host), f"{engine_api.ping(host)}; código {process.poll()}")

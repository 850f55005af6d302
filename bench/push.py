"""A push through the gateway against the same push to the bare registry behind it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.sandbox import registry_program

MEGABYTES = 60


def gateway_against_bare(settings: Settings, runs: int) -> list[tuple[str, str, str]]:
    """Rows of the table. Each round pushes two fresh images with a random layer, one each way, in turns."""
    environment = {**os.environ, **settings.environment()}
    through: list[float] = []
    bare: list[float] = []
    with _bare_registry(settings) as address:
        subprocess.run(
            'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
            shell=True,
            env=environment,
            check=True,
            capture_output=True,
        )
        for number in range(runs):
            pairs = [
                (f"{settings.hub_registry}/{settings.hub_user}/bench:{number}", through),
                (f"{address}/bench:{number}", bare),
            ]
            for reference, into in pairs if number % 2 else reversed(pairs):
                _random_image(reference, environment)
                started = time.perf_counter()
                subprocess.run(["docker", "push", reference], env=environment, check=True, capture_output=True)
                into.append(time.perf_counter() - started)
                subprocess.run(["docker", "rmi", reference], env=environment, check=True, capture_output=True)
    ratio = statistics.median(one / other for one, other in zip(through, bare, strict=True))
    text = f"{ratio:.2f} × ({statistics.median(through):.2f} s against {statistics.median(bare):.2f} s)"
    return [(f"push of a {MEGABYTES} MB layer through the gateway against the bare registry", text, "≤ 1.1 ×")]


def _random_image(reference: str, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="labs-bench-") as folder:
        Path(folder, "blob").write_bytes(os.urandom(MEGABYTES * 2**20))
        tar = subprocess.Popen(["tar", "-C", folder, "-c", "blob"], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", "import", "-", reference], stdin=tar.stdout, env=environment, check=True, capture_output=True
        )
        tar.wait()


@contextlib.contextmanager
def _bare_registry(settings: Settings) -> Iterator[str]:
    """The same registry program with the same configuration but for its address and store."""
    with tempfile.TemporaryDirectory(prefix="labs-bench-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = json.loads((settings.sandbox / "hub.yml").read_text("utf-8"))
        config["storage"]["filesystem"]["rootdirectory"] = folder
        config["http"] |= {"net": "tcp", "addr": f"127.0.0.1:{port}"}
        path = Path(folder, "config.yml")
        path.write_text(json.dumps(config), "utf-8")
        program = registry_program.registry_program(settings, lambda _: None)
        process = subprocess.Popen(
            [str(program), "serve", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until("o registry responder", lambda: _listens(port), 10)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> Look:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return Look(True)
    return Look(False, "connection refused")
